"""`gatepass policy`: what operator and organizations demand of the people who log in."""

from typing import Any

import click

from gatepass.command_group import CommandGroup, example
from gatepass.server.cli.completion import ids
from gatepass.server.cli.operations.opening import changing_options, opened, reading_options
from gatepass.server.cli.terminal import options, printing
from gatepass.server.domain.organizations.policies.fields import FIELDS, OPEN, PolicyField

_ORGANIZATION = "The policy of this organization. [default: the operator's, which holds for all]"


def _name(field: PolicyField) -> str:
    return field.name.replace("_", "-")


@click.group(cls=CommandGroup, epilog=example("gatepass policy show"))
def policy() -> None:
    """Show and set what is demanded of the people who log in to the portal.

    The operator's policy holds for all organizations. Each organization can be stricter, on its
    page Policies or by these commands; for each field the stricter value is in force, at once.
    """


@policy.command(
    epilog=example("gatepass policy show", "gatepass policy show --organization ORG_ID --json")
)
@click.option("--organization", "org_id", shell_complete=ids.organizations, help=_ORGANIZATION)
@reading_options
def show(org_id: str | None, target: options.Target, *, is_json: bool) -> None:
    """Show each field: what the operator states, what an organization does, what is in force.

    Limits of sessions are in seconds with --json; those of the settings count as the operator's.
    """
    with opened(target) as operations:
        if org_id:
            found = operations.perform("policy.show", {"org_id": org_id}).result
        else:
            found = operations.perform("policy.show_operator", {}).result
    rows = [_row(field, found, is_json=is_json) for field in FIELDS]
    printing.show_list(rows, "", is_json=is_json)


@policy.command(
    "set",
    epilog=example(
        "gatepass policy set session-idle 15m",
        "gatepass policy set second-factor required --organization ORG_ID",
        f"gatepass policy set session-idle {OPEN}",
    ),
)
@click.argument("field", type=click.Choice([*map(_name, FIELDS)]))
@click.argument("value")
@click.option("--organization", "org_id", shell_complete=ids.organizations, help=_ORGANIZATION)
@changing_options
@options.as_json
def set_(
    field: str, value: str, org_id: str | None, target: options.Target, *, is_json: bool
) -> None:
    """Set one field; it is in force at once.

    A limit is a number with its unit (15m, 8h); other fields have a few values, which an unknown
    one lists. The value "default" leaves the field open. A value that is looser than what holds
    already is refused.
    """
    known = next(each for each in FIELDS if _name(each) == field)
    with opened(target) as operations:
        parsed: dict[str, object] = {known.name: known.parse(value)}
        if org_id:
            changed = {"org_id": org_id, **parsed}
            found = operations.perform("policy.change", changed).result
        else:
            found = operations.perform("policy.change_operator", parsed).result
    if is_json:
        printing.show(_row(known, found, is_json=True), is_json=True)
        return
    environment = operations.environment_name
    whose = "the people of the organization" if org_id else f"everybody in {environment}"
    in_force = known.text(found["in_force"][known.name])
    click.echo(f"{_name(known)} is {in_force} for {whose}, at once.")


def _row(field: PolicyField, found: dict[str, Any], *, is_json: bool) -> dict[str, object]:
    values = {
        name: found[name][field.name]
        for name in ("operator", "organization", "in_force")
        if found[name]
    }
    words = values if is_json else {name: field.text(each) or "-" for name, each in values.items()}
    return {"field": _name(field), **words}
