"""The composition root: the only module that knows every part and connects them."""

import asyncio
import functools
import socket
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from gatepass.server.configuration.network import hosts
from gatepass.server.configuration.settings import Settings
from gatepass.server.domain.users.passwords.passwords import Hasher
from gatepass.server.environment import data_directory
from gatepass.server.environment.webhooks.delivery import WebhookDelivery
from gatepass.server.http import (
    App,
    Receive,
    Scope,
    SecureSend,
    Send,
    StatusRecorder,
    send_response,
)
from gatepass.server.oauth import metadata as published
from gatepass.server.oauth import routes
from gatepass.server.oauth.routes import either_slash
from gatepass.server.oauth.served_environment import ServedEnvironment
from gatepass.server.observability import exports, health, metrics
from gatepass.server.observability.access_log import SERVED, Served
from gatepass.server.observability.metrics import endpoint as metrics_endpoint
from gatepass.server.observability.metrics.counters import GONE, result_of
from gatepass.server.observability.metrics.endpoint import Metrics
from gatepass.server.observability.metrics.endpoint_names import name_of
from gatepass.server.serving import error_format
from gatepass.server.serving.lifespan import Follower, Lifespan
from gatepass.server.serving.metrics_listener import Listener
from gatepass.server.serving.oauth_endpoints import REQUEST, Match, RouteTable, serve
from gatepass.server.serving.proxy_advice import ProxyAdvice
from gatepass.server.serving.readiness import Readiness
from gatepass.server.storage import deadline
from gatepass.wire import metadata
from gatepass.wire.credential import Mode

if TYPE_CHECKING:
    from gatepass.server.portal.route_table.route import Route as PortalRoute

_OF_ANY_HOST = health.PATHS | metrics_endpoint.PATHS


def create(
    settings: Settings,
    clock: Callable[[], float] = time.time,
    metrics_socket: socket.socket | None = None,
    readiness: Readiness | None = None,
) -> "Gatepass":
    """Return the server with these settings; its lifespan opens the databases.

    `metrics_socket` is for /metrics alone. With `readiness` the server waits for a database that
    is away.
    """
    if data_directory.keeps_files(settings):
        settings.data.mkdir(parents=True, exist_ok=True)
    key = data_directory.master_key(settings)
    hasher = Hasher(settings.password)
    production = ServedEnvironment(Mode.LIVE, settings, key, hasher, clock)
    sandbox = ServedEnvironment(Mode.TEST, settings, key, hasher, clock, production)
    production.other, sandbox.other = sandbox, production
    environments = [production, sandbox]
    figures = Metrics(
        environments,
        settings.metrics_networks,
        settings.data / "metrics" if settings.workers > 1 else None,
        on_main_ports=not (settings.metrics_port or settings.has_proxy),
    )
    figures.export = exports.metric_export(settings, figures.own)
    listener = Listener(figures, metrics_socket) if metrics_socket else None
    followers = (*_senders(settings, environments), *_audit(settings, environments))
    lifespan = Lifespan(environments, figures, listener, readiness, followers)
    return Gatepass(settings, environments, figures, lifespan)


def _audit(settings: Settings, environments: Sequence[ServedEnvironment]) -> Sequence[Follower]:
    """Return what forwards the environments' audit entries, where that is set up."""
    if settings.audit.forward == "off":
        return ()
    from gatepass.server.observability.audit_forwarding.follower import of_environment

    return [of_environment(settings.audit, each.context) for each in environments]


def _senders(settings: Settings, environments: Sequence[ServedEnvironment]) -> Sequence[Follower]:
    """Return what sends events, and mail where it is set up; only then smtplib is loaded."""
    events = [WebhookDelivery(each, settings.webhooks) for each in environments]
    if not settings.mail.is_on:
        return events
    from gatepass.server.environment.mail.delivery import of_environment

    return [*events, *(of_environment(settings, each) for each in environments)]


