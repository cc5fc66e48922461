"""Keeps with a request which caller a guard has identified, for later checks of the same guard.

So a middleware in front of an application and a decorator on one of its endpoints verify a token
once, and a rate limit counts one request.
"""

from collections.abc import MutableMapping, Sequence
from typing import Any, TypeAlias

from gatepass.guard.core.guard import Guard
from gatepass.guard.model.principal import Principal
from gatepass.guard.model.request import Request
from gatepass.guard.model.requirements import Requirements

KEY = "gatepass.request_state"


# The guard, the Authorization and DPoP headers that it read, and the caller. One is made for each
# request, so it is a plain tuple, which costs a fraction of a named one.
_RequestState: TypeAlias = tuple[Guard, Sequence[str], Sequence[str], Principal]


def identify(
    scope: MutableMapping[str, Any], guard: Guard, request: Request, requirements: Requirements
) -> Principal:
    """Return the caller of a request, as `Guard.identify`, but verify the token at most once.

    `scope` is where the framework keeps values of the request. If `guard` has identified the
    caller before, it checks `requirements` alone. A request with other headers counts as another
    one, though an application has made it of this one.
    """
    known: _RequestState | None = scope.get(KEY)
    if known is not None and _is_of(known, guard, request):
        guard.check(known[3], request, requirements)
        return known[3]
    principal = guard.identify(request, requirements)
    scope[KEY] = (guard, request.authorization, request.dpop, principal)
    return principal


async def aidentify(
    scope: MutableMapping[str, Any], guard: Guard, request: Request, requirements: Requirements
) -> Principal:
    """Do as `identify`, in an event loop."""
    known: _RequestState | None = scope.get(KEY)
    if known is not None and _is_of(known, guard, request):
        guard.check(known[3], request, requirements)
        return known[3]
    principal = await guard.aidentify(request, requirements)
    scope[KEY] = (guard, request.authorization, request.dpop, principal)
    return principal


def _is_of(known: _RequestState, guard: Guard, request: Request) -> bool:
    has_same = known[1] == request.authorization and known[2] == request.dpop
    return known[0] is guard and has_same
