"""The systemd units: systemd accepts them, and they leave the service few rights."""

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.conftest import ROOT
from gatepass.server.configuration.settings import load
from server_process import Server

UNITS = ROOT / "examples" / "deploy" / "systemd"
_ANALYZE = shutil.which("systemd-analyze")
_MOST_EXPOSED = 13  # tenths, of 100
# Refuses memory that is written and executed, as MemoryDenyWriteExecute= does (Linux 6.3).
_DENY_WRITE_EXECUTE = """
import ctypes, os, sys
libc = ctypes.CDLL(None, use_errno=True)
if libc.prctl(65, 1, 0, 0, 0):
    raise SystemExit("no PR_SET_MDWE")
os.execv(sys.argv[1], sys.argv[1:])
"""


@pytest.fixture
def unit(tmp_path: Path) -> Path:
    """Return a copy of the unit, with a program that exists here."""
    if _ANALYZE is None:
        pytest.skip("systemd-analyze is missing (Debian: apt-get install systemd)")
    shutil.copytree(UNITS, tmp_path, dirs_exist_ok=True)
    unit = tmp_path / "gatepass.service"
    unit.write_text(unit.read_text().replace("/opt/gatepass/bin/gatepass", sys.executable))
    return unit


def analyze(*arguments: str | Path) -> "subprocess.CompletedProcess[str]":
    assert _ANALYZE is not None
    return subprocess.run(
        [_ANALYZE, "--no-pager", *arguments], capture_output=True, text=True, check=False
    )


def test_systemd_finds_no_fault_in_the_unit_and_its_drop_in(unit: Path) -> None:
    ran = analyze("verify", "--man=no", unit)

    assert (ran.returncode, ran.stderr) == (0, "")

    unit.write_text(unit.read_text().replace("ProtectHome=yes", "ProtectHouse=yes"))
    assert "ProtectHouse" in analyze("verify", "--man=no", unit).stderr


def test_the_service_is_exposed_as_little_as_systemd_can_see(unit: Path) -> None:
    limits = ("security", "--offline=true", f"--threshold={_MOST_EXPOSED}")

    ran = analyze(*limits, unit)
    assert ran.returncode == 0, ran.stdout

    unit.write_text(unit.read_text().replace("ProtectSystem=strict", "ProtectSystem=no"))
    assert analyze(*limits, unit).returncode != 0


def test_the_drop_in_of_the_page_about_hardening_is_one(unit: Path) -> None:
    page = (ROOT / "docs" / "operate" / "harden.md").read_text()
    [text] = re.findall(r"```ini\n(.*?)```", page, re.DOTALL)
    (unit.parent / "gatepass.service.d" / "network.conf").write_text(text)

    ran = analyze("verify", "--man=no", unit)

    assert (ran.returncode, ran.stderr) == (0, "")


def _values(name: str) -> Iterator[str]:
    for line in (UNITS / "gatepass.service").read_text().splitlines():
        if line.startswith(f"{name}="):
            yield line.partition("=")[2]


def test_systemd_waits_longer_than_the_server_takes_to_stop(tmp_path: Path) -> None:
    [seconds] = _values("TimeoutStopSec")

    assert float(seconds) > load(data=tmp_path).shutdown_timeout


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="Linux only")
def test_the_server_needs_no_memory_that_is_written_and_executed(tmp_path: Path) -> None:
    [denied] = _values("MemoryDenyWriteExecute")
    assert denied == "yes"
    probe = subprocess.run(
        [sys.executable, "-c", _DENY_WRITE_EXECUTE, sys.executable, "-c", ""],
        capture_output=True,
        check=False,
    )
    if probe.returncode:
        pytest.skip("the kernel cannot refuse such memory")
    server = Restricted(tmp_path / "data")
    try:
        server.start()
        client = server.create_application(server.create_organization().org_id)
        assert server.ask_token(*client[:2]).status == 200
        assert server.ask("GET", "/accounts/login/").status == 200
        assert server.stop() == 0
    finally:
        server.close()


class Restricted(Server):
    """A server that may not make memory executable that it has written."""

    def _limited(self) -> list[str]:
        return [sys.executable, "-c", _DENY_WRITE_EXECUTE]
