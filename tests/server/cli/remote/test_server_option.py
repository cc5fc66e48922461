"""Which commands work on another server, and which say that they do not."""

from collections.abc import Iterator

import click
import pytest

from commands import Ran, run_in_process
from gatepass import cli
from server.cli.conftest import Command

_URL = "http://127.0.0.1:9"  # where nothing listens: no command gets as far as a request
_NOWHERE = "set the environment variables GATEPASS_CLIENT_ID"
_IGNORE = {"gatepass serve", "gatepass migrate", "gatepass settings check", "gatepass demo"}
_GROUPS = {"application", "organization", "policy", "resource", "scope", "user", "webhook"}
_BODY = "gatepass call"  # whose --data is the body of a request
_HERE = {"gatepass organization link", "gatepass organization unlink", "gatepass webhook events"}
_MORE = {
    "gatepass audit erase",
    "gatepass audit export",
    "gatepass audit list",
    "gatepass audit verify",
    "gatepass keys list",
    "gatepass keys rotate",
    "gatepass mail list",
    "gatepass mail retry",
    "gatepass mail show",
}


def _leaves(path: tuple[str, ...], command: click.Command) -> Iterator[tuple[str, click.Command]]:
    if not isinstance(command, click.Group):
        yield " ".join(path), command
        return
    context = click.Context(command)
    for name in command.list_commands(context):
        found = command.get_command(context, name)
        assert found is not None
        yield from _leaves((*path, name), found)


_COMMANDS = dict(_leaves(("gatepass",), cli.main))


def _option(command: click.Command) -> click.Option | None:
    named = [each for each in command.params if "--server" in each.opts]
    found = named[0] if named else None
    assert found is None or isinstance(found, click.Option)
    return found


def _here(*arguments: str, **variables: str) -> Ran:
    return run_in_process(*arguments, variables=variables)


def test_each_command_on_what_the_admin_api_has_works_on_another_server() -> None:
    offered = {
        path
        for path, command in _COMMANDS.items()
        if (option := _option(command)) and not option.hidden
    }

    of_groups = {path for path in _COMMANDS if path.split()[1] in _GROUPS}
    assert offered == (of_groups - _HERE) | _MORE


def test_each_other_command_on_data_refuses_a_server() -> None:
    without = {
        path
        for path, command in _COMMANDS.items()
        if any("--data" in each.opts for each in command.params) and not _option(command)
    }

    assert without - {_BODY} == _IGNORE


@pytest.mark.parametrize(
    "command",
    ["audit checkpoint", "backup create /tmp/x", "operator list", "mail test a@b.c"],
)
def test_a_command_of_the_machine_says_so(command: str) -> None:
    by_option = _here(*command.split(), "--server", _URL)
    by_variable = _here(*command.split(), GATEPASS_SERVER=_URL)

    for refused in (by_option, by_variable):
        assert (refused.status, refused.out) == (2, "")
        assert "works only on the server's own machine" in refused.err


def test_the_server_comes_from_the_option_or_from_the_variable() -> None:
    by_option = _here("organization", "list", "--server", _URL)
    by_variable = _here("organization", "list", GATEPASS_SERVER=_URL)

    assert (by_option.status, by_variable.status) == (1, 1)
    assert _NOWHERE in by_option.err
    assert by_option.err == by_variable.err


def test_an_empty_variable_is_none(gatepass: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GATEPASS_SERVER", "")

    assert gatepass("organization", "list").status == 0


def test_a_data_directory_counts_more_than_the_variable_and_not_beside_the_option(
    gatepass: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GATEPASS_SERVER", _URL)
    of_variable = [gatepass("organization", "list"), gatepass("operator", "list")]
    of_option = gatepass("organization", "list", "--server", _URL)

    assert [each.status for each in of_variable] == [0, 0]
    assert of_option.status == 2
    assert "not both" in of_option.err


def test_a_change_names_its_environment() -> None:
    unnamed = _here("organization", "create", "Acme", "--admin", "anna", "--server", _URL)
    named = _here(
        *("organization", "create", "Acme", "--admin", "anna", "--server", _URL),
        *("--environment", "sandbox"),
    )

    assert unnamed.status == 2
    assert "--environment or GATEPASS_ENVIRONMENT" in unnamed.err
    assert _NOWHERE in named.err


def test_nobody_claims_a_name_to_another_server() -> None:
    change = ("keys", "rotate", "--server", _URL, "--environment", "sandbox")
    claimed = _here(*change, "--as", "Maria")
    by_variable = _here(*change, GATEPASS_AS="Maria")

    assert claimed.status == 2
    assert "names the application" in " ".join(claimed.err.split())
    assert _NOWHERE in by_variable.err
