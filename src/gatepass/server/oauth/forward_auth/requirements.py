"""What a route needs of a token, as its gateway's configuration says it. Pure.

It is read from the address that the gateway asks at, never from what the caller sent.
"""

from functools import lru_cache
from typing import NamedTuple
from uuid import UUID

from gatepass.wire.errors import OAuthError
from gatepass.wire.params import read_form
from gatepass.wire.scope import Scope

_NAMES = frozenset({"scope", "audience", "organization"})


class Requirements(NamedTuple):
    """What a route needs of a token; without audience or organization any will do."""

    scope: Scope
    audience: str | None
    org_id: UUID | None


ANYTHING = Requirements(Scope(()), None, None)


class GatewayMisconfigured(OAuthError):
    """A gateway asks what cannot be meant. Nobody is let in, and it is no fault of the caller."""

    def __init__(self, why: str) -> None:
        say = "The gateway in front of this API is set up wrongly."
        super().__init__("server_error", say, log_detail=why)


@lru_cache(maxsize=1024)
def read(query: bytes) -> Requirements:
    """Read what a route needs, form-url-encoded; without any parameter it needs any good token.

    Raises GatewayMisconfigured for a parameter that is unknown, empty, repeated or malformed:
    a typo that is ignored would open the route to every token.
    """
    try:
        params = read_form(query)
        scope = Scope.parse(params.get("scope") or "")
    except OAuthError as refused:
        raise GatewayMisconfigured(refused.description) from None
    if params.resource or not params.values.keys() <= _NAMES:
        raise GatewayMisconfigured("There is a parameter beside scope, audience and organization.")
    if query and len(params.values) <= query.count(b"&"):
        raise GatewayMisconfigured("There is a parameter without a value.")
    return Requirements(scope, params.get("audience"), _organization(params.get("organization")))


def read_segment(segment: bytes) -> Requirements:
    """Read what a route needs from a segment of a path; to need any good token, it says `any`.

    Raises GatewayMisconfigured as `read` does, and for an empty segment: the caller's own path
    would be the next one.
    """
    if segment == b"any":
        return ANYTHING
    if not segment:
        raise GatewayMisconfigured("The path does not say what the route needs.")
    return read(segment)


def _organization(text: str | None) -> UUID | None:
    try:
        return UUID(text) if text else None
    except ValueError:
        raise GatewayMisconfigured("The organization is not a UUID.") from None
