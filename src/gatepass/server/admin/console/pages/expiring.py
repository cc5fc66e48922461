"""Secrets, keys and certificates that end soon, over all organizations or of one.

With each one the page says whom to write to.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple
from urllib.parse import urlencode
from uuid import UUID

from starlette.responses import Response

from gatepass.server.admin.console.rendering import page
from gatepass.server.admin.console.request import ConsoleRequest
from gatepass.server.admin.operations.model import Operation
from gatepass.server.admin.operations.usage import expiring
from gatepass.server.admin.operations.usage.expiring import (
    Expiring,
    ExpiringCertificate,
    ExpiringCertificates,
    ExpiringKey,
    ExpiringKeys,
    ExpiringSecrets,
)
from gatepass.server.domain.applications import operations as applications
from gatepass.server.domain.organizations import operations as organizations
from gatepass.server.domain.users import operations as users
from gatepass.server.portal.forms.errors import errors_of
from gatepass.server.storage.errors import NotFoundError
from gatepass.translation.message import Message
from gatepass.wire.errors import OAuthError

PERIODS = {
    7: Message("7 days"),
    30: Message("30 days"),
    90: Message("90 days"),
}


class Part(NamedTuple):
    """What the page says of one kind; `cursor` is the member of the query with its cursor.

    `shown` is the member of a row that the column has.
    """

    operation: Operation[Any, Any]
    page: type[ExpiringSecrets | ExpiringKeys | ExpiringCertificates]
    cursor: str
    shown: str
    title: Message
    one: Message
    caption: Message
    more: Message


PARTS = (
    Part(
        expiring.SECRETS,
        ExpiringSecrets,
        "after",
        "ends_with",
        Message("Secrets"),
        Message("Secret"),
        Message("Secrets that end soon, the next one first"),
        Message("More secrets"),
    ),
    Part(
        expiring.KEYS,
        ExpiringKeys,
        "after_key",
        "key",
        Message("Keys"),
        Message("Key"),
        Message("Keys that end soon, the next one first"),
        Message("More keys"),
    ),
    Part(
        expiring.CERTIFICATES,
        ExpiringCertificates,
        "after_certificate",
        "certificate",
        Message("Certificates"),
        Message("Certificate"),
        Message("Certificates that end soon, the next one first"),
        Message("More certificates"),
    ),
)
_DEFAULT = 30  # days
_PAGE = 50
_MOST_PEOPLE = 3  # administrators of an organization


def show(request: ConsoleRequest) -> Response:
    """Show what ends within the chosen days, by kind, the next one first.

    A query that has the cursor of one kind shows only that one.
    """
    days, org_id = _days(request), _org_id(request)
    organization = organizations.find(request.context, org_id) if org_id else None
    errors: dict[str, str] = {}
    of = {"org": str(org_id)} if org_id else {}
    later = next((each for each in PARTS if each.cursor in request.query), None)
    parts: list[dict[str, object]] = []
    try:
        for part in (later,) if later else PARTS:
            cursor = request.query.get(part.cursor, "")
            asked = request.perform(
                part.operation, org_id=org_id, days=days, limit=_PAGE, cursor=cursor
            )
            found = part.page.model_validate(asked.result)
            more = urlencode({**of, "days": days, part.cursor: found.next_cursor or ""})
            parts.append(
                {
                    "part": part,
                    "rows": _rows(request, found.items),
                    "next_url": f"?{more}" if found.next_cursor else "",
                }
            )
    except OAuthError as refusal:
        errors = errors_of(refusal)
    return page(
        request,
        "expiring_secrets.html",
        parts=[each for each in parts if each["rows"]],
        organization=organization,
        days=days,
        periods=PERIODS,
        errors=errors,
    )


def _rows(
    request: ConsoleRequest, found: Sequence[Expiring | ExpiringKey | ExpiringCertificate]
) -> list[dict[str, Any]]:
    """Return each of them with its organization, its application, and who is responsible."""
    known = {each.org_id: _responsible(request, each.org_id) for each in found}
    rows: list[dict[str, Any]] = []
    for each in found:
        application = applications.find_by_client_id(request.context, each.client_id)
        if application is None:  # deleted meanwhile
            continue
        name, people = known[each.org_id]
        rows.append(
            {"ending": each, "app_id": application.id, "organization": name, "people": people}
        )
    return rows


def _responsible(request: ConsoleRequest, org_id: UUID) -> tuple[str, list[str]]:
    """Return the name of an organization, and the addresses of administrators who log in."""
    name = organizations.find(request.context, org_id).name
    found = users.with_portal_access(request.context, org_id)
    addresses = [each.email for each in found if each.role == "admin" and not each.disabled_at]
    return name, [each for each in addresses if each][:_MOST_PEOPLE]


def _days(request: ConsoleRequest) -> int:
    text = request.query.get("days", "")
    return next((days for days in PERIODS if str(days) == text), _DEFAULT)


def _org_id(request: ConsoleRequest) -> UUID | None:
    text = request.query.get("org", "")
    if not text:
        return None
    try:
        return UUID(text)
    except ValueError:
        raise NotFoundError(text) from None
