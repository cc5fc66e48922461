"""`gatepass application methods` and `revoke-secrets`: the way from secrets to keys."""

import click

from gatepass.command_group import example
from gatepass.server.cli.completion import ids
from gatepass.server.cli.operations.effects import Assent, assent_options, check_effect
from gatepass.server.cli.operations.model import moment
from gatepass.server.cli.operations.opening import changing_options, opened, reading_options
from gatepass.server.cli.terminal import options, printing

_LONGEST = 365  # days
_NEXT = {
    "register_key": "Next: add a public key (gatepass application key add).",
    "deploy": "Next: deploy the key; it was not used yet.",
    "wait": "Next: wait. A secret was used, or made, in the last 14 days.",
    "revoke_secrets": "Next: revoke the secrets (gatepass application revoke-secrets).",
    "done": "Done: it has no secret.",
}


def _days(_context: click.Context, _option: click.Parameter, text: str) -> int:
    """Return the number of days in a text, as 14d or 14."""
    digits = text.removesuffix("d")
    if not (digits.isascii() and digits.isdecimal() and int(digits[:4]) <= _LONGEST):
        raise click.BadParameter("give a number of days, as 14d, and 365d at most")
    return int(digits)


@click.command(epilog=example("gatepass application methods CLIENT_ID"))
@click.argument("application_id", metavar="CLIENT_ID", shell_complete=ids.applications)
@reading_options
def methods(application_id: str, target: options.Target, *, is_json: bool) -> None:
    """Show the secrets and keys of an application, and when and from where each was used last."""
    one = {"client_id": application_id}
    with opened(target) as operations:
        found = operations.perform("application.methods", one).result
    rows = [
        {
            "kind": each["kind"],
            "name": each["name"],
            "id": each["id"],
            "created_at": moment(each["created_at"]),
            "expires_at": moment(each["expires_at"]),
            "last_used_at": moment(each["last_used_at"]),
            "last_used_from": each["last_used_from"],
            "program": each["last_used_program"],
        }
        for each in found["methods"]
    ]
    printing.show_list(rows, f"{application_id} has no secret and no key.", is_json=is_json)
    if not is_json:
        click.echo(_NEXT[found["step"]], err=True)


@click.command(
    "revoke-secrets",
    epilog=example("gatepass application revoke-secrets CLIENT_ID --unused-for 14d --yes"),
)
@click.argument("application_id", metavar="CLIENT_ID", shell_complete=ids.applications)
@click.option(
    "--unused-for",
    "days",
    callback=_days,
    default="14d",
    show_default=True,
    help="Refuse it where a secret was used, or made, in this time.",
)
@assent_options
@changing_options
def revoke_secrets(
    application_id: str, days: int, target: options.Target, *, assent: Assent
) -> None:
    """Revoke all secrets of an application that uses a key, if no secret was used lately.

    The way back is a new secret: gatepass application rotate.
    """
    which = {"client_id": application_id, "unused_for_days": days}
    with opened(target) as operations:
        check_effect(
            operations,
            "application.revoke_secrets",
            which,
            assent,
            lambda _: f"Revoke all secrets of {application_id} in {operations.environment_name}?",
        )
        operations.perform("application.revoke_secrets", which)
    click.echo(f"The secrets of {application_id} are revoked. Its tokens stay valid.")
