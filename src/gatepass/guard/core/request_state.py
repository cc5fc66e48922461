"""Keeps with a request which caller a guard has identified, for later checks of the same guard.

So a middleware in front of an application and a decorator on one of its endpoints verify a token
once, and a rate limit counts one request.
"""

from collections.abc import Mapping, MutableMapping
from typing import Any, NamedTuple

from gatepass.guard.core.guard import Guard
from gatepass.guard.model.principal import Principal
from gatepass.guard.model.request import Request
from gatepass.guard.model.requirements import Requirements

_KEY = "gatepass.request_state"


class _RequestState(NamedTuple):
    """The guard, the Authorization headers that it read, and the caller."""

    guard: Guard
    authorization: tuple[str, ...]
    principal: Principal


def identify(
    scope: MutableMapping[str, Any], guard: Guard, request: Request, requirements: Requirements
) -> Principal:
    """Return the caller of a request, as `Guard.identify`, but verify the token at most once.

    `scope` is where the framework keeps values of the request. If `guard` has identified the
    caller before, it checks `requirements` alone. A request with other headers counts as another
    one, though an application has made it of this one.
    """
    known = _find(scope, guard, request)
    if known is None:
        return _store(scope, guard, request, guard.identify(request, requirements))
    guard.check(known, request, requirements)
    return known


async def aidentify(
    scope: MutableMapping[str, Any], guard: Guard, request: Request, requirements: Requirements
) -> Principal:
    """Do as `identify`, in an event loop."""
    known = _find(scope, guard, request)
    if known is None:
        return _store(scope, guard, request, await guard.aidentify(request, requirements))
    guard.check(known, request, requirements)
    return known


def _find(scope: Mapping[str, Any], guard: Guard, request: Request) -> Principal | None:
    known: _RequestState | None = scope.get(_KEY)
    if known is None or known.guard is not guard:
        return None
    return known.principal if known.authorization == tuple(request.authorization) else None


def _store(
    scope: MutableMapping[str, Any], guard: Guard, request: Request, principal: Principal
) -> Principal:
    scope[_KEY] = _RequestState(guard, tuple(request.authorization), principal)
    return principal
