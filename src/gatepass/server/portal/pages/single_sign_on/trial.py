"""The test of a provider: a real round trip, which shows what came before it is turned on."""

import json

import structlog
from starlette.responses import Response

from gatepass.server.domain.users.single_sign_on import arrivals
from gatepass.server.domain.users.single_sign_on.model import Claims, Provider, role_of
from gatepass.server.domain.users.single_sign_on.round_trips import RefusedError, Returned
from gatepass.server.portal import redirects
from gatepass.server.portal.rendering import redirect
from gatepass.server.portal.request import PortalRequest

ABOUT = "the test of single sign-on"
SETUP = f"{redirects.TEAM}single-sign-on/"
_MOST = 40  # claims that are shown
_LONGEST = 200  # characters of each
_OF_THE_TOKEN = {"nonce", "at_hash", "c_hash", "s_hash", "sid", "jti"}

log = structlog.get_logger("gatepass.server")


def succeeded(request: PortalRequest, returned: Returned, claims: Claims) -> Response:
    """Note that the provider works, and keep what came for the page of the setup."""
    if not request.may_change:
        raise RefusedError("the session is not an administrator's any more")
    arrivals.record_test(request.context, request.actor, returned)
    return _kept(request, _what_came(returned.provider, claims))


def failed(request: PortalRequest, error: Exception) -> Response:
    """Keep for the page of the setup why it did not work: its reader set it up."""
    log.warning(
        "single_sign_on.refused",
        environment=request.context.name,
        org_id=str(request.org_id),
        purpose="test",
        source=request.visitor.source,
        reason=str(error),
    )
    return _kept(request, {"failed": str(error)})


def _kept(request: PortalRequest, what: dict[str, str]) -> Response:
    with request.context.database.write() as connection:
        request.keep_once(connection, ABOUT, what)
    return redirect(request, f"{SETUP}#test")


def _what_came(provider: Provider, claims: Claims) -> dict[str, str]:
    role = role_of(provider, claims)
    listed = {
        name: _shown(value)
        for name, value in list(claims.every.items())[:_MOST]
        if name not in _OF_THE_TOKEN
    }
    return {
        "subject": claims.subject,
        "email": claims.email or "",
        "verified": "yes" if claims.email_verified else "",
        "auth_time": "yes" if claims.auth_time else "",
        "role": role or "",
        "claims": json.dumps(listed),
    }


def _shown(value: object) -> str:
    text = value if isinstance(value, str) else json.dumps(value)
    text = "".join(char if char.isprintable() else "?" for char in text)
    return text if len(text) <= _LONGEST else text[:_LONGEST] + " ..."
