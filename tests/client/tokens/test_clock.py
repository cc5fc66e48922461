"""The clock that all processes of a boot share."""

import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

from gatepass.client.tokens import clock

ASK = """
from gatepass.client.tokens import clock
m = clock.read()
print(m.now, m.wall, m.boot, sep="|")
"""


def test_two_processes_read_one_clock_in_one_boot() -> None:
    before = clock.read()
    ran = subprocess.run([sys.executable, "-c", ASK], capture_output=True, text=True, check=True)
    after = clock.read()
    now, wall, boot = ran.stdout.strip().split("|")

    assert before.now < float(now) < after.now
    assert before.wall < float(wall) < after.wall
    assert before.boot == boot == after.boot


def test_the_clock_counts_sleep_on_linux_macos_and_windows() -> None:
    def clock_gettime(which: int) -> float:
        return which * 100.0

    linux = SimpleNamespace(CLOCK_BOOTTIME=7, CLOCK_MONOTONIC=1, clock_gettime=clock_gettime)
    macos = SimpleNamespace(CLOCK_MONOTONIC=6, clock_gettime=clock_gettime)
    windows = SimpleNamespace(monotonic=lambda: 5.0)

    assert [clock.monotonic_clock(machine)() for machine in (linux, macos, windows)] == [
        700,
        600,
        5,
    ]


def test_a_boot_is_named_by_its_id_and_the_time_namespace(tmp_path: Path) -> None:
    (tmp_path / "sys/kernel/random").mkdir(parents=True)
    (tmp_path / "sys/kernel/random/boot_id").write_text("b-1\n")
    assert clock.boot(tmp_path) == "b-1"

    (tmp_path / "self/ns").mkdir(parents=True)
    (tmp_path / "self/ns/time").symlink_to("time:[7]")
    assert clock.boot(tmp_path) == "b-1 time:[7]"


def test_a_machine_that_does_not_tell_its_boot_has_none(tmp_path: Path) -> None:
    assert clock.boot(tmp_path) == ""
