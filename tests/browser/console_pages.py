"""The pages of operators."""

from types import SimpleNamespace as Thing
from typing import Any

from browser.samples import (
    CLIENT_ID,
    LONG,
    UNBROKEN,
    Sample,
    application,
    before,
    entry,
    site,
    usage,
    user,
)
from gatepass.server.admin.console.navigation import SECTIONS
from gatepass.server.admin.console.pages import expiring, operators
from gatepass.server.admin.console.pages.organizations.listing import STATES
from gatepass.server.admin.console.pages.overview import PROBLEMS
from gatepass.server.domain.applications.keys.methods.model import AuthenticationMethod
from gatepass.server.domain.users.operators.model import OperatorRole
from gatepass.server.portal.forms import activity_filter
from gatepass.server.portal.pages.application_keys.methods import KINDS
from gatepass.server.portal.presentation.words import OPERATOR_ROLES
from gatepass.translation.message import Message
from gatepass.wire.credential import Mode

OPERATOR = site(
    environment="production",
    organization="Gridworks Operations",
    user=Thing(username="mara", role="user", must_change_password=False),
    role="user",
    is_operator=True,
    has_console=True,
    section="console",
)
IN_SANDBOX = site(**{**vars(OPERATOR), "environment": "sandbox"})
BASE = "/console/production/"


def console(current: str = "", **changes: Any) -> Thing:  # noqa: ANN401 - any part of it
    """Return what surrounds a page of the section `current`."""
    return Thing(
        **{
            "base": BASE,
            "places": [
                Thing(words="Production", url=BASE, is_current=True),
                Thing(words="Sandbox", url="/console/sandbox/", is_current=False),
            ],
            "sections": [(each, BASE + each.path, each.path == current) for each in SECTIONS],
            **changes,
        }
    )


def refusal(words: str, **changes: Any) -> dict[str, Any]:  # noqa: ANN401
    """Return a refusal as lists of many applications have it."""
    of = Thing(
        **{
            "at": before(minutes=4),
            "first_at": before(hours=3),
            "words": words,
            "todo": "Compare the secret's last four characters with those on the page.",
            "source": "203.0.113.7",
            "agent": "curl/8.5.0",
            "times": 40,
            **changes,
        }
    )
    return {
        "words": of,
        "app_id": "a1",
        "app_name": "Billing sync",
        "org_id": "o1",
        "org_name": "Acme Energy",
    }


