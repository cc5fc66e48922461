"""The pages on which operators change policies, quotas and the catalogue."""

from types import SimpleNamespace as Thing
from typing import Any

from browser.console_pages import BASE, IN_SANDBOX, ONE, OPERATOR, console
from browser.samples import LONG, UNBROKEN, Sample, application, before
from gatepass.server.admin.console.confirmation import Question
from gatepass.server.admin.console.pages import catalogue
from gatepass.server.admin.console.pages.organizations import settings
from gatepass.server.admin.console.pages.policies import row
from gatepass.server.domain.applications.fields import table
from gatepass.server.domain.applications.secrets.end import LIFETIMES
from gatepass.server.domain.organizations.policies.fields import FIELDS
from gatepass.server.domain.organizations.policies.model import StatedPolicy, in_force
from gatepass.server.domain.users.sessions.policies import Overview
from gatepass.server.portal.forms import automatic_rotation
from gatepass.translation.message import Message

LIMITS = StatedPolicy("required", 1800, 12 * 3600)
OWN = StatedPolicy(session_idle=900)
OPEN = {
    "second_factor": "open",
    "registration": "open",
    "single_sign_on": "open",
    "leaked_secret": "open",
    "new_applications": "open",
}


def policy(**changes: Any) -> dict[str, Any]:  # noqa: ANN401 - any part of it
    """Return what the page of a policy is made of."""
    found = Overview(LIMITS, OWN, in_force(LIMITS, OWN))
    of_operator = changes.get("organization") is None
    stated = LIMITS if of_operator else OWN
    return {
        "site": OPERATOR,
        "console": console("policy/"),
        "organization": None,
        "here": f"{BASE}policy/",
        "rows": [row(each, found, stated, of_operator=of_operator) for each in FIELDS],
        "labels": {each.name: each.label for each in FIELDS},
        "values": {**OPEN, "session_idle": "15m"},
        "seen": '"etag"',
        "may_change": True,
        "errors": {},
        **changes,
    }


