"""Replaces the secret in a file: in one step, durably, with the owner and mode that it had."""

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from gatepass.client.errors import ChangedMeanwhile, ConfigurationError, cleaned
from gatepass.client.secrets.file import FromFile
from gatepass.client.secrets.writing.store import ReadBySource
from gatepass.wire.secret import Secret

try:
    import fcntl
except ImportError:  # not on Windows
    fcntl = None  # type: ignore[assignment]


class FileStore(ReadBySource):
    """The file of a FromFile. What a symbolic link leads to is replaced, not the link.

    The new content is written beside the file, so its directory must be writable.
    """

    def __init__(self, source: FromFile) -> None:
        super().__init__(source, f"the file {cleaned(os.fspath(source.path))}")
        self._path = os.path.realpath(os.fspath(source.path))
        self._folder, name = os.path.split(self._path)
        self._beside = os.path.join(self._folder, f".{name}.gatepass-new")  # noqa: PTH118

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Lock the directory against other runs; it is unlocked even if this process is killed."""
        if fcntl is None:
            yield
            return
        with self._explained():
            folder = os.open(self._folder, os.O_RDONLY)
        try:
            try:
                fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise ChangedMeanwhile(
                    f"another rotation of {self.where} is running: wait until it has ended"
                ) from None
            except OSError:
                pass  # the file system has no locks, as some network mounts
            yield
        finally:
            os.close(folder)

    def check(self) -> None:
        """Raise where the directory is not writable, or the owner of the file could not be kept."""
        with self._explained():
            owner = os.stat(self._path).st_uid  # noqa: PTH116
        if hasattr(os, "geteuid") and os.geteuid() not in {0, owner}:
            raise ConfigurationError(
                f"{self.where} belongs to another user, who has to keep it: run this as that user"
            )
        if not os.access(self._folder, os.W_OK | os.X_OK):
            raise ConfigurationError(
                f"{self.where} cannot be replaced: make its directory writable for this user"
            )

    def write(self, new: Secret, expected: Secret) -> None:
        """Replace the file; whoever reads it has the old or the new secret, and never a part."""
        self.check_is(expected)
        with self._explained():
            before = os.stat(self._path)  # noqa: PTH116
            with suppress(FileNotFoundError):
                os.unlink(self._beside)  # noqa: PTH108 - of a run that was killed
            end = b"\n" if self._ends_with_newline() else b""
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0)
            beside = os.open(self._beside, flags, 0o600)
            try:
                with open(beside, "wb") as file:  # noqa: PTH123
                    file.write(new.value.encode() + end)
                    self._keep_rights(file.fileno(), before)
                    file.flush()
                    os.fsync(file.fileno())
                os.replace(self._beside, self._path)  # noqa: PTH105
            except OSError:
                with suppress(OSError):
                    os.unlink(self._beside)  # noqa: PTH108
                raise
            self._sync_folder()

    def _ends_with_newline(self) -> bool:
        with open(self._path, "rb") as file:  # noqa: PTH123
            return file.read().endswith(b"\n")

    def _keep_rights(self, number: int, before: os.stat_result) -> None:
        """Give the new file the owner and mode of the old one; a program may be another user."""
        if not hasattr(os, "fchown"):  # Windows
            return
        now = os.fstat(number)
        if (now.st_uid, now.st_gid) != (before.st_uid, before.st_gid):
            os.fchown(number, before.st_uid, before.st_gid)
        os.fchmod(number, stat.S_IMODE(before.st_mode))

    def _sync_folder(self) -> None:
        """Make the new name durable; Windows opens no directories, and does that itself."""
        with suppress(PermissionError):
            folder = os.open(self._folder, os.O_RDONLY)
            try:
                os.fsync(folder)
            finally:
                os.close(folder)

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise ConfigurationError(
                f"{self.where} cannot be replaced ({error.strerror}): check the rights of the "
                "file and of its directory"
            ) from None
