"""Runs the server: binds its sockets, starts its processes and ends them."""

import asyncio
import functools
import multiprocessing
import signal
import socket
import sys
import threading
from collections.abc import Callable, Iterable
from contextlib import ExitStack, suppress
from multiprocessing.process import BaseProcess
from types import FrameType
from typing import Any, cast

import structlog
import uvicorn

from gatepass.server.app import create
from gatepass.server.configuration.settings import Settings
from gatepass.server.environment.data_directory import ServingError
from gatepass.server.http import App
from gatepass.server.oauth.authentication.client_of_request import client_of
from gatepass.server.observability import exports, logging
from gatepass.server.observability.access_log import AccessLog
from gatepass.server.serving.http1.connections import Connections
from gatepass.server.serving.http1.protocol import HttpProtocol
from gatepass.server.serving.processes import sockets
from gatepass.server.serving.processes.handover import Handover
from gatepass.server.serving.processes.sockets import Listening
from gatepass.server.serving.processes.supervisor import Supervisor
from gatepass.server.serving.processes.worker import LimitedServer
from gatepass.server.serving.processes.worker_process import Limits, Start, WorkerProcess
from gatepass.server.serving.proxy_headers import ProxyHeaders, TrustedProxies
from gatepass.server.serving.readiness import Readiness
from gatepass.server.serving.tls import contexts
from gatepass.server.serving.tls.certificate_headers import CertificateHeader
from gatepass.server.serving.tls.ports import TlsPorts
from gatepass.server.serving.uvicorn_compat import protocol

_FOR_REQUESTS = 0.8  # of the time to end after the drain, in which running requests may finish
_NO_PROXY = (
    "An issuer is https and no proxy is trusted, so every request to it is refused (400). "
    "Name the proxy that speaks TLS."
)

log = structlog.get_logger("gatepass.server")


def listen(settings: Settings) -> Listening:
    """Bind the sockets; raise ServingError where one is taken.

    A process listens on them once it can respond.
    """
    if settings.tls.is_on:
        contexts.read(settings.tls)  # which refuses files that are of no use
    with ExitStack() as undo:
        main = [
            undo.enter_context(opened)
            for port, option in (
                (settings.port, "--port"),
                (settings.sandbox_port, "--sandbox-port"),
                (settings.console.port, "the setting console.port"),
            )
            if port
            for opened in sockets.listen(settings.host, port, option)
        ]
        metrics = None
        if settings.metrics_port:
            [opened] = sockets.listen(
                [settings.metrics_host], settings.metrics_port, "the setting metrics_port"
            )
            metrics = undo.enter_context(opened)
        mutual = []
        if settings.tls.mtls_port:
            mutual = sockets.listen(settings.host, settings.tls.mtls_port, "--mtls-port")
        undo.pop_all()
    return Listening(main, metrics, mutual)


def run(
    settings: Settings, sockets: Listening, companion: Callable[[], bool] | None = None
) -> None:
    """Serve until SIGTERM or SIGINT; running requests finish first.

    The data directory has been prepared. `companion` runs in a thread beside a single worker: the
    server ends when it returns False, or raises what it raises.
    """
    exports.check(settings)
    if settings.docs and not (settings.docs / "index.html").is_file():
        raise ServingError(f"The folder {settings.docs} (docs) has no site in it: run `make docs`.")
    exports.export_logs(settings)
    log.info(
        "server.starting",
        data=str(settings.data),
        workers=settings.workers,
        metrics=_metrics_address(settings),
    )
    if settings.is_https and not settings.trusted_proxies and not settings.tls.is_on:
        log.warning("proxy.not_named", setting="trusted_proxies", advice=_NO_PROXY)
    if settings.workers > 1:
        _supervise(settings, sockets)
    else:
        _run_alone(settings, sockets, companion)
    log.info("server.stopped")


def _metrics_address(settings: Settings) -> str:
    """Return where /metrics is, in words."""
    if settings.metrics_port:
        return f"{settings.metrics_host} port {settings.metrics_port}"
    return "nowhere: set metrics_port" if settings.has_proxy else "the main ports"


def _run_alone(
    settings: Settings, sockets: Listening, companion: Callable[[], bool] | None
) -> None:
    """Serve in this process; at SIGHUP a worker takes over, and this process supervises it."""
    server = _server(settings, sockets)
    between: list[int] = []  # signals that come while the server does not handle them

    def end(number: int, _frame: FrameType | None) -> None:
        between.append(number)
        server.should_exit = True

    # Before and after the server runs, which takes the signals itself.
    for each in (signal.SIGTERM, signal.SIGINT):
        signal.signal(each, end)
    if companion is None:
        starting = functools.partial(_starting, settings)
        with Handover(starting, sockets, server, _limits(settings)) as handover:
            server.run_until_ended()
        if handover.worker is not None:
            _supervise(
                settings,
                handover.sockets,
                handover.worker,
                lambda: [*server.signals, *between, *handover.signals],
            )
        return
    running = _Companion(server, companion)
    running.start()
    server.run_until_ended()
    if running.raised is not None and not (between or server.signals):
        raise running.raised


