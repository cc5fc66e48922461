"""The server: its health, versions, and the mail that waits or failed."""

from collections import Counter

from starlette.responses import Response

from gatepass.server.admin.console.pages.overview import PROBLEMS
from gatepass.server.admin.console.rendering import page, redirect
from gatepass.server.admin.console.request import ConsoleRequest
from gatepass.server.admin.operations.system import guards, health, mail
from gatepass.translation.message import Message
from gatepass.wire.errors import OAuthError

_FEW = 50  # mails on the page
_FEW_GUARDS = 100


def show(request: ConsoleRequest) -> Response:
    """Show how the server is."""
    system = health.System.model_validate(request.perform(health.SHOW).result)
    following = guards.Guards.model_validate(request.perform(guards.LIST).result)
    mails = mail.Mails.model_validate(request.perform(mail.LIST, limit=_FEW).result)
    return page(
        request,
        "system.html",
        system=system,
        housekept_at=max(
            (each.done_at for each in system.housekeeping if each.done_at), default=None
        ),
        problems=[PROBLEMS.get(each.name, each.text) for each in system.problems],
        guards=following.items[:_FEW_GUARDS],
        number_of_guards=len(following.items),
        guard_states=Counter(each.state for each in following.items),
        mails=[each for each in mails.items if each.state != "sent"],
        has_failed=any(each.state == "failed" for each in mails.items),
    )


def retry_mail(request: ConsoleRequest) -> Response:
    """Send all mail again that failed."""
    try:
        number = request.perform(mail.RETRY, ids=None).result["retried"]
    except OAuthError as refusal:
        return redirect(request, "system/", refusal.message)
    done = Message.plural("{count} mail is sent again.", "{count} mails are sent again.", number)
    return redirect(request, "system/", done)
