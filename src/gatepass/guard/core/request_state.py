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


def get(
    scope: Mapping[str, Any], guard: Guard, request: Request, requirements: Requirements
) -> Principal | None:
    """Return the caller that `guard` has identified before for a request; None if it has not.

    `scope` is where the framework keeps values of the request. Raises Denied if the caller does
    not fulfil `requirements`. A request with other headers counts as another one, though an
    application has made it of this one. Does NOT check the token again.
    """
    known: _RequestState | None = scope.get(_KEY)
    if known is None or known.guard is not guard:
        return None
    if known.authorization != tuple(request.authorization):
        return None
    guard.check(known.principal, request, requirements)
    return known.principal


def put(
    scope: MutableMapping[str, Any], guard: Guard, request: Request, principal: Principal
) -> None:
    """Record that `guard` has identified the caller of a request."""
    scope[_KEY] = _RequestState(guard, tuple(request.authorization), principal)
