"""All pages: which one a request is for."""

import re
from collections.abc import Callable, Iterable
from typing import NamedTuple
from uuid import UUID

from starlette.routing import compile_path

from gatepass.server.portal import redirects
from gatepass.server.portal.access import SAFE
from gatepass.server.portal.route_table.accounts import ACCOUNTS
from gatepass.server.portal.route_table.applications import APPLICATIONS
from gatepass.server.portal.route_table.organization import ORGANIZATION
from gatepass.server.portal.route_table.route import Route

_TOKEN = "token"  # noqa: S105 - the name of a part of the path


class RouteMatch(NamedTuple):
    """The route of a request and the ids in its path."""

    route: Route
    ids: dict[str, UUID]


ROUTES = (*ACCOUNTS, *APPLICATIONS, *ORGANIZATION)
_FORM_PAGES = {"/accounts/sessions/end/": "/account/"}  # if not above the form's path
_COMPILED = {
    (route.method, route.path): (route, *compile_path(route.path)[::2]) for route in ROUTES
}


def add(*pages: Route) -> None:
    """Add pages of a package above this one; those that were added already stay as they are."""
    for route in pages:
        _COMPILED.setdefault((route.method, route.path), (route, *compile_path(route.path)[::2]))


_LATER: list[Callable[[], Iterable[Route]]] = []


def add_console(load: Callable[[], Iterable[Route]]) -> None:
    """Add the pages of the console, which are loaded for the first request of one of them."""
    _LATER[:] = [load]


def find(method: str, path: str) -> RouteMatch | None:
    """Return the route of a request; HEAD uses the route of GET (RFC 9110 §9.3.2)."""
    method = "GET" if method in SAFE else method
    return next((each for each in _matching(path) if each.route.method == method), None)


def form_page(path: str) -> str | None:
    """Return the path of the page whose form is sent to `path`, if `path` has no page itself.

    None for the logout, which every page has, and for an unknown path. The path of a
    refused form stays in the browser's address bar, so users open it again.
    """
    if {each.route.method for each in _matching(path)} != {"POST"}:
        return None
    above = _FORM_PAGES.get(path, path)
    while above != "/":
        if find("GET", above):
            return above
        above = above.rstrip("/").rpartition("/")[0] + "/"
    return None


def methods(path: str) -> list[str]:
    """Return the methods of a path; empty for an unknown path."""
    known = {each.route.method for each in _matching(path)}
    if form_page(path):
        known.add("GET")
    return sorted(known | {"HEAD"} if "GET" in known else known)


def _matching(path: str) -> list[RouteMatch]:
    found = []
    if path.startswith(redirects.CONSOLE):
        for load in [*_LATER]:
            add(*load())
            _LATER.clear()
    for route, pattern, convertors in [*_COMPILED.values()]:
        match = re.fullmatch(pattern, path)
        if match:
            texts = {name: text for name, text in match.groupdict().items() if name != _TOKEN}
            ids = {name: convertors[name].convert(text) for name, text in texts.items()}
            found.append(RouteMatch(route, ids))
    return found
