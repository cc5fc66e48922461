"""The files that `gatepass scan` reads: names with their content in chunks."""

import os
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Protocol, TypeAlias

CHUNK = 256 * 1024  # bytes
STDIN = "-"

# A name to show, and its content; reading it may raise OSError.
Content: TypeAlias = tuple[str, Iterable[bytes]]


class Readable(Protocol):
    """A file, buffered or not."""

    def read(self, size: int, /) -> bytes | None:
        """Wait for bytes and return at most `size` of them, none at the end."""


def under(paths: Iterable[str]) -> Iterator[Content]:
    """Return the files that `paths` name, those in directories included; `-` is standard input.

    Inside directories `.git` is skipped, and whatever is no regular file: symbolic links are
    not followed there. A path in `paths` itself is read in any case.
    """
    for path in paths:
        if path == STDIN:
            yield path, chunks(sys.stdin.buffer)
        elif Path(path).is_dir():
            yield from _inside(path)
        else:
            yield path, _chunks_of(path)


def chunks(stream: Readable) -> Iterator[bytes]:
    """Read `stream` to its end."""
    while chunk := stream.read(CHUNK):
        yield chunk


def _inside(top: str) -> Iterator[Content]:
    closed: list[str] = []
    for directory, names, files in os.walk(
        top, onerror=lambda error: closed.append(error.filename)
    ):
        names[:] = [name for name in names if name != ".git"]
        for file in (Path(directory, name) for name in files):
            if file.is_file() and not file.is_symlink():
                yield str(file), _chunks_of(str(file))
    for path in closed:
        yield path, _chunks_of(path)  # fails as the walk did


def _chunks_of(path: str) -> Iterator[bytes]:
    with Path(path).open("rb", buffering=0) as file:
        yield from chunks(file)
