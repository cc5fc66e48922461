import fcntl
import shutil
import subprocess
from pathlib import Path

import pytest

from clients.partner import Partner
from server_process import Server

_LOCKED = Path(__file__).parent / "package-lock.json"


@pytest.fixture(scope="session")
def partner(server: Server) -> Partner:
    organization = server.create_organization("Third Party", "thea")
    credentials = server.create_application(organization.org_id)
    api_url = f"{server.url()}/api/partners/v2.0/org/{organization.org_id}"
    return Partner(credentials, server.url(), api_url, organization.org_id)


@pytest.fixture(scope="session")
def node() -> str:
    """Node.js, with the packages of the lock file; left out where it is not installed."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if not node or not npm:
        pytest.skip("openid-client needs Node.js 20 or newer: apt install nodejs npm")
    with _LOCKED.open() as lock:  # tests may run in several processes
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not _is_installed():
            _install(npm)
    return node


def _install(npm: str) -> None:
    installed = subprocess.run(
        [npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund"],
        cwd=_LOCKED.parent,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert installed.returncode == 0, installed.stderr


def _is_installed() -> bool:
    """Return whether npm has installed what the lock file says, and not something older."""
    kept = _LOCKED.parent / "node_modules" / ".package-lock.json"
    return kept.exists() and kept.stat().st_mtime >= _LOCKED.stat().st_mtime
