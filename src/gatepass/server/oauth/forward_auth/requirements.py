"""What a route needs of a token, as its gateway's configuration says it. Pure.

It is read from the address that the gateway asks at, never from what the caller sent.
"""

from functools import lru_cache
from typing import NamedTuple
from uuid import UUID

from gatepass.wire.errors import Refused
from gatepass.wire.params import read_form
from gatepass.wire.scope import Scope

_NAMES = frozenset({"scope", "audience", "organization"})


class Wanted(NamedTuple):
    """What a route needs of a token; without audience or organization any will do."""

    scope: Scope
    audience: str | None
    org_id: UUID | None


ANYTHING = Wanted(Scope(()), None, None)


class SetUpWrongly(Refused):
    """A gateway asks what cannot be meant. Nobody is let in, and it is no fault of the caller."""

    def __init__(self, why: str) -> None:
        say = "The gateway in front of this API is set up wrongly."
        super().__init__("server_error", say, note=why)


@lru_cache(maxsize=1024)
def read(query: bytes) -> Wanted:
    """Read what a route needs, form-url-encoded; without any parameter it needs any good token.

    Raises SetUpWrongly for a parameter that is unknown, empty, repeated or malformed: one that
    was passed over for a slip of the pen would open the route to every token.
    """
    try:
        params = read_form(query)
        scope = Scope.parse(params.get("scope") or "")
    except Refused as refused:
        raise SetUpWrongly(refused.say) from None
    if params.resource or not params.values.keys() <= _NAMES:
        raise SetUpWrongly("There is a parameter beside scope, audience and organization.")
    if query and len(params.values) <= query.count(b"&"):
        raise SetUpWrongly("There is a parameter without a value.")
    return Wanted(scope, params.get("audience"), _organization(params.get("organization")))


def read_segment(segment: bytes) -> Wanted:
    """Read what a route needs from a segment of a path; to need any good token, it says `any`.

    Raises SetUpWrongly as `read` does, and for an empty segment: the caller's own path would
    be the next one.
    """
    if segment == b"any":
        return ANYTHING
    if not segment:
        raise SetUpWrongly("The path does not say what the route needs.")
    return read(segment)


def _organization(text: str | None) -> UUID | None:
    try:
        return UUID(text) if text else None
    except ValueError:
        raise SetUpWrongly("The organization is not a UUID.") from None
