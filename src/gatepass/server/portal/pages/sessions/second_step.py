"""The second step of a login, and the login by a passkey alone."""

from starlette.responses import Response

from gatepass.server.domain.users.factors.checks import (
    PasskeyAnswer,
    Proof,
    RecoveryCode,
    TotpCode,
)
from gatepass.server.domain.users.model import InvalidField
from gatepass.server.domain.users.sessions import second_step
from gatepass.server.domain.users.sessions.second_step import ExpiredLoginError, Waiting
from gatepass.server.portal import redirects
from gatepass.server.portal.pages.sessions import accounts, second_step_form
from gatepass.server.portal.rendering import redirect
from gatepass.server.portal.request import PortalRequest
from gatepass.translation.message import Message
from gatepass.wire.errors import OAuthError

_MISSING = Message("Enter the code that the app shows.")


def form(request: PortalRequest) -> Response:
    """Show the second step of a login that waits for it."""
    if request.login:
        next_path = request.after_login(request.query.get("next"))
        return redirect(request, next_path)
    try:
        return second_step_form.show(request, _waiting(request))
    except ExpiredLoginError as expired:
        next_path = redirects.own_path(request.query.get("next"))
        return accounts.rerender_login(request, expired, next_path=next_path)


def finish(request: PortalRequest) -> Response:
    """Open the session of a login whose second step is right."""
    if request.login:
        return redirect(request, request.landing)
    try:
        waiting = _waiting(request)
        try:
            proof = _proof(request, waiting)
            made = second_step.finish(request.context, request.visitor, request.login_id, proof)
        except ExpiredLoginError:
            raise
        except OAuthError as refusal:
            return second_step_form.rerender(request, waiting, refusal)
    except ExpiredLoginError as expired:
        return accounts.rerender_login(request, expired)
    return accounts.opened(request, made)


def log_in_with_passkey(request: PortalRequest) -> Response:
    """Open a session by a passkey alone."""
    if request.login:
        return redirect(request, request.landing)
    party = request.environment.relying_party
    try:
        if party.why_not:
            raise InvalidField("", party.why_not)
        proof = PasskeyAnswer.read(request.form.get("credential", ""), party, request.browser)
        made = second_step.log_in_with_passkey(request.context, request.visitor, proof)
    except OAuthError as refusal:
        return accounts.rerender_login(request, refusal)
    return accounts.opened(request, made)


def _waiting(request: PortalRequest) -> Waiting:
    return second_step.find(request.context, request.login_id)


def _proof(request: PortalRequest, waiting: Waiting) -> Proof:
    """Return the proof in the form; raise InvalidField where there is none."""
    party = request.environment.relying_party
    if request.form.get("credential"):
        return PasskeyAnswer.read(request.form["credential"], party, waiting.digest)
    if request.form.get("recovery_code"):
        return RecoveryCode(request.secret("recovery_code"))
    if request.form.get("code"):
        return TotpCode(request.secret("code"))
    raise InvalidField("code" if waiting.factors.apps else "recovery_code", _MISSING)