CONFIRM: dict[str, Any] = {
    "site": OPERATOR,
    "console": console("policy/"),
    "question": Question(
        Message("Change the policy?"),
        Message("Yes, change the policy"),
        "policy/",
        [
            (
                Message("Idle limit"),
                Message("Nothing set"),
                Message("{name} is deleted.", name=LONG),
            ),
            (Message("Second factor"), Message("Optional"), Message("Required")),
        ],
    ),
    "sentences": [
        Message.plural("{count} session ends.", "{count} sessions end.", 1204),
        Message("Nothing stops."),
    ],
    "is_reversible": True,
    "action": f"{BASE}policy/",
    "back": f"{BASE}policy/",
    "sent": {"session_idle": "15m", "confirmed": "yes"},
}
SECRETS = [
    Thing(
        field=f"secret_end-{number}",
        id=number,
        last_four=("7Cq5", "9xYz")[number],
        expires_at=before(days=-20) if number else None,
        last_used_at=before(hours=3) if number else None,
    )
    for number in range(2)
]
SETTINGS: dict[str, Any] = {
    "site": OPERATOR,
    "console": console("organizations/"),
    "organization": ONE["organization"],
    "application": application(name=LONG),
    "app_url": f"{BASE}organizations/o1/applications/a1/",
    "here": f"{BASE}organizations/o1/applications/a1/settings/",
    "seen": '"etag"',
    "stored": {
        "networks": "203.0.113.0/24\n2001:db8::/32",
        "rate_limit_mode": "enforce",
        "rate_limit": "100",
        "automatic_rotation": "on",
        "rotation_interval": "30",
        "rotation_overlap": "86400",
        "dpop_bound_access_tokens": "optional",
        "tls_client_certificate_bound_access_tokens": "off",
        "profile": "none",
        "introspection_signed_response_alg": "none",
    },
    "networks": settings.NETWORKS.fields[0],
    "rate_limit": settings.RATE_LIMIT.fields,
    "token_settings": [(group.path, group.fields[0]) for group in settings.TOKEN_SETTINGS],
    "labels": {
        **automatic_rotation.LABELS,
        **{each.name: each.label for group in table.GROUPS for each in group.fields},
    },
    "overlaps": [("86400", Message("24 hours"))],
    "secrets": SECRETS,
    "lifetimes": LIFETIMES,
    "longest": None,
    "default_end": "never",
    "may_change": True,
    "may_secure": True,
    "values": {},
    "errors": {},
}
METERS = {
    "uri": "https://api.example.com/meters",
    "name": "Meters",
    "tokens": "jwt",
    "algorithm": None,
    "form": "ES256",
}
RESOURCE: dict[str, Any] = {
    "site": OPERATOR,
    "console": console("catalogue/"),
    "resource": METERS,
    "seen": '"etag"',
    "tokens": catalogue.TOKENS_WORDS,
    "algorithms": catalogue.ALGORITHM_WORDS,
    "is_removable": True,
    "may_change": True,
    "values": {},
    "errors": {},
}
SCOPE_URL = f"{BASE}catalogue/scopes/s1/"
METERS_READ = {
    "name": "meters:read",
    "resource": METERS["uri"],
    "description": LONG,
    "is_default": True,
    "is_restricted": False,
}
SCOPE: dict[str, Any] = {
    "site": OPERATOR,
    "console": console("catalogue/"),
    "scope": METERS_READ,
    "seen": '"etag"',
    "holders": CONFIRM["sentences"][:1],
    "resources": [(METERS["uri"], "Meters")],
    "is_removable": True,
    "may_change": True,
    "values": {},
    "errors": {},
}
CATALOGUE = {
    "site": OPERATOR,
    "console": console("catalogue/"),
    "resources": [
        {
            "resource": METERS,
            "is_built_in": True,
            "url": f"{BASE}catalogue/resources/r1/",
            "scopes": [
                (METERS_READ, SCOPE_URL),
                ({**METERS_READ, "name": "meters:write", "is_default": False}, f"{SCOPE_URL}2"),
            ],
        },
        {
            "resource": {**METERS, "name": LONG, "uri": f"https://{UNBROKEN}"},
            "is_built_in": False,
            "url": f"{BASE}catalogue/resources/r2/",
            "scopes": [],
        },
    ],
    "may_change": True,
}
PAGES = (
    Sample("console-catalogue", "console/catalogue.html", CATALOGUE),
    Sample("console-resource", "console/resource.html", RESOURCE),
    Sample(
        "console-resource-add",
        "console/resource.html",
        {
            **RESOURCE,
            "resource": None,
            "values": {"uri": "meters"},
            "errors": {"uri": Message("Give it a name.")},
        },
    ),
    Sample("console-scope", "console/scope.html", SCOPE),
    Sample(
        "console-scope-read",
        "console/scope.html",
        {**SCOPE, "may_change": False, "holders": ()},
    ),
    Sample(
        "console-scope-add",
        "console/scope.html",
        {
            **SCOPE,
            "scope": None,
            "values": {"name": "a b"},
            "errors": {"name": Message("Give it a name.")},
        },
    ),
    Sample("console-policy", "console/policies.html", policy()),
    Sample(
        "console-policy-read",
        "console/policies.html",
        policy(site=IN_SANDBOX, may_change=False),
    ),
    Sample(
        "console-policy-of-organization",
        "console/policies.html",
        policy(
            console=console("organizations/"),
            organization=ONE["organization"],
            errors={"session_idle": Message("Give whole days, for example 90d.")},
        ),
    ),
    Sample("console-confirm", "console/confirm.html", CONFIRM),
    Sample(
        "console-confirm-danger",
        "console/confirm.html",
        {
            **CONFIRM,
            "question": Question(
                Message("Remove the scope?"), Message("Yes, remove it"), "", is_danger=True
            ),
            "is_reversible": False,
        },
    ),
    Sample("console-application-settings", "console/application_settings.html", SETTINGS),
    Sample(
        "console-application-settings-wrong",
        "console/application_settings.html",
        {
            **SETTINGS,
            "values": {"rate_limit": "x", "networks": "acme"},
            "errors": {"rate_limit": Message("Give the number of tokens per hour.")},
        },
    ),
    Sample(
        "console-application-settings-of-manager",
        "console/application_settings.html",
        {**SETTINGS, "may_secure": False},
    ),
)
