"""The pages of refusals: what went wrong, and what to do."""

from typing import NamedTuple

from starlette.responses import HTMLResponse

from gatepass.server.environment.environment import Environment
from gatepass.server.portal import rendering
from gatepass.server.portal.request import PortalRequest


class Words(NamedTuple):
    """What a page of this status says when nothing more is known."""

    title: str
    say: str
    todo: str


WORDS = {
    400: Words(
        "Bad request",
        "The request could not be read.",
        "Go back, reload the page and try again.",
    ),
    403: Words(
        "Access denied",
        "Your role does not include this.",
        "Ask an administrator of your organization.",
    ),
    404: Words(
        "Page not found",
        "There is no such page, or it belongs to another organization.",
        "Check the address, or start from the first page.",
    ),
    405: Words(
        "Method not allowed",
        "The page does not accept this method.",
        "Start from the first page.",
    ),
    409: Words(
        "Conflict",
        "This is not possible in the current state.",
        "Go back, reload the page and try again.",
    ),
    413: Words(
        "Form too large", "The form is over 64 KiB.", "Go back and shorten what you entered."
    ),
    415: Words(
        "Unsupported encoding",
        "The form is compressed, which this server does not read.",
        "Send the form without Content-Encoding.",
    ),
    429: Words("Too many attempts", "There were too many attempts.", "Wait, then try again."),
    500: Words(
        "Internal error",
        "The server had an internal error. It was logged.",
        "Try again. If it happens again, tell your account manager the time.",
    ),
    503: Words(
        "Not available",
        "The portal is not available at the moment. Nothing was changed.",
        "Try again in a few seconds. Tokens and API calls keep working.",
    ),
}
_FORM_TOO_OLD = "Go back, reload the page and send the form again."


def page(visit: PortalRequest, status: int, say: str = "") -> HTMLResponse:
    """Give the page of a refusal to who is known."""
    return rendering.error(visit, status, **_context(status, say))


def anonymous(environment: Environment, status: int, say: str = "") -> HTMLResponse:
    """Give the page of a refusal where it is not known who asks."""
    return rendering.anonymous_error(environment, status, **_context(status, say))


def suspended(visit: PortalRequest) -> HTMLResponse:
    """Tell somebody in a live session that their organization is suspended."""
    context = {
        "title": "Your organization is suspended",
        "say": f"{visit.me.organization.name} is suspended: its users cannot use the "
        "portal, and its applications get no tokens.",
        "todo": "Ask your account manager.",
        "link_url": "",
        "link_text": "",
    }
    return rendering.error(visit, 403, **context)


def _context(status: int, say: str) -> dict[str, object]:
    words = WORDS.get(status, WORDS[400])
    is_form = status == 403 and bool(say)
    return {
        "title": "The form was not accepted" if is_form else words.title,
        "say": say or words.say,
        "todo": _FORM_TOO_OLD if is_form else words.todo,
        "link_url": "/",
        "link_text": "Go to the first page",
    }