class _Companion(threading.Thread):
    """A thread that runs beside the server and may end it."""

    def __init__(self, server: uvicorn.Server, work: Callable[[], bool]) -> None:
        super().__init__(name="companion", daemon=True)
        self._server = server
        self._work = work
        self.raised: Exception | None = None

    def run(self) -> None:
        continues = False
        try:
            continues = self._work()
        except Exception as error:  # noqa: BLE001 - raised again where the server ends
            self.raised = error
        if not continues:
            self._server.should_exit = True


def _supervise(
    settings: Settings,
    sockets: Listening,
    first: WorkerProcess | None = None,
    pending_signals: Callable[[], Iterable[int]] = tuple,
) -> None:
    """Run workers and their supervisor until a signal ends them."""
    start = _starting(settings, sockets)
    supervisor = Supervisor(start, settings.workers, _limits(settings), sockets)
    if first is not None:
        supervisor.add(first)
    if not supervisor.run(pending_signals):
        raise ServingError("A worker could not start. The log says why.")


def _limits(settings: Settings) -> Limits:
    return Limits(settings.worker_timeout, settings.shutdown_timeout, settings.drain)


def _starting(settings: Settings, sockets: Listening) -> Start:
    """Return what starts a worker on these sockets."""
    return functools.partial(_start, settings, sockets)


def _start(settings: Settings, sockets: Listening, channel: socket.socket) -> BaseProcess:
    """Start a worker in a new interpreter."""
    multiprocessing.allow_connection_pickling()
    process = multiprocessing.get_context("spawn").Process(
        target=_work, args=(settings.model_dump(), sockets, channel)
    )
    process.start()
    return process


def _work(values: dict[str, Any], sockets: Listening, channel: socket.socket) -> None:
    """Serve as a worker."""
    signal.signal(signal.SIGHUP, signal.SIG_IGN)  # for the supervisor, also of a process group
    settings = Settings.model_validate(values)
    logging.configure(settings.log_format)
    exports.export_logs(settings)
    server = _server(settings, sockets, channel)
    for each in (signal.SIGTERM, signal.SIGINT):  # which end a worker only while it is imported
        signal.signal(each, server.handle_exit)
    server.run_until_ended()


def _server(
    settings: Settings, sockets: Listening, channel: socket.socket | None = None
) -> LimitedServer:
    """Return the server of this process; with a `channel` it is a worker of a supervisor."""
    readiness = Readiness(is_alone=channel is None)
    connections = Connections(settings.http.limits())
    try:
        tls = TlsPorts(settings.tls, connections) if settings.tls.is_on else None
    except ServingError as error:
        log.error("start.failed", reason=str(error))  # noqa: TRY400 - one line is enough
        sys.exit(uvicorn.config.STARTUP_FAILURE)
    served = config(settings, metrics=sockets.metrics, readiness=readiness, connections=connections)
    return LimitedServer(served, _limits(settings), readiness, sockets, channel, tls)


def config(
    settings: Settings,
    make: Callable[[], App] | None = None,
    metrics: socket.socket | None = None,
    readiness: Readiness | None = None,
    connections: Connections | None = None,
) -> uvicorn.Config:
    """Return uvicorn's configuration; `make` replaces `create` as the application's factory.

    `metrics` is the listening socket of /metrics alone. With `readiness` the application waits
    for a database that is away. `connections` is the limit on them, if others share it.
    """
    values = settings.model_dump()
    after_drain = settings.shutdown_timeout - settings.drain
    if connections is None:
        connections = Connections(settings.http.limits())
    return uvicorn.Config(
        functools.partial(
            _behind_proxies, make or functools.partial(_app, values, metrics, readiness), values
        ),
        factory=True,
        workers=settings.workers,
        loop="auto",
        http=cast("type[asyncio.Protocol]", protocol(connections, ours=_protocol(settings))),
        ws="none",
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,  # see `_behind_proxies`
        backlog=sockets.BACKLOG,
        timeout_keep_alive=settings.http.idle_timeout,  # both protocols read it here
        timeout_graceful_shutdown=round(after_drain * _FOR_REQUESTS),
    )


def _protocol(settings: Settings) -> Callable[..., HttpProtocol]:
    """Return the protocol of connections; the package of the fast path may have been deleted."""
    if settings.fast_path:
        with suppress(ModuleNotFoundError):
            from gatepass.server.serving.fast_path import fast_path_protocol

            return fast_path_protocol(access_log=settings.access_log)
    return HttpProtocol


def _behind_proxies(make: Callable[[], App], values: dict[str, Any]) -> App:
    """Return the application with its access log and traces, if these are set.

    Behind trusted proxies it gets the client's address and scheme.
    """
    settings, app = Settings.model_validate(values), make()
    if settings.access_log:
        app = AccessLog(app, client_of)
    app = exports.traced(app, settings)
    if not settings.trusted_proxies:
        return app
    return ProxyHeaders(app, proxies_of(settings))


def proxies_of(settings: Settings) -> TrustedProxies:
    """Return the trusted proxies, and the headers that they set."""
    named = settings.proxy_certificates
    certificates = CertificateHeader(named.header, named.form, named.verified_header)
    return TrustedProxies(
        settings.trusted_proxies,
        settings.proxy_header,
        settings.proxy_hops,
        certificates if named.header else None,
    )


def _app(values: dict[str, Any], metrics: socket.socket | None, readiness: Readiness | None) -> App:
    settings = Settings.model_validate(values)
    return create(settings, metrics_socket=metrics, readiness=readiness)
