"""A folder of small files that one user alone can read and write, shared by his processes.

Page not found follows a symbolic link or trusts a file that somebody else could have written.
"""

import os
import re
import stat
import tempfile
import time
from contextlib import suppress
from pathlib import Path

_FOLDER_MODE, FILE_MODE = 0o700, 0o600
_WRITABLE_BY_OTHERS, _OPEN_TO_OTHERS = 0o022, 0o077
# A symbolic link is not followed, and a pipe does not keep us waiting.
_READ = os.O_RDONLY | sum(
    getattr(os, name, 0) for name in ("O_NOFOLLOW", "O_NONBLOCK", "O_CLOEXEC", "O_BINARY")
)
_KEPT = 30 * 24 * 3600  # seconds for which files that nobody writes any more lie about
_OURS = re.compile(r"[0-9a-f]{40}\.(?:json|lock|\w+\.tmp)")


class PrivateDirectory:
    """Files named by 40 hexadecimal digits and ".json"; ".lock" beside them is for the locks.

    Every method raises OSError where the system will not do it, and ValueError where the
    folder (None is one without a place), the file or its rights are not as they must be.
    """

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._has_swept = False

    def read(self, name: str, longest: int) -> bytes:
        """Give the content of a file, or its first `longest` bytes."""
        file = os.open(self._check() / name, _READ)
        try:
            status = os.fstat(file)
            if not stat.S_ISREG(status.st_mode):
                raise ValueError("it is not a file")
            if not _is_mine(status, _OPEN_TO_OTHERS):
                raise ValueError("others may read or write it")
            return os.read(file, longest)
        finally:
            os.close(file)

    def write(self, name: str, content: bytes) -> None:
        """Put `content` in place of a file at once, so that nobody reads half of it.

        It need not survive a power cut, so nothing waits for the disk.
        """
        folder = self.make()
        file, temporary = tempfile.mkstemp(".tmp", f"{Path(name).stem}.", folder)
        try:
            with os.fdopen(file, "wb") as stream:
                stream.write(content)
            Path(temporary).chmod(FILE_MODE)  # whatever the umask
            Path(temporary).replace(folder / name)
        except BaseException:
            Path(temporary).unlink(missing_ok=True)
            raise
        if not self._has_swept:
            self._has_swept = True
            with suppress(OSError):  # another process sweeps too
                _sweep(folder)

    def make(self) -> Path:
        """Give the path of the folder, which is made if need be."""
        if self._path is not None:
            self._path.parent.mkdir(mode=_FOLDER_MODE, parents=True, exist_ok=True)
            try:
                self._path.mkdir(mode=_FOLDER_MODE)
            except FileExistsError:
                pass
            else:
                self._path.chmod(_FOLDER_MODE)  # the umask may have taken rights from us, too
        return self._check()

    def _check(self) -> Path:
        path = self._path
        if path is None:
            raise ValueError("there is no home directory: name a directory for the cache")
        status = path.lstat()
        if not stat.S_ISDIR(status.st_mode):
            raise ValueError(f"{path} is not a folder: remove it")
        if not _is_mine(status, _WRITABLE_BY_OTHERS):
            raise ValueError(f"others own {path} or may write to it: make it yours alone")
        return path


def _is_mine(status: os.stat_result, forbidden: int) -> bool:
    """Tell whether a file is ours, without `forbidden` rights; Windows keeps these elsewhere."""
    return os.name != "posix" or (status.st_uid == os.geteuid() and not status.st_mode & forbidden)


def _sweep(folder: Path) -> None:
    """Remove files of ours that are long out of use: of secrets, scopes and boots gone by.

    A lock is as old as its first use, so it stays and goes with its file.
    """
    files = {file: file.lstat().st_mtime for file in folder.iterdir() if _OURS.fullmatch(file.name)}
    since = time.time() - _KEPT
    in_use = {_subject(file) for file, written_at in files.items() if written_at > since}
    for file in files:
        if _subject(file) not in in_use:
            file.unlink(missing_ok=True)


def _subject(file: Path) -> str:
    return file.name.removesuffix(".json").removesuffix(".lock")
