"""Runs servers and the load generator wrk, and reads what wrk prints."""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

ROOT = Path(__file__).resolve().parent.parent
_UNITS = {"us": 1e-3, "ms": 1.0, "s": 1e3}


@dataclass(frozen=True)
class Figures:
    """What wrk measured; latencies in milliseconds, processor time in microseconds a request."""

    per_second: float
    cpu: float
    p50: float
    p99: float


@dataclass(frozen=True)
class Load:
    """What wrk sends: requests with one body over so many connections for so many seconds."""

    headers: dict[str, str]
    body: str
    connections: int
    seconds: int


def wrk(url: str, load: Load, process_id: int) -> Figures:
    """Load `url`, which a process serves, as fast as it answers; fail where one is not 2xx."""
    program = shutil.which("wrk")
    if program is None:
        sys.exit("This benchmark needs wrk. Install it: apt-get install wrk")
    with tempfile.NamedTemporaryFile("w", suffix=".lua") as script:
        script.write(f'wrk.method = "POST"\nwrk.body = {json.dumps(load.body)}\n')
        for name, value in load.headers.items():
            script.write(f"wrk.headers[{json.dumps(name)}] = {json.dumps(value)}\n")
        script.flush()
        how = ["-t1", f"-c{load.connections}", f"-d{load.seconds}", "--latency", "-s", script.name]
        before = cpu_seconds(process_id)
        ran = subprocess.run([program, *how, url], capture_output=True, text=True, check=True)
        used = cpu_seconds(process_id) - before
    if "Non-2xx" in ran.stdout or "Socket errors" in ran.stdout:
        sys.exit(f"Not every request was answered:\n{ran.stdout}")
    rate = re.search(r"Requests/sec:\s+([\d.]+)", ran.stdout)
    total = re.search(r"(\d+) requests in", ran.stdout)
    if rate is None or total is None:
        sys.exit(f"wrk said nothing that is understood:\n{ran.stdout}")
    cpu = used / int(total[1]) * 1e6
    return Figures(float(rate[1]), cpu, _latency(ran.stdout, 50), _latency(ran.stdout, 99))


def _latency(text: str, percentile: int) -> float:
    found = re.search(rf"{percentile}%\s+([\d.]+)(us|ms|s)", text)
    return float(found[1]) * _UNITS[found[2]] if found else float("nan")


@contextmanager
def running(arguments: list[str], port: int, path: str = "/") -> Iterator[int]:
    """Run a Python program until the block ends; give its process id once it answers on `port`."""
    command = [sys.executable, *arguments]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL) as process:
        try:
            _wait(process, f"http://127.0.0.1:{port}{path}")
            yield process.pid
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(30)


def _wait(process: "subprocess.Popen[bytes]", url: str) -> None:
    for _ in range(300):
        try:
            with urlopen(url, timeout=1):
                return
        except (URLError, OSError):
            if process.poll() is not None:
                sys.exit(f"{url} ended before it answered.")
            time.sleep(0.1)
    sys.exit(f"{url} did not answer within 30 seconds.")


def free_port() -> int:
    """Give a port of which it and the next one are free."""
    while True:
        with socket.socket() as first, socket.socket() as second:
            first.bind(("127.0.0.1", 0))
            port: int = first.getsockname()[1]
            try:
                second.bind(("127.0.0.1", port + 1))
            except OSError:
                continue
            return port


def cpu_seconds(process_id: int) -> float:
    """Give the processor time that a process has used: what a busy machine does not distort."""
    after_name = Path(f"/proc/{process_id}/stat").read_text().rpartition(")")[2].split()
    return (int(after_name[11]) + int(after_name[12])) / os.sysconf("SC_CLK_TCK")


def peak_memory(process_id: int) -> float:
    """Give the most memory that a process ever held, in MB."""
    status = Path(f"/proc/{process_id}/status").read_text()
    found = re.search(r"VmHWM:\s+(\d+) kB", status)
    return int(found[1]) / 1024 if found else float("nan")
