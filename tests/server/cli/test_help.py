"""What `--help` says, what it loads, and what is suggested for a mistyped command."""

import inspect
import os
import shlex
import subprocess
import sys
from collections.abc import Iterator

import click
import pytest

from commands import clean_variables, run
from gatepass import cli
from gatepass.command_group import CommandGroup, first_sentence


def _commands(path: tuple[str, ...], command: click.Command) -> Iterator[tuple[str, click.Command]]:
    yield " ".join(path), command
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            found = command.get_command(context, name)
            assert found is not None
            yield from _commands((*path, name), found)


COMMANDS = dict(_commands(("gatepass",), cli.main))


@pytest.mark.parametrize("path", COMMANDS)
def test_every_help_ends_with_an_example_that_the_command_takes(path: str) -> None:
    command = COMMANDS[path]
    heading, *lines = command.get_help(click.Context(command)).splitlines()[-3:]
    examples = [line.strip() for line in (heading, *lines) if line.strip().startswith("gatepass ")]

    assert examples
    for words in map(shlex.split, examples):
        assert words[: len(path.split())] == path.split()
        options = {word for word in words if word.startswith("--")} - {"--help"}
        known = [COMMANDS[start] for start in COMMANDS if " ".join(words).startswith(start)]
        assert options <= {name for each in known for param in each.params for name in param.opts}


@pytest.mark.parametrize("path", [path for path in COMMANDS if path != "gatepass"])
def test_the_list_of_commands_has_every_first_sentence_whole(path: str) -> None:
    above, _, name = path.rpartition(" ")
    group = COMMANDS[above]
    assert isinstance(group, CommandGroup)

    listed = "".join(group.get_help(click.Context(group)).split())

    assert "".join(f"{name}{first_sentence(COMMANDS[path])}".split()) in listed


def _lists(command: click.Command) -> bool:
    """Return whether a command prints a list: it calls what prints lists."""
    function = inspect.unwrap(command.callback) if command.callback else None
    return function is not None and "show_list" in function.__code__.co_names


def test_every_command_that_lists_prints_json_and_json_lines() -> None:
    listing = {path: command for path, command in COMMANDS.items() if _lists(command)}
    without = {
        f"{path} {option}"
        for path, command in listing.items()
        for option in ("--json", "--json-lines")
        if option not in {name for each in command.params for name in each.opts}
    }

    assert len(listing) >= 14
    assert {"gatepass organization users", "gatepass operator list"} <= set(listing)
    assert without == set()


_LOADED = """
import sys
from gatepass.cli import main
main(["--help"], standalone_mode=False)
print(*sys.modules, file=sys.stderr)
"""


def test_the_help_loads_no_more_than_click_and_three_modules_of_ours() -> None:
    found = subprocess.run(
        [sys.executable, "-c", _LOADED],
        capture_output=True,
        text=True,
        check=True,
        env=clean_variables(),
    )

    ours = {name for name in found.stderr.split() if name.startswith("gatepass")}
    assert ours == {"gatepass", "gatepass.cli", "gatepass.command_group", "gatepass.lazy_names"}
    assert not {"httpx2", "pydantic", "sqlalchemy", "ssl", "asyncio"} & set(found.stderr.split())
    assert "organization" in found.stdout


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        (["orgnization", "list"], "organization"),
        (["aplication"], "application"),
        (["sevre"], "serve"),
        (["organization", "lst"], "list"),
    ],
)
def test_a_mistyped_command_is_answered_with_the_one_that_may_be_meant(
    typed: list[str], meant: str
) -> None:
    ran = run(*typed)

    assert (ran.status, ran.out) == (2, "")
    assert f"Did you mean {meant}" in ran.err


def test_a_word_like_no_command_gets_no_suggestion() -> None:
    ran = run("xyzzy")

    assert (ran.status, ran.out) == (2, "")
    assert "No such command 'xyzzy'." in ran.err
    assert "Did you mean" not in ran.err


@pytest.mark.parametrize(
    ("typed", "completed"),
    [("gatepass or", "organization"), ("gatepass organization sus", "suspend")],
)
def test_the_shell_completes_commands(typed: str, completed: str) -> None:
    program = os.path.join(os.path.dirname(sys.executable), "gatepass")  # noqa: PTH118, PTH120
    variables = {
        "_GATEPASS_COMPLETE": "bash_complete",
        "COMP_WORDS": typed,
        "COMP_CWORD": str(len(typed.split()) - 1),
    }
    found = subprocess.run(
        [program], capture_output=True, text=True, check=True, env=clean_variables(variables)
    )

    assert found.stdout.splitlines() == [f"plain,{completed}"]
