"""Error pages: what happened and what to do."""

from typing import NamedTuple

from starlette.responses import HTMLResponse

from gatepass.server.oauth.served_environment import ServedEnvironment
from gatepass.server.portal import rendering
from gatepass.server.portal.request import PortalRequest
from gatepass.translation.language import Language


class ErrorText(NamedTuple):
    """The default text of the error page for a status."""

    title: str
    say: str
    todo: str


TEXTS = {
    400: ErrorText(
        "Bad request",
        "The request could not be read.",
        "Go back, reload the page and try again.",
    ),
    403: ErrorText(
        "Access denied",
        "Your role does not include this.",
        "Ask an administrator of your organization.",
    ),
    404: ErrorText(
        "Page not found",
        "There is no such page, or it belongs to another organization.",
        "Check the address, or start from the first page.",
    ),
    405: ErrorText(
        "Method not allowed",
        "The page does not accept this method.",
        "Start from the first page.",
    ),
    409: ErrorText(
        "Conflict",
        "This is not possible in the current state.",
        "Go back, reload the page and try again.",
    ),
    413: ErrorText(
        "Form too large", "The form is over 64 KiB.", "Go back and shorten what you entered."
    ),
    415: ErrorText(
        "Unsupported encoding",
        "The form is compressed, which this server does not read.",
        "Send the form without Content-Encoding.",
    ),
    429: ErrorText("Too many attempts", "There were too many attempts.", "Wait, then try again."),
    500: ErrorText(
        "Internal error",
        "The server had an internal error. It was logged.",
        "Try again. If it happens again, tell your account manager the time.",
    ),
    503: ErrorText(
        "Not available",
        "The portal is not available at the moment. Nothing was changed.",
        "Try again in a few seconds. Tokens and API calls keep working.",
    ),
}
_FORM_TOO_OLD = "Go back, reload the page and send the form again."


def page(request: PortalRequest, status: int, say: str = "") -> HTMLResponse:
    """Return the error page for a request of this portal."""
    return rendering.error(request, status, **_context(status, say))


def anonymous(
    environment: ServedEnvironment, reads: Language, status: int, say: str = ""
) -> HTMLResponse:
    """Return the error page where the session is not known."""
    return rendering.anonymous_error(environment, reads, status, **_context(status, say))


def suspended(request: PortalRequest) -> HTMLResponse:
    """Return the page for a user of a suspended organization."""
    context = {
        "title": "Your organization is suspended",
        "say": f"{request.current_login.organization.name} is suspended: its users cannot use the "
        "portal, and its applications get no tokens.",
        "todo": "Ask your account manager.",
        "link_url": "",
        "link_text": "",
    }
    return rendering.error(request, 403, **context)


def _context(status: int, say: str) -> dict[str, object]:
    words = TEXTS.get(status, TEXTS[400])
    is_form = status == 403 and bool(say)
    return {
        "title": "The form was not accepted" if is_form else words.title,
        "say": say or words.say,
        "todo": _FORM_TOO_OLD if is_form else words.todo,
        "link_url": "/",
        "link_text": "Go to the first page",
    }
