"""Running the server: its sockets, its processes and their end."""

import asyncio
import functools
import importlib.util
import multiprocessing
import os
import signal
import socket
import threading
from collections.abc import Callable
from contextlib import ExitStack
from multiprocessing.process import BaseProcess
from types import FrameType
from typing import Any, NamedTuple, cast

import structlog
import uvicorn
from uvicorn.config import STARTUP_FAILURE

from gatepass.server import logs, sockets
from gatepass.server.app import create
from gatepass.server.arrival import App
from gatepass.server.footing import protocol
from gatepass.server.http1.connections import Connections
from gatepass.server.opening import ServingError
from gatepass.server.proxy_headers import ProxyHeaders, TrustedProxies
from gatepass.server.settings import Settings

_GRACE = 30  # seconds that running requests have to finish
_NO_PROXY = (
    "An issuer is https and no proxy is trusted, so every request to it is refused (400). "
    "Name the proxy that speaks TLS."
)

log = structlog.get_logger("gatepass.server")


class Listening(NamedTuple):
    """The listening sockets: of both environments, and the one of /metrics alone, if any."""

    main: list[socket.socket]
    metrics: socket.socket | None = None


def listen(settings: Settings) -> Listening:
    """Open the listening sockets; raise ServingError where one is taken."""
    with ExitStack() as undo:
        main = [
            undo.enter_context(opened)
            for port, option in (
                (settings.port, "--port"),
                (settings.sandbox_port, "--sandbox-port"),
            )
            for opened in sockets.listen(settings.host, port, option)
        ]
        metrics = None
        if settings.metrics_port:
            [opened] = sockets.listen(
                [settings.metrics_host], settings.metrics_port, "the setting metrics_port"
            )
            metrics = undo.enter_context(opened)
        undo.pop_all()
    return Listening(main, metrics)


def run(settings: Settings, sockets: Listening, beside: Callable[[], bool] | None = None) -> None:
    """Serve until SIGTERM or SIGINT; running requests finish first. Needs `opening.prepare`.

    `beside` runs in a thread of its own beside a single worker: the server ends when it gives
    False, and with what it raises.
    """
    if settings.traces and importlib.util.find_spec("opentelemetry") is None:
        raise ServingError("Traces need OpenTelemetry: pip install 'gatepass[telemetry]'.")
    log.info(
        "server.starting",
        data=str(settings.data),
        workers=settings.workers,
        metrics=_metrics_address(settings),
    )
    if settings.is_https and not settings.trusted_proxies:
        log.warning("proxy.not_named", setting="trusted_proxies", advice=_NO_PROXY)
    if settings.workers > 1:
        _run_workers(settings, sockets)
    else:
        _run_alone(settings, sockets, beside)
    log.info("server.stopped")


def _metrics_address(settings: Settings) -> str:
    """Say where /metrics is."""
    if settings.metrics_port:
        return f"{settings.metrics_host} port {settings.metrics_port}"
    return "nowhere: set metrics_port" if settings.has_proxy else "the main ports"


def _run_alone(settings: Settings, sockets: Listening, beside: Callable[[], bool] | None) -> None:
    server = uvicorn.Server(config(settings, metrics=sockets.metrics))

    was_told = threading.Event()

    def end(_signal: int, _frame: FrameType | None) -> None:
        was_told.set()
        server.should_exit = True

    # uvicorn takes the signals while it runs and raises them again when it has ended.
    for each in (signal.SIGTERM, signal.SIGINT):
        signal.signal(each, end)
    if beside is None:
        server.run(sockets.main)
        return
    running = _Beside(server, beside)
    running.start()
    server.run(sockets.main)
    if running.raised is not None and not was_told.is_set():
        raise running.raised


class _Beside(threading.Thread):
    """Something that runs beside the server and may end it."""

    def __init__(self, server: uvicorn.Server, work: Callable[[], bool]) -> None:
        super().__init__(name="beside", daemon=True)
        self._server = server
        self._work = work
        self.raised: Exception | None = None

    def run(self) -> None:
        goes_on = False
        try:
            goes_on = self._work()
        except Exception as error:  # noqa: BLE001 - raised again where the server ends
            self.raised = error
        if not goes_on:
            self._server.should_exit = True


def _run_workers(settings: Settings, sockets: Listening) -> None:
    from uvicorn.supervisors import Multiprocess  # brings a file watcher with it

    supervisor = Multiprocess(config(settings, metrics=sockets.metrics), sockets.main)
    supervisor.run()
    if any(each.exitcode == STARTUP_FAILURE for each in supervisor.processes):
        raise ServingError("A worker could not start. The log says why.")


def config(
    settings: Settings,
    make: Callable[[], App] | None = None,
    metrics: socket.socket | None = None,
) -> uvicorn.Config:
    """Give what uvicorn needs to serve; `make` makes the application in place of `create`.

    `metrics` is the listening socket of /metrics alone.
    """
    values = settings.model_dump()
    connections = Connections(settings.http.limits())
    return uvicorn.Config(
        functools.partial(
            _behind_proxies, make or functools.partial(_app, values, metrics), values
        ),
        factory=True,
        workers=settings.workers,
        loop="auto",
        http=cast("type[asyncio.Protocol]", protocol(connections, lane=settings.lane)),
        ws="none",
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,  # see `_behind_proxies`
        backlog=sockets.BACKLOG,
        timeout_keep_alive=settings.http.idle_timeout,  # both protocols read it here
        timeout_graceful_shutdown=_GRACE,
    )


def _behind_proxies(make: Callable[[], App], values: dict[str, Any]) -> App:
    """Make the application that sees who asked through the trusted proxies, if there are any."""
    settings, app = Settings.model_validate(values), make()
    if not settings.trusted_proxies:
        return app
    proxies = TrustedProxies(settings.trusted_proxies, settings.proxy_header, settings.proxy_hops)
    return ProxyHeaders(app, proxies)


def _app(values: dict[str, Any], metrics: socket.socket | None) -> App:
    """Make the application; in a worker, set up what a new process lacks."""
    settings = Settings.model_validate(values)
    parent = multiprocessing.parent_process()
    if parent is not None:
        logs.configure(settings.log_format)
        threading.Thread(target=_end_with, args=(parent,), daemon=True).start()
    served = create(settings, metrics_socket=metrics)
    if not settings.traces:
        return served
    from gatepass.server.traces import Traced  # here, as it needs an extra

    return Traced(served)


def _end_with(parent: BaseProcess) -> None:
    """End this worker when its supervisor is gone, even if that was killed."""
    parent.join()
    os.kill(os.getpid(), signal.SIGTERM)
