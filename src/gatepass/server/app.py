"""The composition root: the only file that knows every part and wires them together."""

import asyncio
import contextvars
import socket
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping
from pathlib import Path
from typing import NamedTuple, TypeVar

import structlog
from starlette.applications import Starlette

from gatepass.server.configuration import hosts
from gatepass.server.configuration.path_aliases import PathAliases
from gatepass.server.domain.usage import refusal_reasons
from gatepass.server.domain.users.passwords import Hasher
from gatepass.server.environment import data_directory, maintenance
from gatepass.server.environment.change_follower import ChangeFollower
from gatepass.server.environment.environment import Environment
from gatepass.server.environment.housekeeping import Housekeeper
from gatepass.server.http import (
    NO_STORE,
    App,
    ClientGoneError,
    Deferred,
    Headers,
    MethodNotAllowed,
    NeedsThread,
    Receive,
    Request,
    Response,
    Scope,
    SecureSend,
    Send,
    StatusRecorder,
    as_it_is,
    pass_by,
    pass_under,
    read_get_request,
    read_request,
    send,
)
from gatepass.server.oauth import cors
from gatepass.server.oauth import metadata as published
from gatepass.server.oauth.forward_auth import responses as gateways
from gatepass.server.oauth.forward_auth.endpoint import verify, verify_under
from gatepass.server.oauth.forward_auth.requirements import ANYTHING, GatewayMisconfigured
from gatepass.server.oauth.forward_auth.responses import Denial
from gatepass.server.oauth.introspection import Challenged, introspect
from gatepass.server.oauth.revocation import revoke
from gatepass.server.oauth.revocation_feed import revocations
from gatepass.server.oauth.token import token
from gatepass.server.observability import health, metrics
from gatepass.server.observability.metrics import endpoint as page
from gatepass.server.observability.metrics.counters import GONE, OK, result_of, result_of_error
from gatepass.server.observability.metrics.endpoint import Metrics
from gatepass.server.observability.metrics.endpoint_names import name_of
from gatepass.server.portal import app as portal
from gatepass.server.serving import error_format
from gatepass.server.serving.documentation import Documentation
from gatepass.server.serving.fast_path.protocol import (
    GET,
    MOST,
    NOTHING,
    POST,
    ErrorResponder,
    FastPath,
    PrefixRoute,
)
from gatepass.server.serving.fast_path.protocol import Route as LaneWay
from gatepass.server.serving.metrics_listener import Listener
from gatepass.server.serving.processes.garbage_collection import settle_memory
from gatepass.server.serving.proxy_advice import ProxyAdvice
from gatepass.server.serving.readiness import STOPPING, Readiness, wait_until_responding
from gatepass.server.settings import Settings
from gatepass.server.storage import deadline
from gatepass.server.storage.database import DatabaseAwayError
from gatepass.server.tokens import response
from gatepass.wire import metadata
from gatepass.wire.credential import Mode
from gatepass.wire.errors import OAuthError

Endpoint = Callable[[Environment, Request], Response]
Way = TypeVar("Way")

_OF_ANY_HOST = health.PATHS | page.PATHS
_MOST_TRIES = 8  # an endpoint waits for two things at most; a change may undo one in between


class Served(NamedTuple):
    """An endpoint, how a request comes to it, and the methods that the lane takes of it.

    `fit` makes a refusal one that whoever asks there can take. `origins` are those of pages that
    may ask from a browser.
    """

    endpoint: Endpoint
    arrive: Callable[[Scope, Receive], Awaitable[Request]]
    lane: frozenset[bytes]
    fit: Callable[[Response], Response] = as_it_is
    origins: frozenset[bytes] = frozenset()


