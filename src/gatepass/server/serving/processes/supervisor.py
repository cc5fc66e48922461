"""Keeps a number of worker processes: starts, watches, replaces and ends them.

It knows nothing of HTTP and databases.
"""

import os
import selectors
import signal
import socket
import sys
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from types import FrameType

import structlog

from gatepass.server.serving.processes.sockets import LAST_CONNECTIONS, Listening
from gatepass.server.serving.processes.worker_process import (
    CHECK_EVERY,
    MOST_READ,
    READY,
    WAITING,
    Limits,
    Start,
    WorkerProcess,
    described,
)

_SHORTEST_PAUSE = 1.0  # seconds before a worker that ended early is replaced; doubled each time
_LONGEST_PAUSE = 30.0
_EARLY = 10.0  # seconds of service

log = structlog.get_logger("gatepass.server")


class Supervisor:
    """Keeps `count` workers until SIGTERM or SIGINT; replaces all of them at SIGHUP.

    At SIGTERM the workers drain before they end; a second signal ends them at once. `sockets` are
    those that the workers serve on.
    """

    def __init__(self, start: Start, count: int, limits: Limits, sockets: Listening) -> None:
        self._start = start
        self._count = count
        self._limits = limits
        self._sockets = sockets
        self._workers: list[WorkerProcess] = []
        self._successor: WorkerProcess | None = None  # replaces the first outdated one, once ready
        self._outdated: deque[WorkerProcess] = deque()
        self._ending: list[WorkerProcess] = []
        self._has_served = False
        self._has_failed = False
        self._is_stopping = False
        self._steps: deque[tuple[float, Callable[[], None]]] = deque()  # of the end, and when
        self._pause = _SHORTEST_PAUSE
        self._not_before = 0.0
        self._signals: list[int] = []
        self._wake, self._woken = socket.socketpair()

    def add(self, worker: WorkerProcess) -> None:
        """Add a worker that is ready already."""
        self._workers.append(worker)
        self._has_served = True

    def run(self, earlier: Callable[[], Iterable[int]] = tuple) -> bool:
        """Keep the workers; return False if the server ended because none could start.

        `earlier` returns the signals that came before this method handled them.
        """
        with self._catching_signals():
            self._signals.extend(earlier())
            checked_at = time.monotonic()
            while True:
                self._handle_signals()
                self._continue_stop()
                self._start_missing()
                if self._is_stopping and not self._all():
                    return not self._has_failed
                self._wait()
                now = time.monotonic()
                # While the supervisor itself was stopped, its workers were not silent.
                self._check(min(now - checked_at, 2 * CHECK_EVERY))
                checked_at = now

    def _all(self) -> list[WorkerProcess]:
        return [*self._workers, *([self._successor] if self._successor else []), *self._ending]

    def _wait(self) -> None:
        """Wait until a worker reports or ends, a signal comes, or CHECK_EVERY is over."""
        with selectors.DefaultSelector() as selector:
            selector.register(self._woken, selectors.EVENT_READ)
            for worker in self._all():
                selector.register(worker.process.sentinel, selectors.EVENT_READ)
                if worker.kill_at is None:
                    selector.register(worker.channel, selectors.EVENT_READ)
            selector.select(CHECK_EVERY)
        with suppress(BlockingIOError):
            self._woken.recv(MOST_READ)

    def _check(self, elapsed: float) -> None:
        """Read the state of each worker; replace or kill those that need it.

        `elapsed` is the time since the last check, in seconds.
        """
        for worker in self._all():
            worker.read_state()
            if worker.process.exitcode is not None:
                self._handle_end(worker)
            elif worker.kill_at is not None:
                if time.monotonic() > worker.kill_at:
                    worker.kill("did not end within its limit")
            elif worker.state is not None:
                worker.silent_for += elapsed
                if worker.silent_for > self._limits.silence:
                    worker.kill(f"no sign of life for {self._limits.silence:g} seconds")
                    worker.silent_for = 0.0
        self._continue_restart()
        is_any_ready = any(each.state == READY for each in self._all())
        self._has_served = self._has_served or is_any_ready
        if not is_any_ready:
            for worker in self._workers:
                if worker.state == WAITING:
                    worker.let_refuse()

    def _handle_end(self, worker: WorkerProcess) -> None:
        worker.close()
        status = worker.process.exitcode or 0
        was_asked = worker.kill_at is not None
        write = log.info if was_asked else log.error
        write("worker.ended", worker=worker.pid, status=described(status))
        if worker in self._ending:
            self._ending.remove(worker)
        elif worker is self._successor:
            self._successor = None
            self._outdated.clear()
            log.error("restart.failed", reason="the new worker ended", status=described(status))
        else:
            self._workers.remove(worker)
            self._set_pause(worker)
            if not self._has_served and status > 0:
                self._has_failed = True
                self._end_all()

    def _set_pause(self, ended: WorkerProcess) -> None:
        """Delay the replacement of a worker that served for a short time only."""
        now = time.monotonic()
        if ended.ready_at is not None and now - ended.ready_at >= _EARLY:
            self._pause = _SHORTEST_PAUSE
            return
        self._not_before = now + self._pause
        log.warning("worker.paused", seconds=self._pause)
        self._pause = min(2 * self._pause, _LONGEST_PAUSE)

    def _start_missing(self) -> None:
        """Start the workers that are missing."""
        while (
            not self._is_stopping
            and len(self._workers) < self._count
            and time.monotonic() >= self._not_before
        ):
            self._workers.append(WorkerProcess(self._start))

    def _continue_restart(self) -> None:
        """Continue a restart: an outdated worker ends once its successor is ready, one by one."""
        while self._outdated and self._outdated[0] not in self._workers:  # ended and replaced
            self._outdated.popleft()
        if self._successor is not None and self._successor.state == READY:
            if self._outdated:
                old = self._outdated.popleft()
                self._workers.remove(old)
                self._end(old)
            self._workers.append(self._successor)
            self._successor = None
            if len(self._workers) > self._count:
                self._end(self._workers.pop(0))
            if not self._outdated:
                log.info("restart.done")
        if self._outdated and self._successor is None:
            self._successor = WorkerProcess(self._start)

    def _end(self, worker: WorkerProcess) -> None:
        self._ending.append(worker)
        worker.end(self._limits.end)

    def _drain(self) -> None:
        """Let the workers drain, and end them afterwards; at once if none has served."""
        if not self._has_served or not self._limits.drain:
            self._end_all()
            return
        log.info("server.draining", seconds=self._limits.drain)
        self._is_stopping = True
        self._outdated.clear()
        ends_at = time.monotonic() + self._limits.drain
        self._steps.append((ends_at, self._sockets.ignore_new_connections))
        self._steps.append((ends_at + LAST_CONNECTIONS, self._end_all))
        for worker in self._all():
            worker.drain(self._limits.end)

    def _continue_stop(self) -> None:
        """Take the steps of the end whose time has come."""
        while self._steps and time.monotonic() >= self._steps[0][0]:
            self._steps.popleft()[1]()

    def _end_all(self) -> None:
        self._is_stopping = True
        self._steps.clear()
        self._sockets.close()
        self._outdated.clear()
        for worker in [*self._workers, *([self._successor] if self._successor else [])]:
            self._end(worker)
        self._workers, self._successor = [], None

    def _abort(self) -> None:
        """End at once: a second signal came."""
        self._end_all()
        for worker in self._ending:
            worker.abort()

    def _handle_signals(self) -> None:
        """Act on the signals that have come."""
        while self._signals:
            number = self._signals.pop(0)
            if self._is_stopping:
                if number != signal.SIGHUP:
                    self._abort()
            elif number == signal.SIGHUP:
                log.info("restart.begun", workers=len(self._workers))
                self._outdated = deque(self._workers)
                self._continue_restart()
            elif number == signal.SIGTERM:
                self._drain()
            else:
                self._end_all()

    @contextmanager
    def _catching_signals(self) -> Iterator[None]:
        def note(number: int, _frame: FrameType | None) -> None:
            self._signals.append(number)
            with suppress(BlockingIOError):
                self._wake.send(b".")

        self._wake.setblocking(False)
        self._woken.setblocking(False)
        taken = [signal.SIGTERM, signal.SIGINT, *([signal.SIGHUP] if has_reload() else [])]
        before = {each: signal.signal(each, note) for each in taken}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)
            self._wake.close()
            self._woken.close()


def has_reload() -> bool:
    """Return whether SIGHUP asks for a restart: not under nohup, nor when a terminal closes."""
    if signal.getsignal(signal.SIGHUP) == signal.SIG_IGN:
        return False
    return sys.stdin is None or sys.stdin.closed or not os.isatty(0)
