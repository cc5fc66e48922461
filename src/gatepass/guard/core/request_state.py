"""Whom a guard has let in, kept with the request for the same guard's next question.

A middleware in front of an application and a decorator on one of its endpoints look at a token
once, and a rate limit counts one request.
"""

from collections.abc import Mapping, MutableMapping
from typing import Any, NamedTuple

from gatepass.guard.core.guard import Guard
from gatepass.guard.model.principal import Principal
from gatepass.guard.model.request import Request
from gatepass.guard.model.requirements import Requirements

_ADMITTED = "gatepass.admitted"


class _Admitted(NamedTuple):
    """By whose word, for which headers, and who it is."""

    guard: Guard
    authorization: tuple[str, ...]
    principal: Principal


def recall(
    kept: Mapping[str, Any], guard: Guard, arrived: Request, needs: Requirements
) -> Principal | None:
    """Give who sent a request that `guard` has let in before, if it has; `kept` is its scope.

    Raises Denied where the caller lacks one of `needs`. Other headers are another request,
    though an application has made it of this one. Does NOT check the token again.
    """
    known: _Admitted | None = kept.get(_ADMITTED)
    if known is None or known.guard is not guard:
        return None
    if known.authorization != tuple(arrived.authorization):
        return None
    guard.check(known.principal, arrived, needs)
    return known.principal


def keep(
    kept: MutableMapping[str, Any], guard: Guard, arrived: Request, principal: Principal
) -> None:
    """Have `recall` know that `guard` lets the request in."""
    kept[_ADMITTED] = _Admitted(guard, tuple(arrived.authorization), principal)
