"""Client secrets and keys that end soon, over all organizations or of one, and whom to write to."""

from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from starlette.responses import Response

from gatepass.server.admin.console.rendering import page
from gatepass.server.admin.console.request import ConsoleRequest
from gatepass.server.admin.operations.applications import keys
from gatepass.server.admin.operations.applications.key_model import ExpiringKey, ExpiringKeys
from gatepass.server.admin.operations.usage import secrets
from gatepass.server.admin.operations.usage.secrets import Expiring, ExpiringSecrets
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
_DEFAULT = 30  # days
_PAGE = 50
_MOST_PEOPLE = 3  # administrators of an organization


def show(request: ConsoleRequest) -> Response:
    """Show the secrets and keys that end within the chosen days, the next one first."""
    days, org_id = _days(request), _org_id(request)
    organization = organizations.find(request.context, org_id) if org_id else None
    errors: dict[str, str] = {}
    found = ExpiringSecrets(items=[], next_cursor=None)
    found_keys = ExpiringKeys(items=[], next_cursor=None)
    wanted = {"org_id": org_id, "days": days, "limit": _PAGE}
    try:
        if "after_key" not in request.query:
            cursor = request.query.get("after", "")
            asked = request.perform(secrets.EXPIRING, **wanted, cursor=cursor)
            found = ExpiringSecrets.model_validate(asked.result)
        if "after" not in request.query:
            cursor = request.query.get("after_key", "")
            asked = request.perform(keys.EXPIRING, **wanted, cursor=cursor)
            found_keys = ExpiringKeys.model_validate(asked.result)
    except OAuthError as refusal:
        errors = errors_of(refusal)
    of = {"org": str(org_id)} if org_id else {}
    next_query = urlencode({**of, "days": days, "after": found.next_cursor or ""})
    next_keys = urlencode({**of, "days": days, "after_key": found_keys.next_cursor or ""})
    return page(
        request,
        "expiring_secrets.html",
        rows=_rows(request, found.items),
        key_rows=_rows(request, found_keys.items),
        organization=organization,
        days=days,
        periods=PERIODS,
        errors=errors,
        next_url=f"?{next_query}" if found.next_cursor else "",
        next_keys_url=f"?{next_keys}" if found_keys.next_cursor else "",
        is_later="after" in request.query or "after_key" in request.query,
    )


def _rows(request: ConsoleRequest, found: Sequence[Expiring | ExpiringKey]) -> list[dict[str, Any]]:
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
