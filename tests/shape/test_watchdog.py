"""A run of tests that is killed leaves no server behind."""

import os
import select
import signal
import subprocess
import sys
from pathlib import Path

import watchdog
from commands import clean_variables

TESTS = Path(watchdog.__file__).parent
STARTS_A_SERVER = """
import subprocess, sys, time

def test_that_takes_long():
    server = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"],
                              start_new_session=True)
    print(server.pid, flush=True)
    time.sleep(600)
"""


def test_what_a_killed_run_has_started_is_ended(tmp_path: Path) -> None:
    (tmp_path / "conftest.py").symlink_to(TESTS / "conftest.py")
    (tmp_path / "test_it.py").write_text(STARTS_A_SERVER)
    environ = clean_variables({"PYTHONPATH": str(TESTS)})
    environ.pop(watchdog.VARIABLE, None)
    with subprocess.Popen(
        [sys.executable, "-m", "pytest", "-s", "-q", "-p", "no:cacheprovider", str(tmp_path)],
        stdout=subprocess.PIPE,
        env=environ,
        cwd=tmp_path,
        text=True,
    ) as run:
        assert run.stdout is not None
        server = int(next(line for line in run.stdout if line.strip().isdigit()))
        ending = os.pidfd_open(server)
        run.send_signal(signal.SIGKILL)

    assert select.select([ending], [], [], 60)[0]
    os.close(ending)