ENDPOINTS = {
    metadata.TOKEN: Served(token, read_request, POST),
    metadata.REVOKE: Served(revoke, read_request, NOTHING),
    metadata.INTROSPECT: Served(introspect, read_request, POST),
    metadata.VERIFY: Served(verify, pass_by, GET | POST, gateways.clear_identity_headers),
    metadata.VERIFY_NGINX: Served(verify, pass_by, GET | POST, gateways.for_nginx),
    metadata.REVOCATIONS: Served(revocations, read_get_request, NOTHING),
}
_NAMES = {served.endpoint: name_of(path) for path, served in ENDPOINTS.items()}


class Found(NamedTuple):
    """The endpoint that a request is for, with its path for the log and its name for metrics.

    Without an environment the request's host is unknown.
    """

    served: Served
    environment: Environment | None
    path: str
    name: str


log = structlog.get_logger("gatepass.server")


def create(
    settings: Settings,
    clock: Callable[[], float] = time.time,
    metrics_socket: socket.socket | None = None,
    readiness: Readiness | None = None,
) -> "Gatepass":
    """Make the server of these settings; its lifespan opens the databases.

    `metrics_socket` is for /metrics alone. With `readiness` a database that is away is waited for.
    """
    if data_directory.keeps_files(settings):
        settings.data.mkdir(parents=True, exist_ok=True)
    key = data_directory.master_key(settings)
    hasher = Hasher(settings.password)
    environments = [Environment(mode, settings, key, hasher, clock) for mode in Mode]
    shared = settings.data / "metrics" if settings.workers > 1 else None
    figures = Metrics(
        environments,
        settings.metrics_networks,
        shared,
        on_main_ports=not (settings.metrics_port or settings.has_proxy),
    )
    listener = Listener(figures, metrics_socket) if metrics_socket else None
    return Gatepass(
        environments,
        figures,
        settings.path_aliases,
        listener,
        settings.token_origins,
        readiness,
        settings.docs,
    )


