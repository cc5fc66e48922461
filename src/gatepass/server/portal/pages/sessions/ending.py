"""Ends sessions: one's own, and for administrators those of a member of the organization."""

from starlette.responses import Response

from gatepass.server.domain.users import operations as users
from gatepass.server.domain.users.model import User
from gatepass.server.portal import cookies, redirects
from gatepass.server.portal.pages.users import team
from gatepass.server.portal.rendering import redirect
from gatepass.server.portal.request import PortalRequest
from gatepass.translation.message import Message

_ENDED = Message("The session has ended.")
_ENDED_ALREADY = Message("This session had ended already.")


def end_own(request: PortalRequest) -> Response:
    """End one of the user's sessions."""
    return _end_one(request, request.user, redirects.ACCOUNT)


def end_all_own(request: PortalRequest) -> Response:
    """End all sessions of the user, this one too."""
    users.end_sessions(request.context, request.actor, request.org_id, request.user.id)
    return _logged_out(request)


def end_of_member(request: PortalRequest) -> Response:
    """End one session of a member."""
    member = users.find(request.context, request.org_id, request.ids["user_id"])
    return _end_one(request, member, team.address(member.id))


def end_all_of_member(request: PortalRequest) -> Response:
    """End all sessions of a member."""
    member = users.find(request.context, request.org_id, request.ids["user_id"])
    users.end_sessions(request.context, request.actor, request.org_id, member.id)
    if member.id == request.user.id:
        return _logged_out(request)
    return redirect(request, team.address(member.id), Message("All their sessions have ended."))


def _end_one(request: PortalRequest, user: User, page: str) -> Response:
    session_id = request.ids["session_id"]
    ended = users.end_session(request.context, request.actor, request.org_id, user.id, session_id)
    if ended == request.current_login.session.id_digest:
        return _logged_out(request)
    return redirect(request, page, _ENDED if ended else _ENDED_ALREADY)


def _logged_out(request: PortalRequest) -> Response:
    response = redirect(request, redirects.LOGIN)
    cookies.drop_session(response, request.environment)
    return response
