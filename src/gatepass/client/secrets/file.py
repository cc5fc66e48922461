"""The secret from a file, such as a container's secret mount or a systemd credential."""

import logging
import os
import stat
from dataclasses import dataclass, field

from gatepass.client.errors import ConfigurationError, cleaned
from gatepass.client.secrets.validation import LONGEST, decoded

_LOG = logging.getLogger("gatepass.client")
_READABLE = stat.S_IRGRP | stat.S_IROTH

_modes: dict[str, int] = {}  # of each file with a warning, so that it is logged once


@dataclass(frozen=True, slots=True, repr=False)
class FromFile:
    """Returns what the file at `path` holds, without the line break at its end.

    It is read on every call; a symbolic link is followed, as secret mounts use them.
    `setting` is the name of the setting that gave the path, for messages. A file that group
    or others can read is used with a warning to the logger `gatepass.client`, once until
    its mode changes.
    """

    path: str | os.PathLike[str]
    setting: str = field(default="", compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "path", os.fspath(self.path))

    def __repr__(self) -> str:
        return f"FromFile({cleaned(os.fspath(self.path))!r})"

    def __call__(self) -> str:
        """Read the file; raise ConfigurationError where it holds no secret."""
        path = os.fspath(self.path)
        where = f"the file {cleaned(path)}" + (f" ({self.setting})" if self.setting else "")
        try:
            content, mode = _read(path)
        except OSError as error:
            raise ConfigurationError(
                f"{where} cannot be read ({error.strerror}): check the path and its rights"
            ) from None
        except ValueError:  # a NUL in the path
            raise ConfigurationError(f"{where} is not a path: correct it") from None
        if not stat.S_ISREG(mode):
            raise ConfigurationError(f"{where} is not a file: give the path of one")
        secret = decoded(content, where)
        _warn_if_readable(path, stat.S_IMODE(mode))
        return secret


def _read(path: str) -> tuple[bytes, int]:
    """Return content and mode; a pipe without a writer does not block."""
    with open(path, "rb", opener=_open) as file:
        mode = os.fstat(file.fileno()).st_mode
        return file.read(LONGEST + 1) if stat.S_ISREG(mode) else b"", mode


def _open(path: str, flags: int) -> int:
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))


def _warn_if_readable(path: str, mode: int) -> None:
    readable = mode & _READABLE if os.name == "posix" else 0  # elsewhere the bits mean nothing
    if not readable:
        _modes.pop(path, None)
    elif _modes.get(path) != mode:
        _modes[path] = mode
        _LOG.warning(
            "the secret file %s can be read by others (mode %04o): chmod 600 it",
            cleaned(path),
            mode,
        )