class Gatepass:
    """An ASGI application: the OAuth endpoints on bare ASGI, the rest behind a router."""

    def __init__(
        self,
        environments: list[Environment],
        figures: Metrics,
        path_aliases: PathAliases = PathAliases(),  # noqa: B008 - frozen
        listener: Listener | None = None,
        token_origins: Iterable[str] = (),
        readiness: Readiness | None = None,
        docs: Path | None = None,
    ) -> None:
        self.environments = environments
        self._readiness = readiness
        self.is_waiting = False  # for a database, before it was ever open
        self.figures = figures
        self._listener = listener
        self._hash_pool = environments[0].hasher.pool  # of both
        self._followers = [
            kind(environment)
            for environment in environments
            for kind in (ChangeFollower, Housekeeper)
        ]
        by_host = hosts.served((each, each.hosts, each.issuer) for each in environments)
        self._by_host = {host.encode(): environment for host, environment in by_host.items()}
        self._advice = ProxyAdvice(by_host, environments[0].clock)
        self._endpoints = endpoints(path_aliases, token_origins)
        self._names = {path: _NAMES[each.endpoint] for path, each in self._endpoints.items()}
        self._documents = _either_slash(published.documents(path_aliases.issuer_paths()))
        self._oauth_prefixes = error_format.oauth_prefixes(path_aliases.prefixes())
        trees = _trees(environments)
        self._below = [(tree.start, _found_below(tree)) for tree in trees]
        self.lane = FastPath(_lane_ways(self._endpoints), self._by_host, _trouble, trees)
        self._partner_api: App | None = None
        pages = Starlette(routes=portal.routes, exception_handlers=portal.exception_handlers)
        self._pages: App = Documentation(docs, pages) if docs else pages

    async def __call__(self, scope: Scope, receive: Receive, to: Send) -> None:
        """Answer a request, and measure it: the one place for that."""
        if scope["type"] == "lifespan":
            await self._live(scope, receive, to)
            return
        if self.is_waiting:
            await send(health.unopened(scope["path"], self.environments, scope["method"]), to)
            return
        # A path is matched as it came, so that the path rules of a proxy in front hold here.
        raw_path = scope.get("raw_path")
        if raw_path:
            scope["path"] = raw_path.decode("latin-1")
        started, path, result = time.perf_counter(), scope["path"], GONE
        found = self._found(scope)
        known = found.environment if found else self._by_host.get(_host(scope))
        if (known is None or known.is_https) and path not in _OF_ANY_HOST:
            self._advice.note(scope, known)
        try:
            if found is None:
                more = known.transport_headers if known else ()
                said = StatusRecorder(SecureSend(to, more))
                with deadline.shared(deadline.REQUEST):
                    await self._dispatch(scope, receive, said)
                result = result_of(said.status)
            else:
                result = await _serve(found, scope, receive, to)
        finally:
            name = found.name if found else name_of(path)
            scope["gatepass.endpoint"], scope["gatepass.result"] = name, result  # for traces
            metrics.observe(name, result, time.perf_counter() - started)

    def _found(self, scope: Scope) -> Found | None:
        """Find the OAuth endpoint that a request is for, if it is for any."""
        path = scope["path"]
        served = self._endpoints.get(path)
        if served is not None:
            environment = self._by_host.get(_host(scope))
            return Found(served, environment, path, self._names[path])
        raw_path = scope.get("raw_path") or b""
        return next((found for start, found in self._below if raw_path.startswith(start)), None)

    async def _dispatch(self, scope: Scope, receive: Receive, to: Send) -> None:
        """Choose the environment by the Host header, then the way by the path."""
        host = _host(scope)
        environment = self._by_host.get(host)
        path = scope["path"]
        if path in health.PATHS:
            await send(health.answer(path, self.environments, scope["method"]), to)
        elif path in page.PATHS and (environment or page.is_address(host)):
            await send(self.figures.answer(scope), to)
        elif environment is None:
            await send(error_format.misdirected(scope, self._oauth_prefixes), to)
        elif environment.is_https and scope["scheme"] == "http":
            await send(
                error_format.needs_tls(scope, self._oauth_prefixes, environment.docs_url), to
            )
        elif path in self._documents:
            await send(published.answer(self._documents[path], environment, scope), to)
        elif f"{path}/".startswith(metadata.PARTNER_API + "/"):
            # not by a Mount, whose pattern does not fit a path with a line break in it
            scope["gatepass.environment"] = environment
            scope["root_path"] = metadata.PARTNER_API
            if self._partner_api is None:
                self._partner_api = await asyncio.to_thread(_partner_api)
            await self._partner_api(scope, receive, to)
        else:
            scope["gatepass.environment"] = environment
            scope[error_format.KEY] = error_format.format_of(scope, self._oauth_prefixes)
            await self._pages(scope, receive, to)

    def open(self) -> None:
        """Open both environments and follow what other processes change."""
        for environment in self.environments:
            environment.open()
        for follower in self._followers:
            follower.start()
        self.figures.start()

    def close(self) -> None:
        """Stop following, write what is left, close the databases."""
        self.figures.stop()
        for follower in self._followers:
            follower.stop()
        for follower in self._followers:
            follower.wait()
        for environment in self.environments:
            maintenance.close(environment)
        self._hash_pool.shutdown(cancel_futures=True)

    def let_go(self) -> None:
        """Answer whoever waits for news: the server is about to stop."""
        for environment in self.environments:
            environment.notifier.close()

    async def _live(self, scope: Scope, receive: Receive, to: Send) -> None:
        if "state" in scope:
            scope["state"][STOPPING] = self.let_go
        await receive()
        opening = asyncio.create_task(self._open_patiently())
        try:
            await wait_until_responding(opening, self._readiness)
        except Exception as error:
            log.exception("start.failed")
            await to({"type": "lifespan.startup.failed", "message": str(error)})
            return
        await to({"type": "lifespan.startup.complete"})
        await receive()
        if not opening.done():
            opening.cancel()
        elif opening.exception() is None:
            if self._listener:
                await self._listener.stop()
            await asyncio.to_thread(self.close)
        await to({"type": "lifespan.shutdown.complete"})

    async def _open_patiently(self) -> None:
        """Open the databases, and serve from then on; wait for one that is away."""
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
        settle_memory()
        self.is_waiting = False
        if self._readiness is not None:
            self._readiness.is_ready = True


