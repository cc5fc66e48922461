"""What commands print: objects and lists, as text or JSON, and how far a work is."""

import json
import shutil
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any, TypeVar

import click

from gatepass.server.cli.terminal.options import has_lines
from gatepass.server.environment.backup.progress import Progress, unseen

Item = TypeVar("Item")
_SHOWN_EVERY = 500
_NARROWEST = 12  # characters, of a column that is cut to fit the terminal


def show(values: Mapping[str, object], *, is_json: bool) -> None:
    """Print one object as aligned lines or JSON."""
    if is_json or has_lines():
        click.echo(json.dumps({name: _plain(value) for name, value in values.items()}))
        return
    width = max(map(len, values)) + 2
    for name, value in values.items():
        click.echo(f"{name + ':':<{width}}{_words(value)}")


def show_list(rows: Sequence[Mapping[str, object]], nothing: str, *, is_json: bool) -> None:
    """Print a list as aligned columns with a heading, or as JSON.

    On a terminal the widest columns are cut until a row fits; the first one, which names the row,
    stays whole. Elsewhere, as in a file, nothing is cut.
    """
    plain = [{name: _plain(value) for name, value in row.items()} for row in rows]
    if has_lines():
        for each in plain:
            click.echo(json.dumps(each))
        return
    if is_json:
        click.echo(json.dumps(plain))
        return
    if not rows:
        click.echo(nothing)
        return
    names = list(rows[0])
    lines = [names]
    lines += [[_words(row[name]) for name in names] for row in rows]
    widths = _fitting([max(len(line[at]) for line in lines) for at in range(len(names))])
    for line in lines:
        columns = (
            f"{_cut(text, width):<{width}}" for text, width in zip(line, widths, strict=True)
        )
        click.echo("  ".join(columns).rstrip())


@contextmanager
def progress_bar() -> Iterator[Progress]:
    """Show on a terminal how far a work is, with a bar for each part of it."""
    bar: Any = None
    shown = ""

    def progress(what: str, done: int, rows: int) -> None:
        nonlocal bar, shown
        if what != shown:
            finish()
            bar, shown = click.progressbar(length=rows, label=what, file=sys.stderr), what
        bar.update(done)

    def finish() -> None:
        if bar is not None:
            bar.render_finish()

    try:
        yield progress if sys.stderr.isatty() else unseen
    finally:
        finish()


def counted(found: Iterable[Item], what: str) -> Iterator[Item]:
    """Return what is found, and show on a terminal how many there were, where nobody knows more."""
    shows, number = sys.stderr.isatty(), 0
    for each in found:
        number += 1
        if shows and number % _SHOWN_EVERY == 0:
            click.echo(f"\r{number:,} {what}", nl=False, err=True)
        yield each
    if number >= _SHOWN_EVERY and shows:
        click.echo(f"\r{number:,} {what}", err=True)


def _fitting(widths: list[int]) -> list[int]:
    """Return the widths of columns that fit the terminal, as far as that is possible."""
    if not sys.stdout.isatty():
        return widths
    left = sum(widths) + 2 * (len(widths) - 1) - shutil.get_terminal_size().columns
    widths = widths.copy()
    while left > 0:
        widest = max(range(1, len(widths)), key=widths.__getitem__, default=0)
        if widest == 0 or widths[widest] <= _NARROWEST:
            break
        widths[widest] -= 1
        left -= 1
    return widths


def _cut(text: str, width: int) -> str:
    return text if len(text) <= width else text[: width - 1] + "…"


def _plain(value: object) -> object:
    match value:
        case datetime():
            return value.isoformat(timespec="seconds")
        case list() | tuple():
            return [_plain(each) for each in value]
        case dict():
            return {name: _plain(each) for name, each in value.items()}
        case None | bool() | int() | float() | str():
            return value
        case _:
            return str(value)


def _words(value: object) -> str:
    match value:
        case None:
            return "-"
        case bool():
            return "yes" if value else "no"
        case datetime():
            return f"{value:%Y-%m-%d %H:%M} UTC"
        case list() | tuple():
            return "; ".join(map(_words, value)) or "-"
        case dict():
            return ", ".join(f"{name} {_words(each)}" for name, each in value.items())
        case _:
            return _printable(str(value))


def _printable(text: str) -> str:
    """Return a text without what a terminal would obey: some come from strangers' requests."""
    return "".join(each if each.isprintable() else "\N{REPLACEMENT CHARACTER}" for each in text)