REFUSALS = [
    refusal(Message("Wrong secret")),
    {
        **refusal(Message("Network"), times=1, source=""),
        "app_id": "a2",
        "app_name": LONG,
    },
]
ORGANIZATIONS = [
    Thing(id="o1", name="Acme Energy", state="active", created_at=before(days=3)),
    Thing(id="o2", name=UNBROKEN, state="suspended", created_at=before(days=400)),
]
LIST = {
    "site": OPERATOR,
    "console": console("organizations/"),
    "organizations": ORGANIZATIONS,
    "values": {"q": "", "state": ""},
    "states": STATES,
    "errors": {},
    "is_filtered": False,
    "is_later": True,
    "next_url": "?after=AAAA",
    "first_url": "?",
    "may_create": True,
}
NEW = {
    "site": OPERATOR,
    "console": console("organizations/"),
    "sends_mail": True,
    "values": {"by": "invitation"},
    "errors": {},
}
PERSON = user(password_hash="x", disabled_at=None)
ONE: dict[str, Any] = {
    "site": OPERATOR,
    "console": console("organizations/"),
    "organization": Thing(
        id="5c4f6f0e-7d0f-4f0e-9d0a-3f8f5f1f2a10",
        name="Acme Energy",
        created_at=before(days=90),
        suspended_at=None,
    ),
    "state": "active",
    "here": f"{BASE}organizations/o1/",
    "applications": Thing(
        applications=[
            application(last_used_at=before(minutes=3)),
            application(id="a2", name=LONG, last_used_at=None, client_id=CLIENT_ID + "2"),
        ],
        number=2,
        last=3,
        total=60,
    ),
    "refusals": REFUSALS,
    "people": [PERSON, user(id="p2", username="sven", password_hash=None, disabled_at=None)],
    "has_more_people": True,
    "invitations": [Thing(email="new@acme.example", expires_at=before(days=-6))],
    "entries": [
        entry(2, "Logged in"),
        entry(40, "Renamed the organization", actor="mara"),
    ],
    "usage": usage(),
    "effect": [Message("{count} applications stop, with {issued} tokens.", count=3, issued=1204)],
    "may_rename": True,
    "may_suspend": True,
    "values": {},
    "errors": {},
}
EMPTY = {
    **ONE,
    "organization": Thing(
        **{**vars(ONE["organization"]), "name": UNBROKEN, "suspended_at": before(hours=5)}
    ),
    "state": "suspended",
    "applications": Thing(applications=[], number=1, last=1, total=0),
    "refusals": [],
    "people": [],
    "has_more_people": False,
    "invitations": [],
    "entries": [],
    "may_rename": False,
}
SECRET = AuthenticationMethod(
    "secret",
    Message("Secret ending in {last_four}", last_four="7Cq5"),
    before(days=80),
    before(days=-10),
    before(minutes=3),
    "203.0.113.7",
    "python-httpx2/1.0",
)
METHODS = [SECRET, AuthenticationMethod("key", LONG, before(days=30))]
APPLICATION = {
    "site": OPERATOR,
    "console": console("organizations/"),
    "organization": ONE["organization"],
    "application": application(
        last_used_at=before(minutes=3), last_used_from="203.0.113.7", networks=["203.0.113.0/24"]
    ),
    "methods": METHODS,
    "kinds": KINDS,
    "here": f"{BASE}organizations/o1/applications/a1/",
    "refusals": [each["words"] for each in REFUSALS],
    "usage": usage(),
    "wasted": 0,
}
PASSWORD = {
    "site": OPERATOR,
    "console": console("organizations/"),
    "username": "anna",
    "initial_password": "correct-horse-battery-staple",
    "login_url": "https://app.example.com/accounts/login/",
    "back_url": f"{BASE}organizations/o1/",
}
OVERVIEW = {
    "site": OPERATOR,
    "console": console(),
    "points": [Thing(kind="wrong", words=PROBLEMS["disk_full"], link=None, path="")],
    "refusals": REFUSALS,
    "roles": list(OPERATOR_ROLES.values()),
}
PERSON_PAGE: dict[str, Any] = {
    "site": OPERATOR,
    "console": console("organizations/"),
    "organization": ONE["organization"],
    "person": PERSON,
    "state": "active",
    "factors": Thing(number=2),
    "effects": {
        name: [Message.plural("{count} session ends.", "{count} sessions end.", 2)]
        for name in ("password", "factors", "disable")
    },
    "here": f"{BASE}organizations/o1/people/p1/",
    "errors": {},
}
KEY = {"purpose": "ES256", "created_at": before(days=27), "active_from": before(days=27)}
KEYS: dict[str, Any] = {
    "site": OPERATOR,
    "console": console("keys/"),
    "keys": [
        Thing(id=5, kid="0N2m1yJgq4uT8xVb", state="next", verifies_until=None, **KEY),
        Thing(id=4, kid="1N2m1yJgq4uT8xVb", state="in use", verifies_until=None, **KEY),
        Thing(id=3, kid=None, state="verifies until 2026", verifies_until=before(days=-3), **KEY),
        Thing(id=2, kid=None, state="verifies", verifies_until=None, **KEY),
        Thing(id=1, kid=None, state="ended", verifies_until=before(days=1), **KEY),
    ],
    "effect": [Message("{name} is deleted.", name="Everything")],
    "name": "production",
    "values": {},
    "errors": {},
}
SYSTEM: dict[str, Any] = {
    "site": OPERATOR,
    "console": console("system/"),
    "system": Thing(
        version="0.2.0",
        tables="0029",
        newest_tables="0032",
        database="postgresql",
        last_write_at=before(seconds=7),
        sends_mail=True,
        oldest_waiting_mail_at=before(hours=4),
        feed=Thing(lag_seconds="0.07", waiting_guards=3),
    ),
    "housekept_at": before(seconds=3),
    "guards": [
        Thing(
            application=name,
            source="2001:db8::17",
            agent=agent,
            state=state,
            behind=1204,
            last_seen_at=before(hours=hours),
        )
        for name, agent, state, hours in (
            ("Meters API", "gatepass-guard/0.2.0 (api-1)", "current", 0),
            (LONG, UNBROKEN, "behind", 0),
            ("Tariffs API", "", "reading", 0),
            ("Old API", "python-httpx2/1.0", "silent", 30),
        )
    ],
    "number_of_guards": 1000,
    "guard_states": {"silent": 2},
    "problems": [PROBLEMS["disk_full"]],
    "mails": [
        Thing(
            kind="invitation",
            address=f"{UNBROKEN[:60]}@acme.example",
            state=state,
            error=error,
            created_at=before(hours=4),
        )
        for state, error in (("failed", "550 no such mailbox"), ("waiting", None))
    ],
    "has_failed": True,
}
AUDIT: dict[str, Any] = {
    "site": OPERATOR,
    "console": console("audit/"),
    "entries": ONE["entries"],
    "older_url": "?before=7",
    "export_urls": {"csv": "export/?format=csv", "jsonl": "export/?format=jsonl"},
    "kinds": activity_filter.KINDS,
    "values": {"what": ""},
    "errors": {},
    "is_filtered": False,
}
OWNER_ROLES = dict.fromkeys(Mode, frozenset[OperatorRole]({"owner"}))
OPERATOR_USER = user(username="olga", disabled_at=None)
ONE_OPERATOR: dict[str, Any] = {
    "site": OPERATOR,
    "console": console("operators/"),
    "operator": Thing(user=OPERATOR_USER),
    "here": f"{BASE}operators/p1/",
    "environments": operators.boxes(OWNER_ROLES),
    "is_self": False,
    "values": {},
    "errors": {},
}
OPERATORS = {
    "site": OPERATOR,
    "console": console("operators/"),
    "operators": [
        (Thing(user=OPERATOR_USER), operators.rows(OWNER_ROLES)),
        (Thing(user=user(id="p2", username="nico", disabled_at=None, last_login_at=None)), []),
    ],
    "invited": [
        (
            Thing(id=f"i{number}", email=email, expires_at=before(days=number)),
            operators.rows(OWNER_ROLES),
        )
        for number, email in ((-6, "piet@operator.example"), (1, f"{UNBROKEN[:60]}@b.example"))
    ],
    "now": before(),
}


