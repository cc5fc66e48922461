"""A directory of small files that only one user can read and write, shared by processes.

No symbolic link is followed, and no file is trusted that another user could have written.
"""

import os
import re
import stat
import tempfile
import time
from contextlib import suppress
from pathlib import Path

_DIRECTORY_MODE, FILE_MODE = 0o700, 0o600
_WRITABLE_BY_OTHERS, _OPEN_TO_OTHERS = 0o022, 0o077
# A symbolic link is not followed, and a pipe does not block.
_READ = os.O_RDONLY | sum(
    getattr(os, name, 0) for name in ("O_NOFOLLOW", "O_NONBLOCK", "O_CLOEXEC", "O_BINARY")
)
_RETENTION = 30 * 24 * 3600  # seconds after its last write that an unused file is kept
_OURS = re.compile(r"[0-9a-f]{40}\.(?:json|lock|\w+\.tmp)")


class PrivateDirectory:
    """Files named by 40 hexadecimal digits and ".json", with locks named ".lock" beside them.

    `path` is None where there is no home directory. Every method raises OSError where the
    system refuses, and ValueError where the directory, the file or its rights are not safe.
    """

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._has_swept = False

    def read(self, name: str, longest: int) -> bytes:
        """Return the content of a file, or its first `longest` bytes."""
        file = os.open(self._check() / name, _READ)
        try:
            status = os.fstat(file)
            if not stat.S_ISREG(status.st_mode):
                raise ValueError("it is not a file")
            if not _is_private(status, _OPEN_TO_OTHERS):
                raise ValueError("others may read or write it")
            return os.read(file, longest)
        finally:
            os.close(file)

    def write(self, name: str, content: bytes) -> None:
        """Replace a file's content atomically, so that no process reads half of it.

        It need not survive a power cut, so there is no fsync.
        """
        directory = self.make()
        file, temporary = tempfile.mkstemp(".tmp", f"{Path(name).stem}.", directory)
        try:
            with os.fdopen(file, "wb") as stream:
                stream.write(content)
            Path(temporary).chmod(FILE_MODE)  # whatever the umask
            Path(temporary).replace(directory / name)
        except BaseException:
            Path(temporary).unlink(missing_ok=True)
            raise
        if not self._has_swept:
            self._has_swept = True
            with suppress(OSError):  # another process sweeps too
                _sweep(directory)

    def make(self) -> Path:
        """Return the path of the directory, which is created if need be."""
        if self._path is not None:
            self._path.parent.mkdir(mode=_DIRECTORY_MODE, parents=True, exist_ok=True)
            try:
                self._path.mkdir(mode=_DIRECTORY_MODE)
            except FileExistsError:
                pass
            else:
                self._path.chmod(_DIRECTORY_MODE)  # the umask may have removed the owner's rights
        return self._check()

    def _check(self) -> Path:
        path = self._path
        if path is None:
            raise ValueError("there is no home directory: name a directory for the cache")
        status = path.lstat()
        if not stat.S_ISDIR(status.st_mode):
            raise ValueError(f"{path} is not a directory: remove it")
        if not _is_private(status, _WRITABLE_BY_OTHERS):
            raise ValueError(f"others own {path} or may write to it: make it yours alone")
        return path


def _is_private(status: os.stat_result, forbidden: int) -> bool:
    """Return whether this user owns a file without `forbidden` rights; always true on Windows."""
    return os.name != "posix" or (status.st_uid == os.geteuid() and not status.st_mode & forbidden)


def _sweep(directory: Path) -> None:
    """Remove cache files long out of use, of former secrets, scopes and boots.

    A lock's file is never written to, so it is removed with its token's file.
    """
    files = {
        file: file.lstat().st_mtime for file in directory.iterdir() if _OURS.fullmatch(file.name)
    }
    since = time.time() - _RETENTION
    in_use = {_subject(file) for file, written_at in files.items() if written_at > since}
    for file in files:
        if _subject(file) not in in_use:
            file.unlink(missing_ok=True)


def _subject(file: Path) -> str:
    return file.name.removesuffix(".json").removesuffix(".lock")
