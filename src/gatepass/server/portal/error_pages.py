"""Error pages: what happened and what to do."""

from typing import NamedTuple

from starlette.responses import HTMLResponse

from gatepass.server.oauth.served_environment import ServedEnvironment
from gatepass.server.portal import rendering
from gatepass.server.portal.request import PortalRequest
from gatepass.translation.language import Language
from gatepass.translation.message import Message


class ErrorText(NamedTuple):
    """The default text of the error page for a status."""

    title: str
    say: str
    todo: str


TEXTS = {
    400: ErrorText(
        Message("Bad request"),
        Message("The request could not be read."),
        Message("Go back, reload the page and try again."),
    ),
    403: ErrorText(
        Message("Access denied"),
        Message("Your role does not include this."),
        Message("Ask an administrator of your organization."),
    ),
    404: ErrorText(
        Message("Page not found"),
        Message("There is no such page, or it belongs to another organization."),
        Message("Check the address, or start from the first page."),
    ),
    405: ErrorText(
        Message("Method not allowed"),
        Message("The page does not accept this method."),
        Message("Start from the first page."),
    ),
    409: ErrorText(
        Message("Conflict"),
        Message("This is not possible in the current state."),
        Message("Go back, reload the page and try again."),
    ),
    413: ErrorText(
        Message("Form too large"),
        Message("The form is over 64 KiB."),
        Message("Go back and shorten what you entered."),
    ),
    415: ErrorText(
        Message("Unsupported encoding"),
        Message("The form is compressed, which this server does not read."),
        Message("Send the form without Content-Encoding."),
    ),
    429: ErrorText(
        Message("Too many attempts"),
        Message("There were too many attempts."),
        Message("Wait, then try again."),
    ),
    500: ErrorText(
        Message("Internal error"),
        Message("The server had an internal error. It was logged."),
        Message("Try again. If it happens again, tell your account manager the time."),
    ),
    503: ErrorText(
        Message("Not available"),
        Message("The portal is not available at the moment. Nothing was changed."),
        Message("Try again in a few seconds. Tokens and API calls keep working."),
    ),
}
_FORM_TOO_OLD = Message("Go back, reload the page and send the form again.")


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
        "title": Message("Your organization is suspended"),
        "say": Message(
            "{name} is suspended: its users cannot use the "
            "portal, and its applications get no tokens.",
            name=request.current_login.organization.name,
        ),
        "todo": Message("Ask your account manager."),
        "link_url": "",
        "link_text": "",
    }
    return rendering.error(request, 403, **context)


def _context(status: int, say: str) -> dict[str, object]:
    words = TEXTS.get(status, TEXTS[400])
    is_form = status == 403 and bool(say)
    return {
        "title": Message("The form was not accepted") if is_form else words.title,
        "say": say or words.say,
        "todo": _FORM_TOO_OLD if is_form else words.todo,
        "link_url": "/",
        "link_text": Message("Go to the first page"),
    }