class Gatepass:
    """An ASGI application: the OAuth endpoints on bare ASGI, the rest behind a router."""

    def __init__(
        self,
        settings: Settings,
        environments: list[ServedEnvironment],
        figures: Metrics,
        lifespan: Lifespan,
    ) -> None:
        self.environments = environments
        self.figures = figures
        self.lifespan = lifespan
        by_host = hosts.served((each, each.hosts, each.issuer) for each in environments)
        self._advice = ProxyAdvice(by_host, environments[0].clock)
        aliases = settings.path_aliases
        self.routes = RouteTable(
            routes.by_path(aliases, settings.token_origins),
            {
                prefix.encode(): Match(route, environment, prefix)
                for prefix, (route, environment) in routes.by_prefix(environments).items()
            },
            {host.encode(): environment for host, environment in by_host.items()},
        )
        self._documents = either_slash(published.documents(aliases.issuer_paths()))
        self._oauth_prefixes = error_format.oauth_prefixes(aliases.prefixes())
        self._partner_api = LoadedOnFirstRequest(_partner_api)
        self._admin_api = LoadedOnFirstRequest(_admin_api)
        self._pages = LoadedOnFirstRequest(functools.partial(_pages, settings.docs))

    @property
    def is_waiting(self) -> bool:
        """Return whether the server waits for a database that it has not opened yet."""
        return self.lifespan.is_waiting

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Respond to a request, and measure it: the one place for that on ASGI."""
        if scope["type"] == "lifespan":
            await self.lifespan.run(scope, receive, send)
            return
        if self.lifespan.is_waiting:
            unopened = health.unopened(scope["path"], self.environments, scope["method"])
            await send_response(unopened, send)
            return
        # A path is matched undecoded, so that the path rules of a proxy in front hold here.
        raw_path = scope.get("raw_path")
        if raw_path:
            scope["path"] = raw_path.decode("latin-1")
        started, path, result = time.perf_counter(), scope["path"], GONE
        match = self._match(scope)
        environment = match.environment if match else self.routes.by_host.get(_host(scope))
        if (environment is None or environment.is_https) and path not in _OF_ANY_HOST:
            self._advice.note(scope, environment)
        try:
            if match:
                result = await serve(match, scope, receive, send)
            else:
                more = environment.transport_headers if environment else ()
                recorder = StatusRecorder(SecureSend(send, more))
                with deadline.shared(deadline.REQUEST):
                    await self._dispatch(scope, receive, recorder)
                result = result_of(recorder.status)
        finally:
            name = match.route.name if match else name_of(path)
            given = match.path if match else path
            # for traces and the access log
            request, is_route = scope.pop(REQUEST, None), match is not None
            scope[SERVED] = Served(name, result, environment, given, request, is_route)
            served = environment.name if environment else metrics.NO_ENVIRONMENT
            metrics.observe(served, name, result, time.perf_counter() - started)

    def _match(self, scope: Scope) -> Match | None:
        """Return the OAuth endpoint that a request is for, if it is for any."""
        path = scope["path"]
        route = self.routes.by_path.get(path)
        if route is not None:
            return Match(route, self.routes.by_host.get(_host(scope)), path)
        raw_path, prefixes = scope.get("raw_path") or b"", self.routes.by_prefix.items()
        found = (match for prefix, match in prefixes if raw_path.startswith(prefix))
        return next(found, None)

    async def _dispatch(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Choose the environment by the Host header, then the application by the path."""
        host, path, method = _host(scope), scope["path"], scope["method"]
        environment = self.routes.by_host.get(host)
        if path in health.PATHS:
            is_draining = self.lifespan.is_draining
            await send_response(
                health.respond(path, self.environments, method, is_draining=is_draining), send
            )
        elif path in metrics_endpoint.PATHS and (environment or metrics_endpoint.is_address(host)):
            await send_response(self.figures.respond(scope), send)
        elif environment is None:
            await send_response(error_format.misdirected(scope, self._oauth_prefixes), send)
        elif environment.is_https and scope["scheme"] == "http":
            error = error_format.needs_tls(scope, self._oauth_prefixes, environment.docs_url)
            await send_response(error, send)
        elif path in self._documents:
            response = published.respond(self._documents[path], environment, scope)
            await send_response(response, send)
        elif f"{path}/".startswith(metadata.PARTNER_API + "/"):
            # not by a Mount, whose pattern does not match a path with a line break in it
            scope["gatepass.environment"] = environment
            scope["root_path"] = metadata.PARTNER_API
            await self._partner_api(scope, receive, send)
        elif environment.admin_api and f"{path}/".startswith(metadata.ADMIN_API + "/"):
            scope["gatepass.environment"] = environment
            scope["root_path"] = metadata.ADMIN_API
            await self._admin_api(scope, receive, send)
        else:
            scope["gatepass.environment"] = environment
            scope[error_format.KEY] = error_format.format_of(scope, self._oauth_prefixes)
            await self._pages(scope, receive, send)


class LoadedOnFirstRequest:
    """An ASGI application that is imported and made in a thread, for its first request.

    A server that only issues tokens needs neither the time nor the memory: the Partner API takes
    a quarter of a second and seven megabytes, the portal a tenth and four.
    """

    def __init__(self, make: Callable[[], App]) -> None:
        self._make = make
        self._app: App | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Respond to a request."""
        if self._app is None:
            self._app = await asyncio.to_thread(self._make)
        await self._app(scope, receive, send)


def _partner_api() -> App:
    from gatepass.server.partner_api import app
    from gatepass.server.partner_api.bound_tokens import GivesNonces

    return GivesNonces(app.create())


def _admin_api() -> App:
    from gatepass.server.admin.api import app
    from gatepass.server.partner_api.bound_tokens import GivesNonces

    return GivesNonces(app.create())


def _console() -> "Iterable[PortalRoute]":
    from gatepass.server.admin.console import routes

    return routes.ROUTES


def _pages(docs: Path | None) -> App:
    """Return portal and console, and the documentation site if its folder is given."""
    from gatepass.server.portal import app
    from gatepass.server.portal import routes as pages

    pages.add_console(_console)

    if docs is None:
        return app.create()
    from gatepass.server.serving.documentation import Documentation

    return Documentation(docs, app.create())


def _host(scope: Scope) -> bytes:
    for name, value in scope["headers"]:
        if name == b"host":
            return bytes(value).lower()
    return b""
