"""The pages of webhooks in the console."""

from types import SimpleNamespace as Thing
from typing import Any

from browser import webhook_pages
from browser.console_pages import BASE, IN_SANDBOX, OPERATOR, console
from browser.samples import Sample
from browser.webhook_pages import ALL_EVENTS, DELIVERIES, DISABLED, ENDPOINT, FAILING, NEW, SECRET
from gatepass.server.domain.changes.webhooks.model import MOST_ENDPOINTS, Endpoint
from gatepass.server.portal.pages.webhooks import form

ACME = Thing(id="o1", name="Acme Energy")
LIST, LIST_OF_ACME = f"{BASE}webhooks/", f"{BASE}organizations/o1/webhooks/"
HERE = f"{BASE}webhooks/{ENDPOINT.id}/"


def listed(*endpoints: Endpoint, **changes: Any) -> dict[str, Any]:  # noqa: ANN401
    """Return what a list of endpoints is made of."""
    return {
        **webhook_pages.listed(*endpoints),
        "site": OPERATOR,
        "console": console("webhooks/"),
        "organization": None,
        "may_change": True,
        "here": LIST,
        **changes,
    }


def one(endpoint: Endpoint, *sent: Any, **changes: Any) -> dict[str, Any]:  # noqa: ANN401
    """Return what the page of an endpoint is made of."""
    return {
        **webhook_pages.one(endpoint, list(sent)),
        "site": OPERATOR,
        "console": console("webhooks/"),
        "organization": None,
        "here": HERE,
        "back": LIST,
        "may_change": True,
        **changes,
    }


def typed(values: dict[str, str], **changes: Any) -> dict[str, Any]:  # noqa: ANN401
    """Return what the form is made of."""
    errors = changes.pop("errors", {})
    return {
        "site": OPERATOR,
        "console": console("webhooks/"),
        "organization": None,
        "endpoint": None,
        "back": LIST,
        "action": f"{LIST}add/",
        "seen": "",
        **form.shown(values, errors, of_organization="organization" in changes),
        **changes,
    }


def secret(**changes: Any) -> dict[str, Any]:  # noqa: ANN401
    """Return what the page of a new signing secret is made of."""
    around = {"site": OPERATOR, "console": console("webhooks/"), "here": HERE}
    return {**around, "endpoint": NEW, "secret": SECRET, "rotated": False, **changes}


_INDEX, _EDIT = "console/webhooks/index.html", "console/webhooks/edit.html"
_ONE, _SECRET = "console/webhooks/endpoint.html", "console/webhooks/secret.html"
OF_ACME = {"organization": ACME, "here": LIST_OF_ACME}
PAGES = (
    Sample("console-webhooks", _INDEX, listed(ENDPOINT, ALL_EVENTS, FAILING)),
    Sample("console-webhooks-empty", _INDEX, listed(site=IN_SANDBOX)),
    Sample("console-webhooks-of-acme", _INDEX, listed(*[ENDPOINT] * MOST_ENDPOINTS, **OF_ACME)),
    Sample("console-webhooks-read", _INDEX, listed(may_change=False, **OF_ACME)),
    Sample("console-webhooks-upgrade", _INDEX, listed(is_available=False)),
    Sample("console-webhook-add", _EDIT, typed({"events": "all"})),
    Sample(
        "console-webhook-add-wrong",
        _EDIT,
        typed(
            {"url": "http://10.0.0.1/", "events": "some"},
            organization=ACME,
            errors={
                "url": "The URL must begin with https://.",
                "events": "Select at least one event.",
            },
        ),
    ),
    Sample(
        "console-webhook-change",
        _EDIT,
        typed(form.values_of(ENDPOINT), endpoint=ENDPOINT, back=HERE, seen='"d1g35t"'),
    ),
    Sample("console-webhook", _ONE, one(ENDPOINT, *DELIVERIES, organization=ACME)),
    Sample("console-webhook-read", _ONE, one(FAILING, *DELIVERIES[4:], may_change=False)),
    Sample("console-webhook-disabled", _ONE, one(DISABLED["gone"])),
    Sample(
        "console-webhook-refused",
        _ONE,
        one(ENDPOINT, errors={"": "Choose how long the old secret stays valid."}),
    ),
    Sample("console-webhook-secret", _SECRET, secret()),
    Sample("console-webhook-secret-rotated", _SECRET, secret(endpoint=ALL_EVENTS, rotated=True)),
)