def _ending(number: int, next_url: str, *found: dict[str, Any]) -> dict[str, Any]:
    """Return one part of the page: what ends soon of one kind."""
    rows = [
        {
            "ending": Thing(org_id="o1", **each, expires_at=before(days=-each["days"])),
            "app_id": "a1",
            "organization": "Acme Energy",
            "people": each.get("people", []),
        }
        for each in found
    ]
    return {"part": expiring.PARTS[number], "rows": rows, "next_url": next_url}


def _secret(name: str, contact: str, days: int) -> dict[str, Any]:
    return {"name": name, "contact": contact, "days": days, "ends_with": "7Cq5"}


EXPIRING: dict[str, Any] = {
    "site": OPERATOR,
    "console": console("expiring-secrets/"),
    "parts": [
        _ending(
            0,
            "?after=x",
            _secret("Billing sync", "ops@acme.example", 3)
            | {"people": ["anna@acme.example", "nora@acme.example"]},
            _secret(LONG, "", 20) | {"people": [f"{UNBROKEN[:60]}@acme.example"]},
            _secret("Meter import", "", 29),
        ),
        _ending(
            1,
            "?after_key=x",
            {"name": "Billing sync", "contact": "", "days": 5, "key": UNBROKEN},
        ),
        _ending(
            2,
            "?after_certificate=x",
            {"name": "Meter import", "contact": "", "days": 9, "certificate": "Nightly import"},
        ),
    ],
    "organization": None,
    "days": 30,
    "periods": expiring.PERIODS,
    "errors": {},
}
PAGES = (
    Sample("console-expiring-secrets", "console/expiring_secrets.html", EXPIRING),
    Sample(
        "console-expiring-secrets-none",
        "console/expiring_secrets.html",
        {
            **EXPIRING,
            "parts": [],
            "organization": ONE["organization"],
        },
    ),
    Sample("console-person", "console/person.html", PERSON_PAGE),
    Sample(
        "console-person-disabled",
        "console/person.html",
        {
            **PERSON_PAGE,
            "state": "disabled",
        },
    ),
    Sample("console-keys", "console/keys.html", KEYS),
    Sample(
        "console-keys-wrong",
        "console/keys.html",
        {**KEYS, "errors": {"confirm": Message("This is not the organization's name.")}},
    ),
    Sample("console-system", "console/system.html", SYSTEM),
    Sample(
        "console-system-calm",
        "console/system.html",
        {**SYSTEM, "problems": [], "guards": [], "mails": [], "has_failed": False},
    ),
    Sample("console-audit", "console/audit.html", AUDIT),
    Sample(
        "console-audit-wrong",
        "console/audit.html",
        {
            **AUDIT,
            "entries": [],
            "values": {"what": "", "org": "x"},
            "errors": {"org": Message("This is not an organization id.")},
            "is_filtered": True,
        },
    ),
    Sample("console-operators", "console/operators.html", OPERATORS),
    Sample("console-operator", "console/operator.html", ONE_OPERATOR),
    Sample("console-operator-self", "console/operator.html", {**ONE_OPERATOR, "is_self": True}),
    Sample(
        "console-operator-add",
        "console/operator_add.html",
        {
            "site": OPERATOR,
            "console": console("operators/"),
            "environments": operators.boxes({}),
            "sends_mail": True,
            "values": {"username": "olga", "by": "invitation"},
            "errors": {"role": Message("Choose one of the list.")},
        },
    ),
    Sample("console", "console/overview.html", OVERVIEW),
    Sample(
        "console-calm",
        "console/overview.html",
        {**OVERVIEW, "site": IN_SANDBOX, "points": [], "refusals": []},
    ),
    Sample("console-organizations", "console/organizations.html", LIST),
    Sample(
        "console-organizations-nothing-found",
        "console/organizations.html",
        {
            **LIST,
            "organizations": [],
            "is_filtered": True,
            "values": {"q": LONG, "state": "active"},
        },
    ),
    Sample(
        "console-organizations-none",
        "console/organizations.html",
        {**LIST, "organizations": [], "is_later": False, "next_url": ""},
    ),
    Sample("console-new-organization", "console/new_organization.html", NEW),
    Sample(
        "console-new-organization-wrong",
        "console/new_organization.html",
        {
            **NEW,
            "sends_mail": False,
            "values": {"by": "password", "name": "", "username": "a b"},
            "errors": {
                "name": Message("Give it a name."),
                "username": Message("Choose another username."),
            },
        },
    ),
    Sample("console-initial-password", "console/initial_password.html", PASSWORD),
    Sample("console-organization", "console/organization.html", ONE),
    Sample("console-organization-suspended", "console/organization.html", EMPTY),
    Sample(
        "console-organization-wrong",
        "console/organization.html",
        {
            **ONE,
            "values": {"confirm": "Acme"},
            "errors": {"confirm": Message("This is not the organization's name.")},
        },
    ),
    Sample("console-application", "console/application.html", APPLICATION),
    Sample(
        "console-application-unused",
        "console/application.html",
        {
            **APPLICATION,
            "site": IN_SANDBOX,
            "application": application(networks=[], created_by="", last_used_at=None),
            "methods": [],
            "refusals": [],
        },
    ),
)
