"""What a route requires of a token: part of the URL in the gateway's configuration. Pure."""

from functools import lru_cache
from typing import Literal, NamedTuple, get_args
from uuid import UUID

from gatepass.wire.errors import OAuthError
from gatepass.wire.params import read_form
from gatepass.wire.scope import Scope

_NAMES = frozenset({"scope", "audience", "organization", "dpop"})

Sends = Literal["forwarded", "original", "request"]
"""How a gateway names the caller's request, its method and address: in which headers it sends.

With `request` it sends the caller's own request, with the requirements before the path.
"""
_SENDS: tuple[Sends, ...] = get_args(Sends)


class Requirements(NamedTuple):
    """What a route requires of a token; without audience or organization any will do.

    `dpop` says how the gateway names the caller's request, for tokens that are bound to a key;
    without it they are refused. Only what the gateway itself writes can be relied on.
    """

    scope: Scope
    audience: str | None
    org_id: UUID | None
    dpop: Sends | None = None


ANYTHING = Requirements(Scope(()), None, None)


class GatewayMisconfigured(OAuthError):
    """The requirements of a route cannot be read: no request passes, and no caller is at fault."""

    def __init__(self, log_detail: str) -> None:
        description = "The gateway in front of this API is set up wrongly."
        super().__init__("server_error", description, log_detail=log_detail)


def read(query: bytes) -> Requirements:
    """Read form-url-encoded requirements; without parameters any active token will do.

    Raises GatewayMisconfigured for a parameter that is unknown, empty, repeated or malformed:
    an ignored typo would open the route to every token.
    """
    found = _read(query)
    if found.dpop == "request":
        raise GatewayMisconfigured("dpop=request is for requirements in the path, as Envoy's.")
    return found


@lru_cache(maxsize=1024)
def _read(query: bytes) -> Requirements:
    try:
        params = read_form(query)
        scope = Scope.parse(params.get("scope") or "")
    except OAuthError as error:
        raise GatewayMisconfigured(error.description) from None
    if params.resource or not params.values.keys() <= _NAMES:
        raise GatewayMisconfigured(f"There is a parameter beside {', '.join(sorted(_NAMES))}.")
    if query and len(params.values) <= query.count(b"&"):
        raise GatewayMisconfigured("There is a parameter without a value.")
    organization, dpop = _organization(params.get("organization")), _sends(params.get("dpop"))
    return Requirements(scope, params.get("audience"), organization, dpop)


def read_segment(segment: bytes) -> Requirements:
    """Read requirements from a segment of a path; `any` stands for no parameters.

    Raises GatewayMisconfigured as `read` does, and for an empty segment, after which the caller's
    own path would begin.
    """
    if segment == b"any":
        return ANYTHING
    if not segment:
        raise GatewayMisconfigured("The path does not say what the route needs.")
    return _read(segment)


def _organization(text: str | None) -> UUID | None:
    try:
        return UUID(text) if text else None
    except ValueError:
        raise GatewayMisconfigured("The organization is not a UUID.") from None


def _sends(text: str | None) -> Sends | None:
    if not text:
        return None
    found = next((each for each in _SENDS if each == text), None)
    if found is None:
        raise GatewayMisconfigured(f"The parameter dpop is one of {', '.join(_SENDS)}.")
    return found
