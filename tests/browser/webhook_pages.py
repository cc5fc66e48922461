"""The pages of webhooks in every state of an endpoint and its deliveries."""

from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

from browser.samples import LONG, NOW, UNBROKEN, Sample, before, site
from gatepass.server.domain.changes.webhooks.model import (
    MOST_ENDPOINTS,
    Delivery,
    Endpoint,
    Event,
)
from gatepass.server.portal.pages.webhooks import form, words

WEBHOOKS = site(section="webhooks", environment="production")
IN_SANDBOX = site(section="webhooks", accounts_url="https://app.example.com")
ENDPOINT = Endpoint(
    UUID("7c9e6679-7425-40de-944b-e07fc1f90ae7"),
    UUID("018f0000-0000-7000-8000-000000000001"),
    "https://hooks.acme.example/gatepass?team=billing",
    ("secret.expiring", "secret.leaked", "refusals.rising"),
    "Ticket system",
    before(days=80),
    "anna",
    succeeded_at=before(minutes=12),
)
ALL_EVENTS = replace(
    ENDPOINT,
    url=f"https://hooks.acme.example/{UNBROKEN}",
    events=(),
    description=LONG[:100],
    previous_until=NOW + timedelta(hours=23),
)
FAILING = replace(ENDPOINT, failing_since=before(hours=5), succeeded_at=before(hours=6))
NEW = replace(ENDPOINT, description="", succeeded_at=None, created_at=before(minutes=1))
DISABLED = {
    because: replace(ENDPOINT, disabled_at=before(hours=2), disabled_because=because)
    for because in ("person", "gone", "failing")
}
SECRET = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD5sSYspob7oD="


def delivery(number: int, name: str, **changes: Any) -> Delivery:  # noqa: ANN401
    """Return a delivery that was taken; `changes` make it another one."""
    subject = "application/gpc_live_5Qm1xKc8T0vZ2rYw7LhNd3"
    event = Event(UUID(int=number), before(hours=number), name, None, "", subject, {})
    taken = Delivery(
        *(number, ENDPOINT.id, event, number, NOW + timedelta(days=3), 1, None),
        tried_at=before(hours=number),
        delivered_at=before(hours=number),
        status=204,
        milliseconds=38,
    )
    return replace(taken, **changes)


NOT_TAKEN: dict[str, Any] = {"delivered_at": None, "due_at": NOW + timedelta(minutes=28)}
DELIVERIES = [
    delivery(1, "webhook.test", **NOT_TAKEN, attempts=0, status=None, milliseconds=None),
    delivery(2, "secret.expiring", **NOT_TAKEN, attempts=3, status=503),
    delivery(3, "refusals.rising", **NOT_TAKEN, attempts=4, status=None, error="no answer in time"),
    delivery(4, "application.registered", attempts=2),
    delivery(
        *(90, "secret.leaked"),
        delivered_at=None,
        failed_at=before(hours=18),
        attempts=10,
        status=301,
        error="redirects are not followed",
    ),
]


def one(endpoint: Endpoint, sent: list[Delivery], **changes: Any) -> dict[str, Any]:  # noqa: ANN401
    """Return what the page of an endpoint is made of."""
    return {
        "site": WEBHOOKS,
        "errors": {},
        "endpoint": endpoint,
        "state": words.ENDPOINTS[endpoint.state],
        "disabled": words.DISABLED.get(endpoint.disabled_because, ""),
        "deliveries": [
            (each, words.DELIVERIES[each.state], words.error(each.error)) for each in sent
        ],
        "filters": words.FILTERS,
        "chosen": "",
        "overlaps": words.OVERLAPS,
        "version": "0123456789abcdef",
        "older_url": None,
        **changes,
    }


def listed(*endpoints: Endpoint, **changes: Any) -> dict[str, Any]:  # noqa: ANN401
    """Return what the list of endpoints is made of."""
    return {
        "site": WEBHOOKS,
        "endpoints": [(each, words.ENDPOINTS[each.state]) for each in endpoints],
        "most": MOST_ENDPOINTS,
        "is_available": True,
        **changes,
    }


def typed(endpoint: Endpoint | None, values: dict[str, str], **errors: str) -> dict[str, Any]:
    """Return what the form is made of."""
    return {
        "site": WEBHOOKS,
        "endpoint": endpoint,
        **form.shown(values, errors, of_organization=True),
    }


def secret(endpoint: Endpoint, *, rotated: bool) -> dict[str, Any]:
    """Return what the page of a new signing secret is made of."""
    return {"site": WEBHOOKS, "endpoint": endpoint, "secret": SECRET, "rotated": rotated}


_INDEX, _EDIT = "webhooks/index.html", "webhooks/edit.html"
_ONE, _SECRET = "webhooks/endpoint.html", "webhooks/secret.html"
PAGES = (
    Sample("webhooks", _INDEX, listed(ENDPOINT, ALL_EVENTS, FAILING, NEW, DISABLED["gone"])),
    Sample("webhooks-empty", _INDEX, listed(site=IN_SANDBOX)),
    Sample("webhooks-most", _INDEX, listed(*[ENDPOINT] * MOST_ENDPOINTS)),
    Sample("webhooks-upgrade", _INDEX, listed(is_available=False)),
    Sample("webhook-add", _EDIT, typed(None, {"events": "all"})),
    Sample(
        "webhook-add-wrong",
        _EDIT,
        typed(
            None,
            {"url": "http://10.0.0.1/", "events": "some", "description": "Ticket\u2028system"},
            url="The URL must begin with https://.",
            events="Select at least one event.",
            description="Give one line of 100 characters at most.",
        ),
    ),
    Sample("webhook-change", _EDIT, typed(ENDPOINT, form.values_of(ENDPOINT))),
    Sample("webhook", _ONE, one(ENDPOINT, DELIVERIES, older_url="/team/webhooks/?before=90")),
    Sample("webhook-new", _ONE, one(NEW, [])),
    Sample("webhook-all-events", _ONE, one(ALL_EVENTS, DELIVERIES[3:4])),
    Sample("webhook-failing", _ONE, one(FAILING, DELIVERIES[4:], chosen="failed")),
    *(
        Sample(f"webhook-disabled-{because}", _ONE, one(endpoint, DELIVERIES[:1]))
        for because, endpoint in DISABLED.items()
    ),
    Sample(
        "webhook-refused",
        _ONE,
        one(ENDPOINT, [], errors={"": "Choose how long the old secret stays valid."}),
    ),
    Sample("webhook-secret", _SECRET, secret(NEW, rotated=False)),
    Sample("webhook-secret-rotated", _SECRET, secret(ALL_EVENTS, rotated=True)),
    Sample("webhook-secret-rotated-at-once", _SECRET, secret(ENDPOINT, rotated=True)),
)
