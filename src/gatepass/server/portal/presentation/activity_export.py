"""Entries of the audit trail as CSV and as JSON Lines, for spreadsheets and programs."""

import csv
import io
import json
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from gatepass.server.domain.audit.model import Entry

COLUMNS = ("number", "at", "who", "what", "subject", "client_id", "from", "result", "action")
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""What a spreadsheet takes for a formula at the beginning of a cell (OWASP, CSV injection)."""

InWords = Callable[[Entry], str]


class Format(NamedTuple):
    """A format of an export: its media type, and the function that writes it."""

    media_type: str
    write: Callable[[Iterable[tuple[int, Entry]], InWords], Iterator[str]]


def as_csv(
    entries: Iterable[tuple[int, Entry]], in_words: InWords, *, is_of_all: bool = False
) -> Iterator[str]:
    """Return the lines of a CSV file (RFC 4180) with a header; no cell is taken for a formula.

    Entries of all organizations (`is_of_all`) have a column more.
    """
    yield _line((*COLUMNS, "organization") if is_of_all else COLUMNS)
    for number, entry in entries:
        cells = list(map(_harmless, _row(number, entry, in_words).values()))
        if is_of_all:
            cells.append(str(entry.org_id) if entry.org_id else "")
        yield _line(cells)


def as_json_lines(entries: Iterable[tuple[int, Entry]], in_words: InWords) -> Iterator[str]:
    """Return one JSON object a line, with the details of each entry."""
    for number, entry in entries:
        row: dict[str, object] = {**_row(number, entry, in_words), "number": number}
        yield json.dumps({**row, "detail": entry.detail}) + "\n"


FORMATS = {
    "csv": Format("text/csv; charset=utf-8", as_csv),
    "jsonl": Format("application/jsonl", as_json_lines),
}


def _row(number: int, entry: Entry, in_words: InWords) -> dict[str, str]:
    values = (
        str(number),
        entry.at.isoformat(timespec="milliseconds"),
        entry.actor,
        in_words(entry),
        entry.subject,
        entry.detail.get("client_id", ""),
        entry.source,
        entry.result,
        entry.action,
    )
    return dict(zip(COLUMNS, values, strict=True))


def _harmless(cell: str) -> str:
    return f"'{cell}" if cell.startswith(_FORMULA) else cell


def _line(cells: Iterable[str]) -> str:
    text = io.StringIO()
    csv.writer(text).writerow(cells)
    return text.getvalue()
