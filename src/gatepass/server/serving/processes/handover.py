"""The restart of a server with one process: a worker takes over at SIGHUP."""

import signal
import threading
from collections.abc import Callable
from types import FrameType
from typing import Self

import structlog

from gatepass.server.serving.processes.sockets import Listening
from gatepass.server.serving.processes.supervisor import has_reload
from gatepass.server.serving.processes.worker import LimitedServer
from gatepass.server.serving.processes.worker_process import (
    Limits,
    Start,
    WorkerProcess,
    start_ready,
)

log = structlog.get_logger("gatepass.server")


class Handover:
    """At SIGHUP, starts a worker beside the server, and ends the server once that is ready.

    `starting` returns what starts a worker on copies of the sockets.
    """

    def __init__(
        self,
        starting: Callable[[Listening], Start],
        sockets: Listening,
        server: LimitedServer,
        limits: Limits,
    ) -> None:
        self.worker: WorkerProcess | None = None
        self.sockets = sockets  # from the handover on, copies that the server does not close
        self.signals: list[int] = []  # that came once the worker was ready
        self._starting, self._server, self._limits = starting, server, limits
        self._requested = threading.Event()
        self._thread = threading.Thread(target=self._run, name="restart", daemon=True)

    def __enter__(self) -> Self:
        if has_reload():
            signal.signal(signal.SIGHUP, self._handle)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.should_exit = True
        self._requested.set()
        self._thread.join()

    def _handle(self, number: int, _frame: FrameType | None) -> None:
        if self.worker is None:
            self._requested.set()
        else:  # for the supervisor
            self.signals.append(number)

    def _run(self) -> None:
        while self.worker is None:
            self._requested.wait()
            self._requested.clear()
            if self._server.is_ending:
                return
            log.info("restart.begun", workers=1)
            copies = self.sockets.copy()
            self.worker = start_ready(
                self._starting(copies), lambda: not self._server.is_ending, self._limits
            )
            if self.worker is None:
                copies.close()
                log.error("restart.failed", reason="the new worker ended")
        self.sockets = copies
        log.info("restart.done")
        self._server.should_exit = True
