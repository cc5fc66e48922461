"""Tokens in files, so that the processes of one user on one machine share them.

A script that runs every minute, or two hundred workers that start at once, then make one token
request in all. A fault of the directory, a file or a lock is a cache miss: the process requests its
own token, as it would without a cache.

The files hold tokens in clear, and only their owner can read them (mode 0600, in a directory that
only the owner can write to): a process that can read these can read the client secret as well.
The files do not hold the secret, and their names do not reveal it (see `_file_name`).
"""

import json
import logging
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from hashlib import pbkdf2_hmac, scrypt
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING

from gatepass.client.cache import serialization
from gatepass.client.cache.private_directory import FILE_MODE, PrivateDirectory
from gatepass.client.errors import ConfigurationError
from gatepass.client.tokens import clock
from gatepass.client.tokens.clock import ClockReading
from gatepass.client.tokens.token import CachedToken
from gatepass.wire.secret import Secret

if TYPE_CHECKING:
    from filelock import FileLock

_log = logging.getLogger("gatepass.client")

_POLL = 0.05  # seconds between attempts to take a lock that another process holds
_SALT = b"gatepass: file name of a cached token, version 1"


class FileCache:
    """Tokens that processes share, in files of `directory` (`default_directory()` if None).

    Needs the extra `gatepass[cache]`; raises ConfigurationError without it. `read_clock`
    returns the time. Threads may share a FileCache, and processes that were forked.
    """

    def __init__(
        self,
        directory: Path | None = None,
        *,
        read_clock: Callable[[], ClockReading] = clock.read,
    ) -> None:
        self._lock_class = _file_lock()
        # A process that changes its working directory later keeps its cache.
        path = directory.absolute() if directory is not None else default_directory()
        self._store = _Store(PrivateDirectory(path), read_clock)

    def entry(self, settings_key: Sequence[str], secrets: Sequence[Secret]) -> "Entry":
        """Return the entry of one token, for one renewal.

        `settings_key` is all that the token depends on besides the `secrets`, whose order does
        not matter. Takes about 10 ms the first time, and neither reads nor writes a file.
        """
        values = tuple(sorted({secret.value for secret in secrets}))
        # Hosts that share a home directory cannot use each other's tokens, nor overwrite them.
        name = _file_name(self._store.read_clock().boot, tuple(settings_key), values)
        return Entry(self._store, name, self._lock_class)


class _Store:
    """What the entries of a FileCache have in common."""

    def __init__(self, directory: PrivateDirectory, read_clock: Callable[[], ClockReading]) -> None:
        self.directory = directory
        self.read_clock = read_clock
        self._has_warned = False

    def warn_once(self, why: str) -> None:
        """Log that tokens are not shared, the first time only."""
        if not self._has_warned:
            self._has_warned = True
            _log.warning("token not cached, each process requests its own: %s", why)


class Entry:
    """The entry of one token, for one renewal: lock, read again, request, write, unlock.

    No method raises: where one fails, the caller continues as without a cache.
    """

    def __init__(self, store: _Store, name: str, lock_class: type["FileLock"]) -> None:
        self._store = store
        self._name = name
        self._lock_class = lock_class
        self._locks = {os.getpid(): _CancellableLock()}

    def read(self) -> CachedToken | None:
        """Return the token, None where there is no usable one."""
        try:
            content = self._store.directory.read(f"{self._name}.json", serialization.LONGEST + 1)
            return serialization.read(content, self._store.read_clock())
        except FileNotFoundError:
            return None
        except (OSError, ValueError) as error:
            _log.debug("cached token not used: %s", _reason(error))
            return None

    def write(self, token: CachedToken) -> None:
        """Share `token` with other processes; the first failure of a FileCache logs a warning."""
        try:
            content = serialization.write(token, self._store.read_clock())
            self._store.directory.write(f"{self._name}.json", content)
        except (OSError, ValueError) as error:
            self._store.warn_once(_reason(error))

    def lock(self, timeout: float) -> bool:
        """Wait at most `timeout` seconds for the lock; return whether this process has it now.

        0 tries once. The wait ends without the lock as soon as another process has written:
        two hundred waiting processes then read that token, and do not queue for the lock.
        Another thread may unlock. A process that is forked meanwhile does not have the lock, and
        the system releases the lock of one that dies.
        """
        try:
            path = self._store.directory.make() / f"{self._name}.lock"
            token = path.with_suffix(".json")
            before = _trace(token)
            # A soft lock, which is a file that exists, would outlive a process that is killed.
            lock = self._lock_class(
                path, mode=FILE_MODE, thread_local=False, fallback_to_soft=False
            )
            return self._own_lock().acquire(
                lock, timeout, lambda: _trace(token) not in {None, before}
            )
        except Exception as error:  # noqa: BLE001 - the library may raise anything
            _log.debug("token cache not locked: %s", _reason(error))
            return False

    def unlock(self) -> None:
        """Release the lock if this process has it; cancel a pending `lock`."""
        try:
            self._own_lock().release()
        except Exception as error:  # noqa: BLE001 - the same
            _log.debug("token cache not unlocked: %s", _reason(error))

    def _own_lock(self) -> "_CancellableLock":
        """Return this process's lock; a forked process does not have its parent's."""
        return self._locks.setdefault(os.getpid(), _CancellableLock())


