"""The reference of the commands: what `--help` prints, as Markdown."""

import inspect
import re
from collections.abc import Iterator

import click

from gatepass.cli import main

_AS_IT_IS = "\b\n"  # click's mark of a paragraph that is not wrapped

_COMMANDS_HEAD = """\
# Commands

<!-- Written by docs/generate.py from the commands themselves. -->

`gatepass` has the commands of the client (`call`, `check`, `rotate`, `scan` and `token`) and, with
`gatepass[server]`, those of the server. Every one prints its help with `--help`. A command that
fails prints one line `Error: ...` to standard error.

| exit status | when |
|---|---|
| 0 | what was asked for is done, or shown; also where a list is empty |
| 1 | it failed, was refused or aborted, or a check did not pass; the line says why |
| 2 | it was called wrongly: an unknown option, a malformed value, a choice that is missing |
| 2 | of `gatepass scan` also: something could not be read |

Commands that list print a table, with `--json` one JSON array, with `--json-lines` one object a
line. Columns and members are only ever added.

`gatepass completion` prints the script with which bash, zsh or fish completes commands, options,
ids and usernames.
"""


def commands_page() -> str:
    """Return the page about the commands: each with its help, its arguments and its options."""
    return _COMMANDS_HEAD + "".join(
        _command(path, command) for path, command in commands(main, "gatepass")
    )


def commands(group: click.Group, path: str) -> Iterator[tuple[str, click.Command]]:
    """Yield every command below a group, groups before what is in them, with its whole name."""
    context = click.Context(group, info_name=path)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        if command is None or command.hidden:
            continue
        yield f"{path} {name}", command
        if isinstance(command, click.Group):
            yield from commands(command, f"{path} {name}")


def _command(path: str, command: click.Command) -> str:
    is_group = isinstance(command, click.Group)
    context = click.Context(command, info_name=path)
    usage = " ".join([path, *command.collect_usage_pieces(context)])
    parts = [f"{'##' if path.count(' ') == 1 else '###'} `{path}`", _help(command.help or "")]
    if not is_group:
        parts.append(f"```text\n{usage}\n```")
    records = [_option(each, context) for each in command.params if isinstance(each, click.Option)]
    rows = [f"| `{names}` | {meaning} |" for names, meaning in filter(None, records)]
    if rows:
        parts.append("\n".join(["| option | what it is |", "|---|---|", *rows]))
    if command.epilog:
        parts.append(_help(command.epilog))
    return "\n" + "\n\n".join(filter(None, parts)) + "\n"


def _option(option: click.Option, context: click.Context) -> tuple[str, str] | None:
    record = option.get_help_record(context)
    if record is None:
        return None
    names, meaning = (" ".join(text.split()).replace("|", "\\|") for text in record)
    return names, re.sub(r"(?<!`)<(?!`)", "&lt;", meaning)


def _help(text: str) -> str:
    """Return a help text as Markdown: a paragraph with click's mark keeps its lines."""
    paragraphs = inspect.cleandoc(text).split("\n\n")
    return "\n\n".join(
        f"```text\n{each.removeprefix(_AS_IT_IS)}\n```"
        if each.startswith(_AS_IT_IS)
        else " ".join(each.split())
        for each in paragraphs
    )
