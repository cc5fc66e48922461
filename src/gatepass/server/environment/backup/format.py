"""The content of a backup: lines of JSON, compressed. `docs/operate/back-up.md` describes it.

    {"gatepass_backup": 1, ...}                      what it is
    {"environment": "production", ...}               an environment, at one moment
    {"table": "organization", "columns": ...}        a table, then its rows
    ["0b1c...", "Acme Energy", ...]
    {"end_of_table": "organization", "rows": 1, "sha256": ...}
    {"end_of_backup": true, "lines": ..., "sha256": ...}

The digest of a table is of its rows' lines, the last one of all other lines. So a backup that was
cut or altered is known, and none is a whole one without its end.
"""

import gzip
import json
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import IO, Any, cast

from gatepass.server.environment.backup.errors import BackupError
from gatepass.server.storage.transfer.rows import AT_ONCE, Row, RowDigest, compact

VERSION = 1
_FAST = 4  # gzip's level: half of the time of 9, five hundredths more
_LONGEST_LINE = 1 << 26  # bytes, more than any row has
_DAMAGED = "The backup was cut or altered: {}. Take another one."


@dataclass(frozen=True, slots=True)
class Start:
    """The first line; `master_key` is as in its file, None if it is left out."""

    program: str
    environments: tuple[str, ...]
    master_key: str | None


@dataclass(frozen=True, slots=True)
class EnvironmentStart:
    """An environment: when it was as it is in the backup, its tables' revision, their rows."""

    name: str
    taken_at: str
    revision: str
    rows: dict[str, int]


@dataclass(frozen=True, slots=True)
class TableStart:
    """A table of the environment, and the kinds of its columns."""

    name: str
    columns: dict[str, str]


@dataclass(frozen=True, slots=True)
class TableEnd:
    """All rows of the table were read, and their digest is right."""

    name: str
    rows: int


@dataclass(frozen=True, slots=True)
class End:
    """The backup is whole; `sha256` is its digest."""

    sha256: str


Part = Start | EnvironmentStart | TableStart | list[Row] | TableEnd | End


class Writer:
    """Writes a backup to a stream; without `end` it is not a whole one."""

    def __init__(self, out: IO[bytes]) -> None:
        self._gzip = gzip.GzipFile(fileobj=out, mode="wb", compresslevel=_FAST, mtime=0)
        self._lines = 0
        self._sha256 = sha256()
        self._digest = RowDigest()

    def start(self, start: Start) -> None:
        """Write what the backup is."""
        self._line(
            {
                "gatepass_backup": VERSION,
                "program": start.program,
                "environments": start.environments,
                "master_key": start.master_key,
            }
        )

    def environment(self, start: EnvironmentStart) -> None:
        """Begin an environment."""
        self._line(
            {
                "environment": start.name,
                "taken_at": start.taken_at,
                "revision": start.revision,
                "rows": start.rows,
            }
        )

    def table(self, name: str, columns: Mapping[str, str]) -> None:
        """Begin a table."""
        self._line({"table": name, "columns": columns})
        self._digest = RowDigest()

    def rows(self, rows: list[Row]) -> None:
        """Write rows of the table."""
        self._gzip.write(self._digest.add(rows))
        self._lines += len(rows)

    def end_table(self, name: str) -> None:
        """End the table."""
        digest = self._digest
        self._line({"end_of_table": name, "rows": digest.rows, "sha256": digest.sha256()})

    def end(self) -> None:
        """End the backup."""
        self._line(
            {"end_of_backup": True, "lines": self._lines, "sha256": self._sha256.hexdigest()}
        )
        self._gzip.close()

    def _line(self, value: Mapping[str, object]) -> None:
        line = f"{compact(value)}\n".encode()
        self._gzip.write(line)
        self._sha256.update(line)
        self._lines += 1


def read(stream: IO[bytes]) -> Iterator[Part]:
    """Yield the parts of a backup; raise BackupError where it is not whole or another version's.

    What was yielded is right for certain when `End` has come.
    """
    with gzip.GzipFile(fileobj=stream, mode="rb") as plain:
        try:
            yield from _Reader(cast("IO[bytes]", plain)).parts()
        except (EOFError, zlib.error, gzip.BadGzipFile) as error:
            raise BackupError(_DAMAGED.format("it cannot be decompressed")) from error


class _Reader:
    def __init__(self, plain: IO[bytes]) -> None:
        self._plain = plain
        self._lines = 0
        self._sha256 = sha256()

    def parts(self) -> Iterator[Part]:
        yield self._start()
        while True:
            line, found = self._line()
            match found:
                case {"end_of_backup": True, "lines": lines, "sha256": digest}:
                    if (lines, digest) != (self._lines, self._sha256.hexdigest()):
                        raise BackupError(_DAMAGED.format("its digest is another one"))
                    if self._plain.read(1):
                        raise BackupError(_DAMAGED.format("something follows its end"))
                    yield End(digest)
                    return
                case {"environment": name, "taken_at": at, "revision": revision, "rows": rows}:
                    self._note(line)
                    yield EnvironmentStart(name, at, revision, rows)
                case {"table": name, "columns": columns}:
                    self._note(line)
                    yield TableStart(name, columns)
                    yield from self._rows(name)
                case _:
                    raise BackupError(_DAMAGED.format("a line is not understood"))

    def _start(self) -> Start:
        line, found = self._line()
        match found:
            case {"gatepass_backup": int(version)} if version != VERSION:
                raise BackupError(
                    f"The backup has format {version}, and this version of Gatepass reads "
                    f"{VERSION}. Restore it with the version that made it, or a newer one."
                )
            case {
                "gatepass_backup": int(),
                "program": program,
                "environments": environments,
                "master_key": master_key,
            }:
                self._note(line)
                return Start(program, tuple(environments), master_key)
        raise BackupError("This is not a backup of Gatepass.")

    def _rows(self, name: str) -> Iterator[list[Row] | TableEnd]:
        digest, lines, rows = RowDigest(), list[bytes](), list[Row]()
        while True:
            line, found = self._line()
            if isinstance(found, list):
                lines.append(line)
                rows.append(found)
            if len(rows) == AT_ONCE or (rows and not isinstance(found, list)):
                digest.add_lines(b"".join(lines), len(rows))
                self._lines += len(rows)
                yield rows
                lines, rows = [], []
            if isinstance(found, list):
                continue
            match found:
                case {"end_of_table": ended, "rows": count, "sha256": said} if ended == name:
                    if (count, said) != (digest.rows, digest.sha256()):
                        raise BackupError(_DAMAGED.format(f"the rows of {name} are others"))
                    self._note(line)
                    yield TableEnd(name, count)
                    return
            raise BackupError(_DAMAGED.format("a line is not understood"))

    def _line(self) -> tuple[bytes, Any]:
        line = self._plain.readline(_LONGEST_LINE)
        if not line.endswith(b"\n"):
            raise BackupError(_DAMAGED.format("its end is missing"))
        try:
            return line, json.loads(line)
        except ValueError:
            raise BackupError(_DAMAGED.format("a line is not understood")) from None

    def _note(self, line: bytes) -> None:
        self._sha256.update(line)
        self._lines += 1