class _CancellableLock:
    """A file lock that one thread waits for while another may release it for good."""

    def __init__(self) -> None:
        self._mutex = Lock()  # never held across a wait
        self._lock: FileLock | None = None
        self._is_released = False

    def acquire(self, lock: "FileLock", timeout: float, is_needless: Callable[[], bool]) -> bool:
        lock.acquire(
            max(0.0, timeout), _POLL, cancel_check=lambda: self._is_released or is_needless()
        )
        with self._mutex:
            if not self._is_released:
                self._lock = lock
                return True
        lock.release()  # too late
        return False

    def release(self) -> None:
        with self._mutex:
            self._is_released = True
            lock, self._lock = self._lock, None
        if lock is not None:
            lock.release()


def default_directory(
    platform: str = sys.platform, environ: Mapping[str, str] = os.environ
) -> Path | None:
    """Return the directory "gatepass" in the user's cache directory, None without a home.

    The cache directory is that of XDG_CACHE_HOME (XDG Base Directory Specification; a relative
    path is ignored) or, on Windows, LOCALAPPDATA; else it is the system's usual one.
    """
    variable, usual = {
        "win32": ("LOCALAPPDATA", "AppData/Local"),
        "darwin": ("", "Library/Caches"),
    }.get(platform, ("XDG_CACHE_HOME", ".cache"))
    named = Path(environ.get(variable, ""))
    if named.is_absolute():
        return named / "gatepass"
    try:
        return Path.home() / usual / "gatepass"
    except RuntimeError:
        return None


@lru_cache(maxsize=64)
def _file_name(boot: str, settings_key: tuple[str, ...], secrets: tuple[str, ...]) -> str:
    """Return a name from which the secrets cannot be found.

    A secret that a person chose could be guessed and tried: scrypt (RFC 7914) makes each try
    cost 4 MB and 10 ms. JSON keeps the values apart, so that no two inputs give one text.
    """
    everything = json.dumps([boot, settings_key, secrets]).encode()
    try:
        return scrypt(everything, salt=_SALT, n=2**12, r=8, p=1, dklen=20).hex()
    except ValueError:  # pragma: no cover - an OpenSSL in FIPS mode has no scrypt
        return pbkdf2_hmac("sha256", everything, _SALT, 20_000, 20).hex()


def _trace(file: Path) -> tuple[int, int] | None:
    """Return what changes when `file` is replaced by another; None where there is no file."""
    try:
        status = file.lstat()
    except FileNotFoundError:
        return None
    return status.st_ino, status.st_mtime_ns


def _file_lock() -> type["FileLock"]:
    try:
        from filelock import FileLock  # an extra, and slow to load
    except ImportError:
        raise ConfigurationError(
            "the token cache needs a library: pip install 'gatepass[cache]'"
        ) from None
    return FileLock


def _reason(error: Exception) -> str:
    """Return what went wrong, without any of a file's content."""
    if isinstance(error, OSError):
        return error.strerror or type(error).__name__
    return str(error) if isinstance(error, ValueError) else type(error).__name__