async def _serve(found: Found, scope: Scope, receive: Receive, to: Send) -> str:
    """Run an OAuth endpoint; give its result. The one place where refusals become answers."""
    served, environment, path, _ = found
    if environment is None:
        return await _send_error(served, error_format.misdirected(scope, (path,)), to, ())
    if environment.is_https and scope["scheme"] == "http":
        error = error_format.needs_tls(scope, (path,), environment.docs_url)
        return await _send_error(served, error, to, environment.transport_headers)
    shared = cors.headers(served.origins, scope) if served.origins else ()
    if served.origins and scope["method"] == "OPTIONS":
        await send(cors.preflight(shared), to, environment.transport_headers)
        return OK
    arrived, result = None, OK
    try:
        arrived = await served.arrive(scope, receive)
        try:
            answer = served.endpoint(environment, arrived)
        except NeedsThread as later:
            with deadline.shared(deadline.REQUEST):  # only here, as to enter it takes a microsecond
                answer = await _answer_later(served.endpoint, environment, arrived, later)
        except Deferred as waits:
            with deadline.shared(deadline.REQUEST):
                answer = await waits.answer()
    except ClientGoneError:
        return GONE
    except Exception as error:  # noqa: BLE001 - `_trouble` logs it
        source = scope["client"][0] if scope["client"] else ""
        result = result_of_error(error)
        answer = served.fit(_trouble(ErrorResponder(error, environment, path, source, arrived)))
    if shared:
        answer = answer._replace(headers=(*answer.headers, *shared))
    await send(answer, to, environment.transport_headers)
    return result


async def _send_error(served: Served, error: Response, to: Send, more: Headers) -> str:
    """Send an error as the endpoint's callers can take it; return its result."""
    adapted = served.fit(error)
    await send(adapted, to, more)
    return result_of(adapted.status)


def _partner_api() -> App:
    """Make the Partner API, at its first call: a server that only issues tokens does without.

    It takes a quarter of a second and seven megabytes.
    """
    from gatepass.server.partner_api import app

    return app.create()


def _trouble(met: ErrorResponder) -> Response:
    """Log what an endpoint raised and make an answer of it: the one place, for both doors."""
    environment = met.environment
    match met.error:
        case Denial() as denied:
            _note_refusal(met, denied)
            return denied.answer()
        case Challenged() as challenged:
            _note_refusal(met, challenged)
            return challenged.answer(environment.docs_url)
        case GatewayMisconfigured() as wrong:
            _note_refusal(met, wrong)
            return Denial(wrong, ANYTHING.scope, environment.issuer).answer()
        case OAuthError() as refused:
            _note_refusal(met, refused)
            allow = refused.allow if isinstance(refused, MethodNotAllowed) else ""
            return response.refusal(
                refused,
                challenged=_is_challenged(met.arrived),
                realm=environment.issuer,
                allow=allow,
                docs_url=environment.docs_url,
            )
        case DatabaseAwayError():
            log.error("request.unavailable", path=met.path, environment=environment.name)
            body = response.error("temporarily_unavailable", _AWAY, environment.docs_url)
            return Response(503, (*NO_STORE, (b"retry-after", b"5")), body)
        case error:
            log.error("request.failed", path=met.path, environment=environment.name, exc_info=error)
            return Response(
                500, NO_STORE, response.error("server_error", _BUG, environment.docs_url)
            )


