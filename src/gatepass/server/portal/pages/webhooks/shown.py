"""What pages show of an endpoint and its deliveries: those of the portal and of the console."""

from collections.abc import Mapping
from typing import Any, get_args
from urllib.parse import urlencode

from gatepass.server.domain.changes.webhooks.model import Endpoint, State
from gatepass.server.domain.context import Context
from gatepass.server.domain.organizations.webhooks import deliveries
from gatepass.server.portal.pages.webhooks import words
from gatepass.server.storage.errors import NotFoundError

_ON_A_PAGE = 50  # deliveries
_LONGEST_NUMBER = 18  # digits, of a delivery


def context_of(
    context: Context, found: Endpoint, query: Mapping[str, str], address: str
) -> dict[str, Any]:
    """Return what the page of an endpoint is made of, with the deliveries that the query wants."""
    before = query.get("before")
    state: State | None = next(
        (each for each in get_args(State) if each == query.get("state")), None
    )
    listed = deliveries.listed(
        context,
        found.id,
        found.org_id,
        state,
        _ON_A_PAGE + 1,
        None if before is None else delivery_id(before),
    )
    sent = listed[:_ON_A_PAGE]
    chosen = {"state": state} if state else {}
    older = urlencode({**chosen, "before": sent[-1].id}) if len(listed) > len(sent) else ""
    return {
        "endpoint": found,
        "state": words.ENDPOINTS[found.state],
        "disabled": words.DISABLED.get(found.disabled_because, ""),
        "deliveries": [
            (each, words.DELIVERIES[each.state], words.error(each.error)) for each in sent
        ],
        "filters": words.FILTERS,
        "chosen": state or "",
        "overlaps": words.OVERLAPS,
        "older_url": f"{address}?{older}#deliveries" if older else None,
    }


def delivery_id(text: str) -> int:
    """Return the id of a delivery; raise NotFoundError for what is none."""
    if not (text.isascii() and text.isdecimal() and len(text) <= _LONGEST_NUMBER):
        raise NotFoundError(text)
    return int(text)
