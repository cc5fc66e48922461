"""Packages for Node.js that tests use, as a lock file has them."""

import fcntl
import shutil
import subprocess
from pathlib import Path

import pytest


def install(lock: Path, what: str) -> str:
    """Install the packages of a lock file beside it, once; return Node.js, skip without it."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if not node or not npm:
        pytest.skip(f"{what} needs Node.js 20 or newer: apt install nodejs npm")
    with lock.open() as locked:  # tests may run in several processes
        fcntl.flock(locked, fcntl.LOCK_EX)
        if not _is_installed(lock):
            _install(npm, lock.parent)
    return node


def _install(npm: str, folder: Path) -> None:
    installed = subprocess.run(
        [npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund"],
        cwd=folder,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert installed.returncode == 0, installed.stderr


def _is_installed(lock: Path) -> bool:
    """Return whether npm has installed what the lock file says, and not something older."""
    kept = lock.parent / "node_modules" / ".package-lock.json"
    return kept.exists() and kept.stat().st_mtime >= lock.stat().st_mtime
