"""The first page of an environment: what needs attention."""

from collections.abc import Iterator
from datetime import timedelta
from typing import NamedTuple

from starlette.responses import Response

from gatepass.server.admin.console.rendering import page
from gatepass.server.admin.console.request import ConsoleRequest
from gatepass.server.domain.usage import store as usage
from gatepass.server.domain.usage.model import RefusalOf
from gatepass.server.observability import health
from gatepass.server.portal.pages.applications.usage import refusal_in_words
from gatepass.server.portal.presentation.words import OPERATOR_ROLES
from gatepass.server.portal.request import PortalRequest
from gatepass.translation.message import Message

_DAY = timedelta(days=1)
_FEW = 10  # refusals on the first page
_MOST_MAIL = 100

PROBLEMS = {
    "database_away": Message(
        "The database cannot be read. Tokens are issued from memory for a while; see the log."
    ),
    "database_unwritable": Message("The database takes no changes; see the log."),
    "disk_full": Message("The disk is almost full. Make space."),
    "clock_offset": Message("This machine's clock differs from the database's. Set it by NTP."),
}

_SOMETHING = Message("Something is wrong; see the log.")


class Point(NamedTuple):
    """Something that needs attention, and the path below the environment's that leads to it."""

    kind: str  # of the notice
    words: Message
    path: str = ""
    link: Message | None = None


def first(request: PortalRequest) -> Response:
    """Show the first environment in which the operator has a role."""
    if request.operator is None:
        raise RuntimeError("a page for operators was opened by somebody else")
    return show(ConsoleRequest(request, request.operator.modes[0]))


def show(request: ConsoleRequest) -> Response:
    """Show what needs attention."""
    with request.environment.database.read() as connection:
        since = request.environment.now() - _DAY
        found = usage.newest(connection, since, _FEW)
    return page(
        request,
        "overview.html",
        points=[*_points(request)],
        refusals=[refusal_line(each) for each in found],
        roles=[OPERATOR_ROLES[each] for each in sorted(request.roles)],
    )


def refusal_line(each: RefusalOf) -> dict[str, object]:
    """Return a refusal as lists of many applications show it."""
    return {
        "words": refusal_in_words(each.refusal),
        "app_id": each.refusal.kind.application_id,
        "app_name": each.app_name,
        "org_id": each.org_id,
        "org_name": each.org_name,
    }


def _points(request: ConsoleRequest) -> Iterator[Point]:
    for problem in health.problems(request.environment):
        yield Point("wrong", PROBLEMS.get(problem.name, _SOMETHING))
    failed = len(request.context.outbox.messages("mail", "failed", _MOST_MAIL))
    if failed:
        words = Message.plural(
            "{count} mail could not be sent.", "{count} mails could not be sent.", failed
        )
        yield Point("warning", words)
