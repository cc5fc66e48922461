"""A worker process as its supervisor knows it, and the states that it reports.

A worker reports its state over a channel, a socket pair.
"""

import signal
import socket
import time
from collections.abc import Callable
from contextlib import suppress
from multiprocessing.process import BaseProcess
from typing import NamedTuple

import structlog

STARTING = b"s"
WAITING = b"w"  # for a database; it serves no request yet
READY = b"r"
# What the supervisor says to a worker:
REFUSE = b"a"  # answer requests with 503: no other worker serves either
DRAIN = b"d"  # serve on, but send load balancers away
STOP = b"e"  # stop accepting, and finish what runs
ABORT = b"x"  # end at once

CHECK_EVERY = 0.25  # seconds
MOST_READ = 4096  # bytes
_KILL_AFTER = 2.0  # seconds over its limit that a worker has to end itself

log = structlog.get_logger("gatepass.server")

Start = Callable[[socket.socket], BaseProcess]
"""Starts a worker process on its end of a channel."""


class Limits(NamedTuple):
    """Seconds of a worker's silence, of a server's end at most, and of the drain within that."""

    silence: float
    end: float
    drain: float


class WorkerProcess:
    """A process, the last state that it reported, and the seconds since then."""

    def __init__(self, start: Start) -> None:
        self.channel, theirs = socket.socketpair()
        self.channel.setblocking(False)
        with theirs:
            self.process = start(theirs)
        self.pid = self.process.pid
        self.state: bytes | None = None  # until its first sign of life
        self.silent_for = 0.0  # seconds
        self.ready_at: float | None = None
        self.kill_at: float | None = None  # set once it is to end
        self._may_refuse = False
        log.info("worker.started", worker=self.pid)

    def read_state(self) -> None:
        """Read what the worker has reported since the last time."""
        with suppress(BlockingIOError, ConnectionError):
            reported = self.channel.recv(MOST_READ)
            if not reported:
                return
            self.state, self.silent_for = reported[-1:], 0.0
            if self.state == READY and self.ready_at is None:
                self.ready_at = time.monotonic()
                log.info("worker.ready", worker=self.pid)

    def let_refuse(self) -> None:
        """Have a worker that waits for its database answer requests with 503."""
        if not self._may_refuse:
            self._may_refuse = True
            self._say(REFUSE)

    def drain(self, within: float) -> None:
        """Let the process drain, which then is to end within so many seconds."""
        self._limit_end(within)
        self._say(DRAIN)

    def end(self, within: float) -> None:
        """Ask the process to end within so many seconds; afterwards it is to be killed."""
        self._limit_end(within)
        self._say(STOP)

    def abort(self) -> None:
        """Ask the process to end at once."""
        self._limit_end(0)
        self._say(ABORT)

    def _limit_end(self, within: float) -> None:
        """Set when the process is killed; one that is not listening yet is ended by its signal."""
        kill_at = time.monotonic() + within + _KILL_AFTER
        self.kill_at = kill_at if self.kill_at is None else min(self.kill_at, kill_at)
        if self.state is None:
            self.process.terminate()

    def _say(self, what: bytes) -> None:
        with suppress(OSError):
            self.channel.send(what)

    def kill(self, reason: str) -> None:
        """Kill the process, and log why."""
        log.error("worker.killed", worker=self.pid, reason=reason)
        self.process.kill()

    def close(self) -> None:
        """Release what a process that has ended leaves behind."""
        self.process.join()
        self.channel.close()


def start_ready(
    start: Start, is_wanted: Callable[[], bool], limits: Limits
) -> WorkerProcess | None:
    """Start a worker and return it once it is ready; None if it ended or is no longer wanted."""
    worker = WorkerProcess(start)
    worker.channel.settimeout(CHECK_EVERY)
    while is_wanted() and worker.process.exitcode is None:
        with suppress(TimeoutError):
            worker.read_state()
        if worker.state == READY:
            worker.channel.setblocking(False)
            return worker
        if worker.process.exitcode is None:
            worker.process.join(CHECK_EVERY / 10)
    worker.end(limits.end)
    worker.close()
    return None


def described(status: int) -> str:
    """Return an exit status in words, as `SIGKILL` or `3`."""
    return signal.Signals(-status).name if status < 0 else str(status)
