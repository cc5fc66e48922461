"""`gatepass keys`: lists and rotates the keys of tokens."""

from typing import Any

import click

from gatepass.command_group import CommandGroup, example
from gatepass.server.cli.operations.effects import Assent, assent_options, check_effect
from gatepass.server.cli.operations.model import moment
from gatepass.server.cli.operations.opening import changing_options, opened, reading_options
from gatepass.server.cli.terminal import errors, local_data, options, printing
from gatepass.server.domain.keys.model import PUBLISHED_AHEAD

_MINUTES = int(PUBLISHED_AHEAD.total_seconds()) // 60
_SOON = (
    f"The next keys are published now and used for new tokens in {_MINUTES} minutes. "
    "Tokens issued until then stay valid until they expire."
)
_AT_ONCE = (
    "New keys are in use and the old keys are not accepted: every token issued until now "
    "is invalid, and programs must request new ones. APIs that verify JWTs locally reject the old "
    "tokens once they fetch the key set again (it may be cached for 5 minutes)."
)
_REVOKE = "Rotate the keys of {} now? Every token issued until now becomes invalid."


@click.group(cls=CommandGroup, epilog=example("gatepass keys list"))
def keys() -> None:
    """List and rotate the keys of tokens, and rotate the master key that encrypts them.

    The keys of tokens also rotate automatically.
    """


@keys.command("list", epilog=example("gatepass keys list --environment sandbox"))
@reading_options
def list_(target: options.Target, *, is_json: bool) -> None:
    """List the keys of an environment; the keys themselves are never shown."""
    with opened(target) as operations:
        found = operations.perform("key.list", {}).result["items"]
    nothing = f"No keys in {operations.environment_name}."
    printing.show_list([_row(each) for each in found], nothing, is_json=is_json)


@keys.command(epilog=example("gatepass keys rotate --environment production"))
@click.option(
    "--now",
    "at_once",
    is_flag=True,
    help="Emergency: stop accepting the old keys immediately, which invalidates all tokens.",
)
@assent_options
@changing_options
def rotate(target: options.Target, *, at_once: bool, assent: Assent) -> None:
    """Generate the next keys and publish them before they are used; existing tokens stay valid."""
    name = "key.rotate_now" if at_once else "key.rotate"
    with opened(target) as operations:
        if at_once or assent.dry_run:
            question = _REVOKE.format(operations.environment_name)
            check_effect(operations, name, {}, assent, lambda _: question)
        operations.perform(name, {})
    click.echo(_AT_ONCE if at_once else _SOON)


@keys.command("rotate-master", epilog=example("gatepass keys rotate-master"))
@options.as_option
@options.data_options
def rotate_master(target: options.Target) -> None:
    """Encrypt the keys of both environments under a new master key; tokens stay valid.

    Servers may run meanwhile. A rotation that was interrupted goes on when this is run again.
    """
    from gatepass.server.environment import master_key_rotation

    settings = local_data.settings_of(target)
    with errors.one_line_errors():
        local_data.check_has_data(settings)
        rotated = master_key_rotation.rotate(settings, options.operator())
    click.echo(f"{rotated.keys} keys are encrypted under the first master key in {rotated.place}.")
    if rotated.earlier is None:
        click.echo("Now remove the earlier key from there, and restart the servers.")
    else:
        click.echo(
            f"The earlier master key is in {rotated.earlier}: backups from before need it, unless "
            "they contain it. Delete it when you have none of them."
        )


def _row(found: dict[str, Any]) -> dict[str, object]:
    return {
        "id": found["id"],
        "purpose": found["purpose"],
        "kid": found["kid"],
        "created_at": moment(found["created_at"]),
        "active_from": moment(found["active_from"]),
        "state": found["state"],
    }
