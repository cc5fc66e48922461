"""Keeps a number of worker processes: starts, watches, replaces and ends them.

It knows nothing of HTTP and databases. A worker tells its state over a channel, a socket pair.
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
from multiprocessing.process import BaseProcess
from types import FrameType
from typing import NamedTuple

import structlog

STARTING = b"s"
WAITING = b"w"  # for a database; it answers no request yet
READY = b"r"
ANSWER = b"a"  # to a worker that waits: no other answers requests, so refuse them in words

_LOOK_EVERY = 0.25  # seconds
_MOST_READ = 4096  # bytes
_SHORTEST_PAUSE = 1.0  # seconds before a worker that ended early is replaced; doubled each time
_LONGEST_PAUSE = 30.0
_EARLY = 10.0  # seconds of service
_KILL_AFTER = 2.0  # seconds over its limit that a worker has to end itself

log = structlog.get_logger("gatepass.server")

Start = Callable[[socket.socket], BaseProcess]
"""Starts a worker process on its end of a channel."""


class Limits(NamedTuple):
    """How long a worker that had started may be silent, and how long its end may take (seconds)."""

    silence: float
    end: float


class Worker:
    """A process, the last that it told of itself, and since when."""

    def __init__(self, start: Start) -> None:
        self.channel, theirs = socket.socketpair()
        self.channel.setblocking(False)
        with theirs:
            self.process = start(theirs)
        self.pid = self.process.pid
        self.state: bytes | None = None  # until its first sign of life
        self.silent = 0.0  # seconds
        self.ready_at: float | None = None
        self.kill_at: float | None = None  # set once it is to end
        self._is_to_answer = False
        log.info("worker.started", worker=self.pid)

    def hear(self) -> None:
        """Take in what the worker has told."""
        with suppress(BlockingIOError, ConnectionError):
            heard = self.channel.recv(_MOST_READ)
            if not heard:
                return
            self.state, self.silent = heard[-1:], 0.0
            if self.state == READY and self.ready_at is None:
                self.ready_at = time.monotonic()
                log.info("worker.ready", worker=self.pid)

    def let_answer(self) -> None:
        """Have a worker that waits for its database answer requests: with 503."""
        if not self._is_to_answer:
            self._is_to_answer = True
            with suppress(OSError):
                self.channel.send(ANSWER)

    def end(self, within: float) -> None:
        """Ask it to end, which it does within its limit; after that it is killed."""
        if self.kill_at is None:
            self.kill_at = time.monotonic() + within + _KILL_AFTER
            self.process.terminate()

    def kill(self, reason: str) -> None:
        """End it at once, and say why."""
        log.error("worker.killed", worker=self.pid, reason=reason)
        self.process.kill()

    def close(self) -> None:
        """Let go of a process that has ended."""
        self.process.join()
        self.channel.close()


class Supervisor:
    """Keeps `count` workers until SIGTERM or SIGINT; replaces all of them at SIGHUP.

    `release` closes what only new workers need, once there will be none.
    """

    def __init__(
        self, start: Start, count: int, limits: Limits, release: Callable[[], None]
    ) -> None:
        self._start = start
        self._count = count
        self._limits = limits
        self._release = release
        self._workers: list[Worker] = []
        self._next: Worker | None = None  # takes the place of the first of these, once ready
        self._old: deque[Worker] = deque()
        self._ending: list[Worker] = []
        self._has_served = False
        self._has_failed = False
        self._is_stopping = False
        self._pause = _SHORTEST_PAUSE
        self._not_before = 0.0
        self._signals: list[int] = []
        self._wake, self._woken = socket.socketpair()

    def adopt(self, worker: Worker) -> None:
        """Keep a worker that is ready already."""
        self._workers.append(worker)
        self._has_served = True

    def run(self, earlier: Callable[[], Iterable[int]] = tuple) -> bool:
        """Keep the workers; return False if none could start and the server ended for that.

        `earlier` returns the signals that came before this took them.
        """
        with self._taking_signals():
            self._signals.extend(earlier())
            looked = time.monotonic()
            while True:
                self._obey()
                self._fill()
                if self._is_stopping and not self._all():
                    return not self._has_failed
                self._wait()
                now = time.monotonic()
                # where the supervisor itself was stopped for a while, its workers were not silent
                self._look(min(now - looked, 2 * _LOOK_EVERY))
                looked = now

    def _all(self) -> list[Worker]:
        return [*self._workers, *([self._next] if self._next else []), *self._ending]

    def _wait(self) -> None:
        """Wait for a word, an end, a signal, or a while."""
        with selectors.DefaultSelector() as selector:
            selector.register(self._woken, selectors.EVENT_READ)
            for worker in self._all():
                selector.register(worker.process.sentinel, selectors.EVENT_READ)
                if worker.kill_at is None:
                    selector.register(worker.channel, selectors.EVENT_READ)
            selector.select(_LOOK_EVERY)
        with suppress(BlockingIOError):
            self._woken.recv(_MOST_READ)

    def _look(self, elapsed: float) -> None:
        """See what has become of each worker."""
        for worker in self._all():
            worker.hear()
            if worker.process.exitcode is not None:
                self._note_end(worker)
            elif worker.kill_at is not None:
                if time.monotonic() > worker.kill_at:
                    worker.kill("did not end within its limit")
            elif worker.state is not None:
                worker.silent += elapsed
                if worker.silent > self._limits.silence:
                    worker.kill(f"no sign of life for {self._limits.silence:g} seconds")
                    worker.silent = 0.0
        self._replace()
        is_any_ready = any(each.state == READY for each in self._all())
        self._has_served = self._has_served or is_any_ready
        if not is_any_ready:
            for worker in self._workers:
                if worker.state == WAITING:
                    worker.let_answer()

    def _note_end(self, worker: Worker) -> None:
        worker.close()
        status = worker.process.exitcode or 0
        was_asked = worker.kill_at is not None
        tell = log.info if was_asked else log.error
        tell("worker.ended", worker=worker.pid, status=_described(status))
        if worker in self._ending:
            self._ending.remove(worker)
        elif worker is self._next:
            self._next = None
            self._old.clear()
            log.error("restart.failed", reason="the new worker ended", status=_described(status))
        else:
            self._workers.remove(worker)
            self._set_pause(worker)
            if not self._has_served and status > 0:
                self._has_failed = True
                self._stop()

    def _set_pause(self, ended: Worker) -> None:
        """Put off the replacement of a worker that has served for a short time only."""
        now = time.monotonic()
        if ended.ready_at is not None and now - ended.ready_at >= _EARLY:
            self._pause = _SHORTEST_PAUSE
            return
        self._not_before = now + self._pause
        log.warning("worker.paused", seconds=self._pause)
        self._pause = min(2 * self._pause, _LONGEST_PAUSE)

    def _fill(self) -> None:
        """Start the workers that are missing."""
        while (
            not self._is_stopping
            and len(self._workers) < self._count
            and time.monotonic() >= self._not_before
        ):
            self._workers.append(Worker(self._start))

    def _replace(self) -> None:
        """Go on with a restart: an old worker ends once a new one is ready, one after the other."""
        while self._old and self._old[0] not in self._workers:  # it has ended, and was replaced
            self._old.popleft()
        if self._next is not None and self._next.state == READY:
            if self._old:
                old = self._old.popleft()
                self._workers.remove(old)
                self._end(old)
            self._workers.append(self._next)
            self._next = None
            if len(self._workers) > self._count:
                self._end(self._workers.pop(0))
            if not self._old:
                log.info("restart.done")
        if self._old and self._next is None:
            self._next = Worker(self._start)

    def _end(self, worker: Worker) -> None:
        self._ending.append(worker)
        worker.end(self._limits.end)

    def _stop(self) -> None:
        self._is_stopping = True
        self._release()
        self._old.clear()
        for worker in [*self._workers, *([self._next] if self._next else [])]:
            self._end(worker)
        self._workers, self._next = [], None

    def _obey(self) -> None:
        """Do what the signals ask that have come."""
        while self._signals:
            number = self._signals.pop(0)
            if self._is_stopping:
                continue
            if number == signal.SIGHUP:
                log.info("restart.begun", workers=len(self._workers))
                self._old = deque(self._workers)
                self._replace()
            else:
                self._stop()

    @contextmanager
    def _taking_signals(self) -> Iterator[None]:
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


def start_ready(start: Start, is_wanted: Callable[[], bool], limits: Limits) -> Worker | None:
    """Start a worker and return it once it is ready; None if it ended or is no longer wanted."""
    worker = Worker(start)
    worker.channel.settimeout(_LOOK_EVERY)
    while is_wanted() and worker.process.exitcode is None:
        with suppress(TimeoutError):
            worker.hear()
        if worker.state == READY:
            worker.channel.setblocking(False)
            return worker
        if worker.process.exitcode is None:
            worker.process.join(_LOOK_EVERY / 10)
    worker.end(limits.end)
    worker.close()
    return None


def _described(status: int) -> str:
    """Return an exit status in words, as `SIGKILL` or `3`."""
    return signal.Signals(-status).name if status < 0 else str(status)
