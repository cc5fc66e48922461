"""Tokens in files, so that the processes of one user on one machine share them.

A script that runs every minute, or two hundred workers that start at once, then make one token
request in all. What is wrong with the folder, a file or a lock makes a miss: the process asks
the token endpoint itself, as it would without a cache.

The tokens stand in clear in files that their owner alone can read (mode 0600, in a folder that
he alone can write to): whoever can read these can read the client secret as well. The secret
does not stand there, and a file's name does not give it away (see `_file_name`).
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
from gatepass.client.tokens.clock import Moment
from gatepass.client.tokens.token import CachedToken
from gatepass.wire.secret import Secret

if TYPE_CHECKING:
    from filelock import FileLock

_log = logging.getLogger("gatepass.client")

_POLL = 0.05  # seconds between two looks at a lock that another process holds
_SALT = b"gatepass: file name of a cached token, version 1"


class FileCache:
    """Tokens that processes share, in files of `directory` (`default_directory()` if None).

    Needs the extra `gatepass[cache]`; raises ConfigurationError without it. `moment` tells the
    time. Threads may share a FileCache, and processes that were forked.
    """

    def __init__(
        self, directory: Path | None = None, *, moment: Callable[[], Moment] = clock.moment
    ) -> None:
        self._lock_class = _file_lock()
        # A process that changes its working directory later keeps its cache.
        path = directory.absolute() if directory is not None else default_directory()
        self._shelf = _Shelf(PrivateDirectory(path), moment)

    def entry(self, settings_key: Sequence[str], secrets: Sequence[Secret]) -> "Entry":
        """Find the place of one token, for one renewal.

        `settings_key` is all that the token depends on besides the `secrets`, whose order does
        not matter. Takes about 10 ms the first time, and neither reads nor writes a file.
        """
        known = tuple(sorted({secret.value for secret in secrets}))
        # Hosts that share a home directory would overwrite what means nothing to one another.
        name = _file_name(self._shelf.moment().boot, tuple(settings_key), known)
        return Entry(self._shelf, name, self._lock_class)


class _Shelf:
    """What the entries of a FileCache have in common."""

    def __init__(self, folder: PrivateDirectory, moment: Callable[[], Moment]) -> None:
        self.folder = folder
        self.moment = moment
        self._has_warned = False

    def warn_once(self, why: str) -> None:
        """Say that tokens are not shared, the first time it is so."""
        if not self._has_warned:
            self._has_warned = True
            _log.warning("token not cached, each process asks for its own: %s", why)


class Entry:
    """The place of one token, for one renewal: lock, read again, ask, write, unlock.

    No method raises: where one fails, the caller goes on as if there were no cache.
    """

    def __init__(self, shelf: _Shelf, name: str, lock_class: type["FileLock"]) -> None:
        self._shelf = shelf
        self._name = name
        self._lock_class = lock_class
        self._holds = {os.getpid(): _Hold()}

    def read(self) -> CachedToken | None:
        """Give the token, None where there is no good one."""
        try:
            content = self._shelf.folder.read(f"{self._name}.json", serialization.LONGEST + 1)
            return serialization.read(content, self._shelf.moment())
        except FileNotFoundError:
            return None
        except (OSError, ValueError) as error:
            _log.debug("cached token not used: %s", _reason(error))
            return None

    def write(self, token: CachedToken) -> None:
        """Let other processes have `token`; the first failure of a FileCache is a warning."""
        try:
            content = serialization.write(token, self._shelf.moment())
            self._shelf.folder.write(f"{self._name}.json", content)
        except (OSError, ValueError) as error:
            self._shelf.warn_once(_reason(error))

    def lock(self, timeout: float) -> bool:
        """Wait at most `timeout` seconds for the lock; tell whether it is ours now.

        0 tries once. The wait ends without the lock as soon as another process has written:
        two hundred that wait then read what is there, and do not queue to be told the same.
        Another thread may unlock; a process that is forked meanwhile does not hold the lock,
        and one that dies lets it go.
        """
        try:
            path = self._shelf.folder.make() / f"{self._name}.lock"
            token = path.with_suffix(".json")
            before = _trace(token)
            # A soft lock, a mark in a file, would outlive a process that is killed.
            lock = self._lock_class(
                path, mode=FILE_MODE, thread_local=False, fallback_to_soft=False
            )
            return self._own_hold().take(lock, timeout, lambda: _trace(token) not in {None, before})
        except Exception as error:  # noqa: BLE001 - whatever another library cannot do here
            _log.debug("token cache not locked: %s", _reason(error))
            return False

    def unlock(self) -> None:
        """End the renewal: let the lock go if it is ours, and a wait for it, for good."""
        try:
            self._own_hold().end()
        except Exception as error:  # noqa: BLE001 - the same
            _log.debug("token cache not unlocked: %s", _reason(error))

    def _own_hold(self) -> "_Hold":
        """Give what this process holds: of its parent's, one that was forked knows nothing."""
        return self._holds.setdefault(os.getpid(), _Hold())


class _Hold:
    """A lock that one thread waits for while another may end it all."""

    def __init__(self) -> None:
        self._guard = Lock()  # never held across a wait
        self._lock: FileLock | None = None
        self._is_over = False

    def take(self, lock: "FileLock", timeout: float, is_needless: Callable[[], bool]) -> bool:
        lock.acquire(max(0.0, timeout), _POLL, cancel_check=lambda: self._is_over or is_needless())
        with self._guard:
            if not self._is_over:
                self._lock = lock
                return True
        lock.release()  # it came too late
        return False

    def end(self) -> None:
        with self._guard:
            self._is_over = True
            lock, self._lock = self._lock, None
        if lock is not None:
            lock.release()


def default_directory(
    platform: str = sys.platform, environ: Mapping[str, str] = os.environ
) -> Path | None:
    """Give the folder "gatepass" in the user's cache directory, None where he has no home.

    That directory is named by XDG_CACHE_HOME (XDG Base Directory Specification; a relative
    path does not count) or, on Windows, LOCALAPPDATA; else it is where the system has it.
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
    """Give a name that nobody can find without the secrets, nor the secrets by the name.

    A secret that a person chose could be guessed and tried: scrypt (RFC 7914) makes each try
    cost 4 MB and 10 ms. JSON keeps apart what only put together would be alike.
    """
    everything = json.dumps([boot, settings_key, secrets]).encode()
    try:
        return scrypt(everything, salt=_SALT, n=2**12, r=8, p=1, dklen=20).hex()
    except ValueError:  # pragma: no cover - an OpenSSL in FIPS mode has no scrypt
        return pbkdf2_hmac("sha256", everything, _SALT, 20_000, 20).hex()


def _trace(file: Path) -> tuple[int, int] | None:
    """Give what differs once another file is in the place of `file`; None where there is none."""
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
    """Say what went wrong in words that hold nothing of a file's content."""
    if isinstance(error, OSError):
        return error.strerror or type(error).__name__
    return str(error) if isinstance(error, ValueError) else type(error).__name__
