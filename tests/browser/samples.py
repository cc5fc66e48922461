"""Sample things of which the contexts of every template are made."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace as Thing
from typing import Any

from gatepass.server.configuration.branding.brand import Brand
from gatepass.server.domain.applications.fields import table
from gatepass.server.portal.pages.application_keys.registration import LABELS as METHOD_LABELS
from gatepass.server.portal.pages.applications.overview import settings_of
from gatepass.server.portal.presentation import chart
from gatepass.server.portal.presentation.chart import Bar
from gatepass.translation.language import ENGLISH, language
from gatepass.translation.message import Message
from gatepass.wire.scope import Scope

NOW = datetime(2026, 11, 23, 21, 46, 22, tzinfo=UTC)
CLIENT_ID = "gpc_test_5Qm1xKc8T0vZ2rYw7LhNd3Gk4P"
SECRET = "gps_test_0aZk93LmQx7Tc5RvWb1Yd8Pf2Hj6Ns4Gu0Ek9Io3Xy7Cq5"
LONG = "Reconciliation of meter readings and invoices for the northern region, production line " * 2
UNBROKEN = "x" * 200


@dataclass(frozen=True)
class Sample:
    """One page in one state: the file name, the template and what it is given."""

    name: str
    template: str
    context: Mapping[str, Any] = field(default_factory=dict)


def before(**distance: float) -> datetime:
    return NOW - timedelta(**distance)


def site(**changes: Any) -> Thing:  # noqa: ANN401 - any part of the context may be replaced
    user = Thing(username="anna", role="admin", must_change_password=False)
    role = getattr(changes.get("user", user), "role", "")
    return Thing(
        **{
            "environment": "sandbox",
            "other_environment_url": "https://app.example.com/",
            "has_one_identity": False,
            "accounts_url": "",
            "organization": "Acme Energy",
            "user": user,
            "role": role,
            "is_operator": False,
            "has_console": False,
            "section": "applications",
            "csrf": "c5rf",
            "form_id": "f0rm",
            "now": NOW,
            "flash": None,
            "notices": [],
            "is_confined": False,
            "static": "static/",
            "language": language(ENGLISH),
            "other_languages": (),
            "path": "/",
            "brand": Brand(),
            "brand_files": "static/",
            "welcome": (),
            "api_docs": "/api/partners/v2.0/docs",
            **changes,
        }
    )


SNIPPETS = {
    "env": f"GATEPASS_TOKEN_URL=https://sandbox-app.example.com/oauth2/token/\n"
    f"GATEPASS_CLIENT_ID={CLIENT_ID}\nGATEPASS_CLIENT_SECRET={SECRET}\n",
    "curl": "curl -X POST https://sandbox-app.example.com/oauth2/token/ \\\n"
    f"  -u {CLIENT_ID}:{SECRET} \\\n  -d grant_type=client_credentials",
    "python": "import httpx2, gatepass\n\napi = httpx2.Client(\n"
    '    base_url="https://sandbox-app.example.com/api/partners/v2.0",\n'
    "    auth=gatepass.BearerAuth.from_env(),\n)\n"
    'api.get(f"/org/{org_id}/users").raise_for_status()',
}
SCOPE = [
    Thing(name="read", words="See the organization and its users.", checked=True),
    Thing(name="write", words="Create, change and delete users.", checked=True),
]
PASSWORD_SCOPE = Thing(
    name="portal_users",
    words="With write: change role and email address of people who log in to the portal, and "
    "delete them.",
    checked=False,
)
MANY_SCOPES = [
    Thing(name="read", words="Partner API: See the organization and its users.", checked=True),
    Thing(name="write", words="Partner API: Create, change and delete users.", checked=True),
    Thing(name="meters.read", words="Meter readings: Read the meters of a site.", checked=False),
    Thing(name="https://meters.example.com/scopes/values.write.all", words=LONG, checked=True),
]
RESTRICTED = Thing(
    name="introspection", words="Partner API: Ask what any access token is worth.", checked=False
)
WORDS = {
    each.name: Message(each.words) for each in (*MANY_SCOPES, *SCOPE, PASSWORD_SCOPE, RESTRICTED)
}


def application(**changes: Any) -> Thing:  # noqa: ANN401
    return Thing(
        **{
            "id": "a1",
            "name": "Billing sync",
            "client_id": CLIENT_ID,
            "client_type": "confidential",
            "redirect_uris": [],
            "scope": Scope.parse("read write"),
            "token_lifetime": 36000,
            "rate_limit_mode": "off",
            "rate_limit": None,
            "dpop_bound_access_tokens": False,
            "tls_client_certificate_bound_access_tokens": False,
            "profile": None,
            "introspection_signed_response_alg": None,
            "contact": "",
            "networks": [],
            "created_at": before(days=80),
            "created_by": "anna",
            "last_used_at": before(hours=3),
            "last_used_from": "203.0.113.7",
            "state": "active",
            **changes,
        }
    )


def secret(**changes: Any) -> Thing:  # noqa: ANN401
    return Thing(
        **{
            "id": "s1",
            "prefix": "gps_test_",
            "last_four": "7Cq5",
            "created_at": before(minutes=4),
            "expires_at": None,
            "last_used_at": before(minutes=1),
            "last_used_from": "203.0.113.7",
            "last_used_agent": "gatepass/0.1.0",
            "ends_with": "",
            "state": "live",
            "is_only_live": True,
            "is_newest": True,
            "safe_to_end": "",
            "reminder": "",
            "leak": None,
            "reporter": "",
            "outlives": "",
            **changes,
        }
    )


def usage(**changes: Any) -> Thing:  # noqa: ANN401
    issued = [round(60 + 50 * math.sin(at / 5)) if at % 11 else 3 for at in range(48)]
    refused = [4 if at in {17, 18} else 1 if at == 40 else 0 for at in range(48)]
    return Thing(
        **{
            "chosen": "24h",
            "ranges": [
                Thing(name=name, words=words)
                for name, words in (("24h", "24 hours"), ("7d", "7 days"), ("90d", "90 days"))
            ],
            "words": "24 hours",
            "each": "30 min",
            "issued": plotted(issued, "tokens issued"),
            "refused": plotted(refused, "requests refused"),
            "ticks": ["22:00", "04:00", "10:00", "16:00"],
            "rows": [
                Thing(
                    words=f"Mon 23 Nov, {at // 2:02}:{at % 2 * 30:02}",
                    issued=issued[at],
                    refused=refused[at],
                )
                for at in range(48)
            ],
            **changes,
        }
    )


def plotted(values: list[int], what: str) -> Thing:
    given = [Bar(value, f"Mon 23 Nov, {at}: {value}") for at, value in enumerate(values)]
    label = f"{sum(values)} {what}"
    picture = chart.bars(given, label)  # the page function translates its label
    return Thing(total=sum(values), picture=picture, label=label, top=chart.ceiling(values))


def refusal(minutes: int, words: str, **changes: Any) -> Thing:  # noqa: ANN401
    return Thing(
        **{
            "at": before(minutes=minutes),
            "first_at": before(minutes=minutes + 240),
            "words": words,
            "todo": "A program still uses the secret from before a rotation. Give it the new one.",
            "source": "203.0.113.7",
            "agent": "python-requests/2.32.3",
            "times": 1,
            **changes,
        }
    )


SECRET_ENDS: dict[str, Any] = {
    "secret_lifetimes": (30, 90, 180, 365),
    "longest_secret_lifetime": None,
    "default_secret_end": "never",
}
FIRST_METHOD: dict[str, Any] = {
    **SECRET_ENDS,
    "allows_secret": True,
    "offers_keys": True,
    "offers_certificates": True,
    "method_labels": METHOD_LABELS,
}


TABS = ("Overview", "Credentials", "Usage", "Refusals", "Settings", "Activity", "Danger zone")
NOT_FOR_STAFF = ("Settings", "Activity", "Danger zone")


LABELS = {
    **{field.name: field.label for group in table.GROUPS for field in group.fields},
    "confirm": "Name",
    "overlap": "Overlap",
    "secret_end": "End",
    "end_s1": "End",
    "leaked_s1": "End",
}


def one(current: str, **changes: Any) -> dict[str, Any]:  # noqa: ANN401
    """Return what a page of one application is made of; `current` is its name in the tabs."""
    shown = changes.get("application", application())
    may_change = changes.get("may_change", True)
    return {
        "site": site(),
        "application": shown,
        "here": f"/oauth2/applications/{shown.id}/",
        "tabs": [
            (f"{words.lower()}/", words, words == current)
            for words in TABS
            if may_change or words not in NOT_FOR_STAFF
        ],
        "may_change": may_change,
        "labels": LABELS,
        "errors": {},
        "values": {},
        **changes,
    }


def overview(**changes: Any) -> dict[str, Any]:  # noqa: ANN401
    shown = changes.get("application", application())
    return {
        **one("Overview", **changes),
        "grant_type": "Client Credentials",
        "words_of": WORDS.get,
        "attention": [],
        **settings_of(shown),
        **{name: text.replace(SECRET, "YOUR_CLIENT_SECRET") for name, text in SNIPPETS.items()},
        **changes,
    }


def credentials(**changes: Any) -> dict[str, Any]:  # noqa: ANN401
    return {
        **one("Credentials", **changes),
        "secrets": [secret()],
        "ended_leaks": [],
        "may_rotate": True,
        "is_prepared": False,
        "has_key": False,
        "uses_key": False,
        "allows_secret": True,
        **SECRET_ENDS,
        **changes,
    }


def settings(**changes: Any) -> dict[str, Any]:  # noqa: ANN401
    shown = changes.get("application", application())
    return {
        **one("Settings", **changes),
        **settings_of(shown),
        "scopes": [*SCOPE, PASSWORD_SCOPE],
        "granted_scopes": [],
        "has_password_scope": False,
        "seen": {group.path: "{}" for group in table.GROUPS},
        **changes,
    }


def user(**changes: Any) -> Thing:  # noqa: ANN401
    return Thing(
        **{
            "id": "p1",
            "username": "anna",
            "email": "anna@acme.example",
            "pending_email": None,
            "pending_email_at": before(hours=2),
            "pending_email_by": 'the application "Billing sync"',
            "full_name": "Anna Lind",
            "role": "admin",
            "created_at": before(days=400),
            "last_login_at": before(minutes=12),
            **changes,
        }
    )


def entry(minutes: int, words: str, **changes: Any) -> tuple[Thing, str]:  # noqa: ANN401
    shown = {
        "at": before(minutes=minutes),
        "actor": "anna",
        "subject": "",
        "detail": {},
        "source": "203.0.113.7",
        "result": "ok",
    }
    return Thing(**{**shown, **changes}), words
