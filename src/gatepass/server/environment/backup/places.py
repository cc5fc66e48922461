"""Where backups are: a file, or an object in S3. What is not written whole is not there at all."""

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from io import BufferedReader
from pathlib import Path
from typing import IO

from gatepass.server.environment.backup.errors import BackupError

_S3 = "s3://"


@contextmanager
def writing(place: str) -> Iterator[IO[bytes]]:
    """Open a new backup for writing; it appears when the block has ended without an error.

    Raises BackupError where there is one already, or it cannot be written.
    """
    if place.startswith(_S3):
        from gatepass.server.environment.backup import s3  # loads botocore

        with s3.writing(*_bucket_and_key(place)) as upload:
            yield upload
        return
    with _file_errors(place, "written"), _new_file(Path(place)) as file:
        yield file


@contextmanager
def reading(place: str) -> Iterator[BufferedReader]:
    """Open a backup for reading; raise BackupError where that is not possible."""
    if place.startswith(_S3):
        from gatepass.server.environment.backup import s3

        with s3.reading(*_bucket_and_key(place)) as download:
            yield download
        return
    with _file_errors(place, "read"), Path(place).open("rb") as file:
        yield file


@contextmanager
def _new_file(file: Path) -> Iterator[IO[bytes]]:
    if file.exists():
        raise BackupError(f"{file} exists. Choose another name, or delete it first.")
    draft = file.with_name(f".{file.name}.{secrets.token_hex(4)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as opened:
            yield opened
            opened.flush()
            os.fsync(opened.fileno())
        try:
            file.hardlink_to(draft)  # fails where another backup has come in between
        except FileExistsError:
            raise BackupError(f"{file} exists. Choose another name, or delete it first.") from None
    finally:
        draft.unlink()
    sync_directory(file.parent)


def sync_directory(directory: Path) -> None:
    """Let the names in a directory survive a power cut."""
    descriptor = os.open(directory, os.O_RDONLY)
    with suppress(OSError):  # some file systems cannot
        os.fsync(descriptor)
    os.close(descriptor)


@contextmanager
def _file_errors(place: str, done: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.strerror is None:
            raise
        raise BackupError(f"{place} cannot be {done} ({error.strerror}).") from None


def _bucket_and_key(place: str) -> tuple[str, str]:
    bucket, _, key = place.removeprefix(_S3).partition("/")
    if not bucket or not key or key.endswith("/"):
        raise BackupError("Write the place as s3://BUCKET/KEY.")
    return bucket, key
