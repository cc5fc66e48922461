"""The lines of a backup, and what is refused."""

import gzip
import io
import json
import zlib
from hashlib import sha256
from typing import Any

import pytest

from gatepass.server.environment.backup.errors import BackupError
from gatepass.server.environment.backup.format import (
    End,
    EnvironmentStart,
    Part,
    Start,
    TableEnd,
    TableStart,
    Writer,
    read,
)

START = Start("0.1.0", ("production",), None)
ENVIRONMENT = EnvironmentStart("production", "2026-05-01T12:00:00.000+00:00", "0011", {"scope": 2})
ROWS: list[list[Any]] = [["read", "Lesen \u00fc\n"], ["write", None]]


def _written(rows: list[list[Any]] | None = None) -> bytes:
    out = io.BytesIO()
    writer = Writer(out)
    writer.start(START)
    writer.environment(ENVIRONMENT)
    writer.table("scope", {"name": "text", "description": "text"})
    writer.rows(ROWS if rows is None else rows)
    writer.end_table("scope")
    writer.end()
    return out.getvalue()


def _parts(content: bytes) -> list[Part]:
    return list(read(io.BytesIO(content)))


def _changed(old: bytes, new: bytes) -> bytes:
    plain = gzip.decompress(_written())
    assert old in plain
    return gzip.compress(plain.replace(old, new, 1))


def test_what_was_written_is_read() -> None:
    *parts, end = _parts(_written())

    assert parts == [
        START,
        ENVIRONMENT,
        TableStart("scope", {"name": "text", "description": "text"}),
        ROWS,
        TableEnd("scope", 2),
    ]
    assert isinstance(end, End)


def test_rows_come_some_at_a_time() -> None:
    many: list[list[Any]] = [[str(number), None] for number in range(4001)]

    batches = [part for part in _parts(_written(many)) if isinstance(part, list)]

    assert [len(batch) for batch in batches] == [2000, 2000, 1]
    assert [row for batch in batches for row in batch] == many


def test_a_backup_that_was_cut_anywhere_is_refused() -> None:
    whole = _written()
    lines = gzip.decompress(whole).splitlines(keepends=True)

    cut = [whole[:end] for end in range(10, len(whole), 7)]
    cut += [gzip.compress(b"".join(lines[:end])) for end in range(1, len(lines))]

    for content in cut:
        with pytest.raises(BackupError):
            _parts(content)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b'["write",null]\n', b""),
        (b'["write",null]', b'["writX",null]'),
        (b'"rows":2', b'"rows":3'),
        (b'"revision":"0011"', b'"revision":"0010"'),
        (b'{"table"', b'{"tablX"'),
        (b'{"end_of_table":"scope"', b'{"end_of_table":"other"'),
        (b'["read"', b'"read"'),
        (b'["read"', b"[read"),
    ],
)
def test_an_altered_line_is_refused(old: bytes, new: bytes) -> None:
    with pytest.raises(BackupError, match="cut or altered"):
        _parts(_changed(old, new))


def test_what_follows_the_end_is_refused() -> None:
    with pytest.raises(BackupError, match="follows its end"):
        _parts(gzip.compress(gzip.decompress(_written()) + b"\n"))


def test_compressed_data_that_was_altered_is_refused() -> None:
    content = bytearray(_written())
    content[len(content) // 2] ^= 0xFF

    with pytest.raises(BackupError):
        _parts(bytes(content))


def test_a_backup_of_another_format_is_refused_with_both_versions() -> None:
    with pytest.raises(BackupError, match="has format 2, and this version of Gatepass reads 1"):
        _parts(_changed(b'"gatepass_backup":1', b'"gatepass_backup":2'))


@pytest.mark.parametrize("content", [b"{}\n", b"[]\n", b'{"gatepass_backup": "1"}\n', b"\xff\n"])
def test_compressed_lines_of_something_else_are_refused(content: bytes) -> None:
    with pytest.raises(BackupError):
        _parts(gzip.compress(content))


def test_the_digests_are_those_that_the_page_describes() -> None:
    plain = gzip.decompress(_written())
    lines = plain.splitlines(keepends=True)
    rows = [line for line in lines if line.startswith(b"[")]
    others = [line for line in lines[:-1] if not line.startswith(b"[")]

    assert json.loads(lines[-2])["sha256"] == _sha256(rows)
    assert json.loads(lines[-1])["sha256"] == _sha256(others)
    assert zlib.crc32(plain) == int.from_bytes(_written()[-8:-4], "little")


def _sha256(lines: list[bytes]) -> str:
    return sha256(b"".join(lines)).hexdigest()
