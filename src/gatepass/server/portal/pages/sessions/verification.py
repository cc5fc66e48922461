"""The proof that is asked for before something sensitive; the form that needs it waits."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

from starlette.responses import Response

from gatepass.server.domain.users.passwords.hashing import Steps
from gatepass.server.domain.users.sessions import step_up
from gatepass.server.domain.users.sessions.proofs.model import Method
from gatepass.server.portal import cookies, redirects
from gatepass.server.portal.forms import csrf
from gatepass.server.portal.forms.errors import errors_of
from gatepass.server.portal.pages.sessions import resubmission, ways
from gatepass.server.portal.pages.sessions.ways import Way
from gatepass.server.portal.rendering import page, redirect, rejected_form
from gatepass.server.portal.request import PortalRequest
from gatepass.translation.message import Message
from gatepass.wire.errors import OAuthError

_NEEDED = OAuthError("invalid_request", Message("A fresh proof is needed."), status=403)
_TEMPLATE = "verify.html"


class Verified(NamedTuple):
    """A form that has waited for a proof, as a request in the session with its new id."""

    request: PortalRequest


def is_due(request: PortalRequest, own_proof: Method | None = None) -> bool:
    """Return whether the person must prove again who they are, by the strongest method they have.

    Not where that is `own_proof`, the method that the form itself asks for.
    """
    strongest = ways.of(request)[0].method
    if strongest == own_proof:
        return False
    return step_up.is_due(request.context, request.current_login, strongest)


def ask(request: PortalRequest, form_page: str) -> Response:
    """Ask for a proof before the form of this request, which the page keeps, is sent on.

    `form_page` is opened afterwards where the form cannot be sent on.
    """
    parts = resubmission.encrypt_whole(request)
    kept = "" if request.typed() and not parts else "part" if request.has_secrets else "all"
    way = ways.of(request)[0]
    return _page(request, way, _NEEDED, parts=parts, next_path=form_page, kept=kept)


def form(request: PortalRequest) -> Response:
    """Ask for a proof before the page `next` is opened."""
    if not is_due(request):
        return redirect(request, _next(request, request.query.get("next")))
    shown = _context(request, ways.of(request)[0], next_path=request.query.get("next", ""))
    return page(request, _TEMPLATE, **shown)


def verify(request: PortalRequest) -> Steps[Response | Verified]:
    """Check the proof, then send on the form that waited for it, or open the page `next`."""
    parts = resubmission.hidden_fields(request)
    if is_due(request):
        way = ways.chosen(request)
        elsewhere = ways.elsewhere(request, way, "")
        if elsewhere:
            return _page(request, way, _NEEDED, parts=parts, errors={"": elsewhere.not_yet})
        if "choose" in request.form:
            return _page(request, way, _NEEDED, parts=parts)
        try:
            yield from _checked(request, way)
        except OAuthError as refusal:
            return _page(
                request, way, refusal, parts=parts, errors=errors_of(refusal, way.error_field)
            )
        return _proved(request, way.method)
    return _go_on(request)


def _proved(request: PortalRequest, method: Method) -> Response | Verified:
    """Record a proof that was right, then send on what the form of `request` has kept.

    The session gets a new id, which the response sets.
    """
    login = step_up.succeed(request.context, request.actor, request.current_login, method)
    renewed = replace(request, login=login, csrf=csrf.token(login.session_id))
    found = _go_on(renewed)
    if isinstance(found, Response):
        cookies.set_session(found, request.environment, login.session_id)
    return found


def outdated(request: PortalRequest, refusal: OAuthError) -> Response:
    """Show the page again, with what it keeps, where it is from before a proof in another tab."""
    way = ways.chosen(request)
    return _page(request, way, refusal, parts=resubmission.hidden_fields(request))


def _checked(request: PortalRequest, way: Way) -> Steps[None]:
    """Check the proof; one that is wrong is recorded."""
    if way.field and not request.form.get(way.field):
        raise OAuthError("invalid_request", way.missing)
    try:
        yield from way.check(request)
    except OAuthError as refusal:
        step_up.record_refusal(request.context, request.actor, way.method, refusal)
        raise


def _go_on(request: PortalRequest) -> Response | Verified:
    """Send on the saved form; show it again where it may not be sent on, or else its page."""
    next_path = _next(request, request.form.get("next"))
    saved = resubmission.read(request)
    if saved is None:
        return redirect(request, next_path)
    waited = replace(request, method="POST", path=saved.path, form=saved.form)
    if resubmission.may_be_sent(request, saved):
        return Verified(waited)
    refusal = OAuthError("invalid_request", resubmission.WAITED, status=200)
    shown = resubmission.rerender(waited, refusal)
    return shown or redirect(request, next_path, resubmission.WAITED)


def _next(request: PortalRequest, path: str | None) -> str:
    return redirects.own_path(path) or request.landing


def _page(
    request: PortalRequest,
    way: Way,
    refusal: OAuthError,
    *,
    parts: Sequence[str],
    next_path: str | None = None,
    errors: Mapping[str, str] | None = None,
    kept: str = "all",
) -> Response:
    next_path = request.form.get("next", "") if next_path is None else next_path
    shown = _context(request, way, next_path, parts, errors)
    return rejected_form(request, _TEMPLATE, refusal, **{**shown, "kept": kept})


def _context(
    request: PortalRequest,
    way: Way,
    next_path: str,
    parts: Sequence[str] = (),
    errors: Mapping[str, str] | None = None,
) -> dict[str, object]:
    due, own_path = is_due(request), redirects.own_path(next_path)
    elsewhere = ways.elsewhere(request, way, "" if parts else own_path) if due else None
    is_here = due and elsewhere is None
    return {
        "elsewhere": elsewhere,
        "way": way if is_here else None,
        "others": [each for each in ways.of(request) if each != way] if is_here else [],
        "saved_form": parts,
        "next": own_path,
        "errors": errors or {},
        "kept": "all",
        **(way.context(request) if is_here else {}),
    }
