"""Writes the reference pages that are derived from the code: `python docs/generate.py`."""

import inspect
import re
from collections.abc import Iterator
from pathlib import Path

import click
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from gatepass.cli import main
from gatepass.server.settings import Settings

_REFERENCE = Path(__file__).parent / "reference"
SETTINGS_PAGE = _REFERENCE / "settings.md"
COMMANDS_PAGE = _REFERENCE / "commands.md"

_AS_IT_IS = "\b\n"  # click's mark of a paragraph that is not wrapped

_COMMANDS_HEAD = """\
# Commands

<!-- Written by docs/generate.py from the commands themselves. -->

`gatepass` has the commands of the client (`call`, `check`, `scan` and `token`) and, with
`gatepass[server]`, those of the server. Every one prints its help with `--help`. A command that
fails prints one line `Error: ...` to standard error and ends with status 1, or 2 where it was
called wrongly.
"""

_SETTINGS_HEAD = """\
# Settings

<!-- Written by docs/generate.py from src/gatepass/server/settings.py. -->

Read once, at the start: arguments of the command line first, then environment variables, then
`gatepass.toml` in the data directory (or the file that `--config` names). An unknown setting is an
error. `gatepass settings check` shows what is in force.

In a variable, a list is written with commas (`a.example,b.example`) or as JSON
(`["a.example", "b.example"]`). Kubernetes sets `GATEPASS_PORT=tcp://...` beside a Service
named `gatepass`; such a value is ignored with a warning (see `enableServiceLinks: false`).

With both databases on PostgreSQL, `GATEPASS_MASTER_KEY` set and one worker, nothing is kept in the
data directory; it then need not exist or be writable.

The master key is read from `GATEPASS_MASTER_KEY`, or from `master.key` in the data directory,
which is made on the first start. Keep a copy of it apart from the databases' backups.

| setting and variable | default | what it is |
|---|---|---|
"""


def settings_page() -> str:
    """Give the page about the settings."""
    return _SETTINGS_HEAD + "".join(_rows(Settings, ()))


def _rows(model: type[BaseModel], above: tuple[str, ...]) -> Iterator[str]:
    for name, field in model.model_fields.items():
        path = (*above, name)
        kind = field.annotation
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            yield from _rows(kind, path)
        else:
            yield _row(path, field)


def _row(path: tuple[str, ...], field: FieldInfo) -> str:
    variable = "GATEPASS_" + "__".join(path).upper()
    meaning = " ".join((field.description or "").split()).replace("|", "\\|")
    return f"| `{'.'.join(path)}`<br>`{variable}` | {_default(field)} | {meaning} |\n"


def _default(field: FieldInfo) -> str:
    value = field.default
    if isinstance(value, tuple):
        return ", ".join(f"`{each}`" for each in value)
    return "" if value in ("", None) else f"`{value}`"


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


if __name__ == "__main__":
    SETTINGS_PAGE.write_text(settings_page())
    COMMANDS_PAGE.write_text(commands_page())
