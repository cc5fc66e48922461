"""Publishes the server's addresses to commands on the same data directory.

Port and issuers may come from arguments and variables that a command does not have. So the server
writes its issuers to a file and locks it while it runs.
"""

import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from gatepass.server.configuration.settings import Settings
from gatepass.server.environment import data_directory
from gatepass.server.environment.environment import NAMES

if sys.platform != "win32":
    import fcntl

_FILE = "issuers.json"


@contextmanager
def published(settings: Settings) -> Iterator[None]:
    """Publish this server's issuers to commands within the block; the data directory exists."""
    if sys.platform == "win32" or not data_directory.keeps_files(settings):
        yield
        return
    file = settings.data / _FILE
    draft = file.with_suffix(f".{os.getpid()}")
    issuers = {name: settings.issuer(mode) for mode, name in NAMES.items()}
    draft.write_text(json.dumps(issuers), encoding="utf-8")
    draft.replace(file)
    with file.open(encoding="utf-8") as locked:
        fcntl.flock(locked, fcntl.LOCK_EX)
        yield


def issuers(data: Path) -> dict[str, str]:
    """Return the issuers, by environment, of the server that runs on `data`; empty if none runs."""
    try:
        with (data / _FILE).open(encoding="utf-8") as file:
            found = json.load(file) if _is_locked(file) else {}
    except (OSError, ValueError):
        return {}
    is_whole = isinstance(found, dict) and found.keys() == set(NAMES.values())
    return {name: str(found[name]) for name in found} if is_whole else {}


def _is_locked(file: TextIO) -> bool:
    if sys.platform == "win32":  # commands there use their own settings
        return False
    try:
        fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    return False
