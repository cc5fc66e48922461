"""The start and end of the application: opens the databases, follows changes, closes them."""

import asyncio
from collections.abc import Sequence
from math import inf
from typing import Protocol

import structlog

from gatepass.server.environment import maintenance
from gatepass.server.environment.change_follower import ChangeFollower
from gatepass.server.environment.environment import Environment
from gatepass.server.environment.housekeeping import Housekeeper
from gatepass.server.http import Receive, Scope, Send
from gatepass.server.observability.metrics.endpoint import Metrics
from gatepass.server.serving.metrics_listener import Listener
from gatepass.server.serving.processes.garbage_collection import tune_garbage_collection
from gatepass.server.serving.readiness import STOPPING, Readiness, wait_until_responding
from gatepass.server.storage.errors import DatabaseAwayError

_TO_EXIT = 1.0  # seconds before the process has to have ended

log = structlog.get_logger("gatepass.server")


class Follower(Protocol):
    """A thread that works from the opening of the databases to their end."""

    def start(self) -> None:
        """Begin to work."""

    def stop(self) -> None:
        """Ask the thread to end."""

    def wait(self) -> None:
        """Wait for that, for a limited time."""


class Lifespan:
    """Opens and closes all environments; with `readiness` it waits for a database that is away."""

    def __init__(
        self,
        environments: Sequence[Environment],
        metrics: Metrics,
        listener: Listener | None,
        readiness: Readiness | None,
        more: Sequence[Follower] = (),
    ) -> None:
        self.is_waiting = False  # for a database, before it was ever open
        self._environments = environments
        self._metrics = metrics
        self._listener = listener
        self._readiness = readiness
        self._hash_pool = environments[0].hasher.pool  # of all
        self._followers: list[Follower] = [
            kind(environment)
            for environment in environments
            for kind in (ChangeFollower, Housekeeper)
        ]
        self._followers += more

    @property
    def is_draining(self) -> bool:
        """Return whether the server is about to stop, and should get no more requests."""
        return self._readiness is not None and self._readiness.is_draining

    def open(self) -> None:
        """Open the environments and follow what other processes change."""
        for environment in self._environments:
            environment.open()
        for follower in self._followers:
            follower.start()
        self._metrics.start()

    def close(self) -> None:
        """Stop following, write what is left, close the databases."""
        self._metrics.stop()
        for environment in self._environments:
            environment.is_closing.set()
        for follower in self._followers:
            follower.stop()
        for follower in self._followers:
            follower.wait()
        ends_at = inf if self._readiness is None else self._readiness.ends_at - _TO_EXIT
        for environment in self._environments:
            maintenance.close(environment, ends_at)
        self._hash_pool.shutdown(cancel_futures=True)

    def wake_waiters(self) -> None:
        """Respond to the waiting polls: the server is about to stop."""
        for environment in self._environments:
            environment.notifier.close()

    async def run(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Follow the lifespan protocol of ASGI."""
        if "state" in scope:
            scope["state"][STOPPING] = self.wake_waiters
        await receive()
        opening = asyncio.create_task(self._open_patiently())
        try:
            await wait_until_responding(opening, self._readiness)
        except Exception as error:
            log.exception("start.failed")
            await send({"type": "lifespan.startup.failed", "message": str(error)})
            return
        await send({"type": "lifespan.startup.complete"})
        await receive()
        if not opening.done():
            opening.cancel()
        elif opening.exception() is None:
            if self._listener:
                await self._listener.stop()
            await asyncio.to_thread(self.close)
        await send({"type": "lifespan.shutdown.complete"})

    async def _open_patiently(self) -> None:
        """Open the databases, trying again while one is away, and serve from then on."""
        while True:
            try:
                await asyncio.to_thread(self.open)
                break
            except DatabaseAwayError as error:
                if self._readiness is None:
                    raise
                self.is_waiting = True
                await self._readiness.wait_to_retry(error)
        if self._listener:
            await self._listener.start()
        tune_garbage_collection()
        self.is_waiting = False
        if self._readiness is not None:
            self._readiness.is_ready = True