async def _answer_later(
    endpoint: Endpoint, environment: Environment, arrived: Request, later: NeedsThread
) -> Response:
    """Do what the endpoint waits for and ask it again, until it has all it needs."""
    for _ in range(_MOST_TRIES):
        run = contextvars.copy_context().run  # the thread has this request's deadline
        await asyncio.get_running_loop().run_in_executor(later.pool, run, later.work)
        try:
            return endpoint(environment, arrived)
        except NeedsThread as next_one:
            later = next_one
        except Deferred as waits:
            return await waits.answer()
    raise OAuthError(
        "temporarily_unavailable", "Try again shortly.", log_detail="changes overtake loads"
    )


def _is_challenged(arrived: Request | None) -> bool:
    """Tell whether a 401 names Basic: not to a client that put its credentials in the body."""
    if arrived is None:
        return False
    return b"authorization" in arrived.headers or b"client_id" not in arrived.body


def _note_refusal(met: ErrorResponder, refused: OAuthError) -> None:
    """Count a refusal, and tell it to the log."""
    metrics.refused(refusal_reasons.of(refused))
    environment = met.environment
    event = (
        "gateway.misconfigured" if isinstance(refused, GatewayMisconfigured) else "client.refused"
    )
    if not environment.context.log_limit.allow(event, met.source, environment.clock()):
        return
    log.warning(
        event,
        environment=environment.name,
        path=met.path,
        source=met.source,
        error=refused.code,
        status=refused.status,
        reason=refused.log_detail or refused.description,
        **({"client_id": refused.client_id} if refused.client_id else {}),
    )


def _host(scope: Scope) -> bytes:
    for name, value in scope["headers"]:
        if name == b"host":
            return bytes(value).lower()
    return b""


def endpoints(path_aliases: PathAliases, token_origins: Iterable[str] = ()) -> dict[str, Served]:
    """Return the OAuth endpoints by each of their paths, the aliases included."""
    ours = ENDPOINTS
    origins = frozenset(origin.encode() for origin in token_origins)
    if origins:
        shared = Served(token, cors.arrive, POST, origins=origins)
        ours = ENDPOINTS | {metadata.TOKEN: shared}
    aliases = {alias: ours[path] for alias, path in path_aliases.endpoints().items()}
    return _either_slash(ours | aliases)


def _lane_ways(served: Mapping[str, Served]) -> dict[str, LaneWay]:
    return {
        path: _lane_way(
            each.endpoint,
            path,
            each.lane,
            _NAMES[each.endpoint],
            each.fit,
            is_shared=bool(each.origins),
        )
        for path, each in served.items()
        if each.lane
    }


def _lane_way(
    endpoint: Endpoint,
    path: str,
    methods: frozenset[bytes],
    name: str,
    fit: Callable[[Response], Response],
    *,
    is_shared: bool = False,
) -> LaneWay:
    return LaneWay(endpoint, path, methods, name, metrics.observer(name), fit, is_shared)


def _trees(environments: Iterable[Environment]) -> list[PrefixRoute]:
    """Give what Envoy asks at: it appends the caller's path, and sends the caller's Host.

    So both the environment and what the route needs stand before, in the path.
    """
    name, fit = name_of(metadata.VERIFY_ENVOY), gateways.clear_identity_headers
    trees = []
    for environment in environments:
        path = f"{metadata.VERIFY_ENVOY}{environment.name}/"
        way = _lane_way(verify_under, path, MOST, name, fit)
        trees.append(PrefixRoute(path.encode(), way, environment))
    return trees


def _found_below(tree: PrefixRoute) -> Found:
    start, way, environment = tree
    endpoint, path, methods, name, _, fit, _ = way
    return Found(Served(endpoint, pass_under(start), methods, fit), environment, path, name)


def _either_slash(paths: Mapping[str, Way]) -> dict[str, Way]:
    return {path.rstrip("/"): each for path, each in paths.items()} | {
        path.rstrip("/") + "/": each for path, each in paths.items()
    }


_AWAY = "The service is not available. Try again shortly."
_BUG = "Something went wrong on our side."
