"""The OAuth endpoints in one table: path, endpoint, reader, and what the fast path takes."""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import NamedTuple, TypeVar

from gatepass.server.configuration.path_aliases import PathAliases
from gatepass.server.http import (
    Receive,
    Request,
    Response,
    Result,
    Scope,
    read_get_or_post,
    read_head,
    read_head_below,
    read_request,
    unchanged,
)
from gatepass.server.oauth import cors
from gatepass.server.oauth.forward_auth.endpoint import verify, verify_below
from gatepass.server.oauth.forward_auth.responses import clear_identity_headers, for_nginx
from gatepass.server.oauth.introspection import introspect
from gatepass.server.oauth.leak_reports.endpoint import report_leak
from gatepass.server.oauth.leak_reports.github_alerts import read_alert, take_alert
from gatepass.server.oauth.revocation.endpoint import revoke
from gatepass.server.oauth.revocation.feed import revocations
from gatepass.server.oauth.secret_rotation import rotate_secret
from gatepass.server.oauth.served_environment import ServedEnvironment
from gatepass.server.oauth.token import token
from gatepass.server.observability.metrics.endpoint_names import name_of
from gatepass.wire import metadata

Endpoint = Callable[[ServedEnvironment, Request], Result]
Value = TypeVar("Value")

_NOTHING: frozenset[bytes] = frozenset()
_POST = frozenset({b"POST"})
_VERIFY = frozenset({b"GET", b"POST"})
_ENVOY = frozenset({b"GET", b"POST", b"PUT", b"PATCH", b"DELETE", b"OPTIONS"})


class Route(NamedTuple):
    """An OAuth endpoint: its name in metrics, how a request is read, and its methods.

    `fast_methods` are those that the fast path takes. `adapt_error` makes an error response one
    that the caller accepts. `origins` are those whose pages may send requests from a browser.
    """

    endpoint: Endpoint
    name: str
    read: Callable[[Scope, Receive], Awaitable[Request]]
    fast_methods: frozenset[bytes]
    adapt_error: Callable[[Response], Response] = unchanged
    origins: frozenset[bytes] = frozenset()


ROUTES = {
    path: Route(endpoint, name_of(path), read, fast_methods, adapt_error)
    for path, endpoint, read, fast_methods, adapt_error in (
        (metadata.TOKEN, token, read_request, _POST, unchanged),
        (metadata.REVOKE, revoke, read_request, _NOTHING, unchanged),
        (metadata.INTROSPECT, introspect, read_request, _POST, unchanged),
        (metadata.ROTATE_SECRET, rotate_secret, read_request, _NOTHING, unchanged),
        (metadata.VERIFY, verify, read_head, _VERIFY, clear_identity_headers),
        (metadata.VERIFY_NGINX, verify, read_head, _VERIFY, for_nginx),
        (metadata.REVOCATIONS, revocations, read_get_or_post, _NOTHING, unchanged),
        (metadata.REPORT_LEAK, report_leak, read_request, _NOTHING, unchanged),
        (metadata.GITHUB_ALERTS, take_alert, read_alert, _NOTHING, unchanged),
    )
}


def by_path(aliases: PathAliases, token_origins: Iterable[str] = ()) -> dict[str, Route]:
    """Return the route of each path: aliases included, with and without a slash at the end."""
    routes = dict(ROUTES)
    origins = frozenset(origin.encode() for origin in token_origins)
    if origins:
        shared = routes[metadata.TOKEN]._replace(read=cors.read_request, origins=origins)
        routes[metadata.TOKEN] = shared
    routes |= {alias: routes[path] for alias, path in aliases.endpoints().items()}
    return either_slash(routes)


def by_prefix(
    environments: Iterable[ServedEnvironment],
) -> dict[str, tuple[Route, ServedEnvironment]]:
    """Return the route and environment of each prefix under which Envoy sends its requests.

    Envoy appends the caller's path and sends the caller's Host header, so both the environment and
    what the route requires are in the path before.
    """
    found = {}
    for environment in environments:
        prefix = f"{metadata.VERIFY_ENVOY}{environment.name}/"
        read = read_head_below(prefix.encode())
        route = Route(verify_below, name_of(prefix), read, _ENVOY, clear_identity_headers)
        found[prefix] = route, environment
    return found


def either_slash(paths: Mapping[str, Value]) -> dict[str, Value]:
    """Return the same values by each path with and without a slash at the end."""
    plain = {path.rstrip("/"): value for path, value in paths.items()}
    return plain | {f"{path}/": value for path, value in plain.items()}
