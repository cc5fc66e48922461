"""Every page of the portal in the states a person can meet it in."""

from datetime import timedelta
from types import SimpleNamespace as Thing
from typing import Any

from browser import (
    account_pages,
    application_pages,
    branding_pages,
    certificate_pages,
    console_api_pages,
    console_authentication_pages,
    console_pages,
    console_settings_pages,
    console_webhook_pages,
    copy_pages,
    factor_pages,
    key_pages,
    method_pages,
    policy_pages,
    rotation_pages,
    single_sign_on_pages,
    verification_pages,
    webhook_pages,
)
from browser.samples import (
    CLIENT_ID,
    FIRST_METHOD,
    LONG,
    MANY_SCOPES,
    NOW,
    PASSWORD_SCOPE,
    SCOPE,
    SECRET,
    SNIPPETS,
    UNBROKEN,
    WORDS,
    Sample,
    application,
    before,
    entry,
    secret,
    site,
    user,
)
from gatepass.server.domain.applications.keys.model import FAULTS
from gatepass.server.domain.applications.listing.model import ListPage
from gatepass.server.domain.users.factors.model import Factors
from gatepass.server.portal.forms import activity_filter, list_filter
from gatepass.server.portal.pages.applications.listing import list_context

ANONYMOUS = site(user=None, organization=None, section="")
FIRST_LOGIN = site(
    user=Thing(username="anna", role="admin", must_change_password=True), is_confined=True
)
STAFF = site(user=Thing(username="sven", role="staff", must_change_password=False))
PRODUCTION = site(
    environment="production", other_environment_url="https://sandbox-app.example.com/"
)
ACCOUNT, TEAM, ACTIVITY = (site(section=name) for name in ("account", "team", "activity"))
TEAM_UNSEARCHED = {"values": {}, "has_search": False, "is_filtered": False}
BY_HAND: dict[str, object] = {
    "sends_mail": False,
    "done": None,
    "invitations": [],
    **TEAM_UNSEARCHED,
    "passkey_options": "{}",
    "has_single_sign_on": False,
}
REGISTER = {
    "site": site(),
    "values": {},
    "errors": {},
    "scopes": [*SCOPE, PASSWORD_SCOPE],
    **FIRST_METHOD,
}
SHOWN_ONCE = {
    "site": site(),
    "application": application(),
    "client_id": CLIENT_ID,
    "client_secret": SECRET,
    "token_url": "https://sandbox-app.example.com/oauth2/token/",
    "api_url": "https://sandbox-app.example.com/api/partners/v2.0",
    "rotated": False,
    "leaked": False,
    "previous_secret": None,
    **SNIPPETS,
}
APPLICATIONS = [
    application(),
    application(id="a2", name="Meter import", last_used_at=None, created_at=before(minutes=9)),
    application(id="a3", name="Old reports", state="disabled", last_used_at=before(days=51)),
]
AGENT = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
SESSIONS_SHOWN = {
    "factors": Factors(),
    **account_pages.NO_COMPANY,
    "sends_mail": False,
    "is_confirmed": None,
    "sessions": policy_pages.SESSIONS,
    "current_session": policy_pages.SESSIONS[0],
    "previous_login": policy_pages.PREVIOUS,
}
OWN_ACCOUNT = Thing(
    username="anna",
    email=None,
    pending_email=None,
    role="admin",
    created_at=before(days=400),
    password_changed_at=before(days=12),
    last_login_at=None,
)
NEW = {"pending_email": f"anna@{UNBROKEN[:60]}.example"}
NOTICES = [
    Thing(
        id="n1", at=before(hours=2), kind=kind, by='the application "Billing sync"', detail=detail_
    )
    for kind, detail_ in (
        ("email_requested", NEW["pending_email"]),
        ("role_changed", "staff"),
        ("email_confirmed", "anna@acme.example"),
        ("email_rejected", "anna@acme.example"),
    )
]
USERS = [
    (user(), "active"),
    (
        user(id="p2", username="sven", full_name="", email=None, role="staff", last_login_at=None),
        "active",
    ),
    (user(id="p3", username=None, full_name="Mia Ek", role="user"), "no portal access"),
    (user(id="p4", username="ola", role="user", last_login_at=before(days=90)), "disabled"),
]
ENTRIES = [
    entry(
        2,
        "Rotated the secret of an application; the old one works 24 hours",
        subject="Billing sync",
    ),
    entry(31, "Logged in"),
    entry(
        33, "Login refused: wrong password", result="refused", source="2001:db8:85a3::8a2e:370:7334"
    ),
    entry(
        700,
        "Set the allowed source networks to 203.0.113.0/24 198.51.100.0/24 2001:db8:85a3::/48",
        subject="Billing sync",
    ),
    entry(
        900, "Registered an application", subject="Meter import", detail={"client_id": CLIENT_ID}
    ),
    entry(
        901,
        "Registered an application",
        subject="Meter import",
        detail={"client_id": CLIENT_ID[::-1]},
    ),
    entry(4000, "Token refused: unknown scope", actor="Billing sync", result="refused", source=""),
]
TEST_TOKEN = {
    "site": site(),
    "application": application(),
    "token": "gpa_test_" + "0aZk93LmQx7Tc5RvWb1Yd8Pf2Hj6Ns4Gu0Ek9Io3Xy7Cq5" * 5,
    "claims": {
        "client_id": CLIENT_ID,
        "iss": "https://sandbox-app.example.com",
        "jti": "5d41402abc4b2a76b9719d911017c592",
    },
    "scope": ["read", "write"],
    "words_of": WORDS.get,
    "audience": ["https://sandbox-app.example.com/api/partners/v2.0"],
    "issued_at": NOW,
    "expires_at": NOW + timedelta(hours=10),
    "call": "curl https://sandbox-app.example.com/api/partners/v2.0/org/a0 \\\n"
    "  -H 'Authorization: Bearer gpa_test_0aZk93LmQx7Tc5RvWb1Yd8Pf2Hj6Ns4Gu0Ek9Io3'",
    "curl": SNIPPETS["curl"],
}
ONE_USER = {
    "factors": Factors(),
    "site": TEAM,
    "values": {},
    "errors": {},
    "state": "active",
    "is_self": False,
    "is_last_admin": False,
    "sends_mail": False,
    "is_confirmed": None,
    "sessions": [],
    "current_session": policy_pages.NOBODYS,
}


def listed(found: list[Any], total: int = 0, **query: str) -> dict[str, object]:
    """Return what the list of applications is made of."""
    chosen = list_filter.parse(query)
    return list_context(chosen, ListPage(found, chosen.wanted.page, total or len(found)))


def activity(**query: str) -> dict[str, Any]:
    """Return what the activity page is made of, without entries."""
    chosen = activity_filter.parse(query)
    return {
        "site": ACTIVITY,
        "entries": [],
        "older_url": None,
        "export_urls": {name: f"?format={name}" for name in ("csv", "jsonl")},
        "kinds": activity_filter.KINDS,
        "values": chosen.values,
        "errors": chosen.errors,
        "is_filtered": bool(query),
    }


PAGES = [
    Sample(
        "application-register-same-name",
        "application/register.html",
        {
            **REGISTER,
            "values": {"name": "Billing sync"},
            "errors": {
                "same_name": "There is an application of this name: its client id ends in 3kQ9. "
                "Choose another name, or tick to register a second one."
            },
        },
    ),
    Sample(
        "application-register-many",
        "application/register.html",
        {**REGISTER, "scopes": MANY_SCOPES},
    ),
    Sample(
        "login",
        "login.html",
        {"site": ANONYMOUS, "values": {}, "errors": {}, "next": "", "saved_form": [], **BY_HAND},
    ),
    Sample(
        "login-refused",
        "login.html",
        {
            "site": site(user=None, organization=None, environment="production"),
            "values": {"username": "anna"},
            "errors": {"": "The username or the password is wrong."},
            "next": "/team/",
            "saved_form": [],
            **BY_HAND,
        },
    ),
    Sample(
        "login-saved-form",
        "login.html",
        {
            "site": ANONYMOUS,
            "values": {},
            "errors": {"": "Your session had ended, so nothing was changed. Log in."},
            "next": "/team/add/",
            "saved_form": [UNBROKEN * 20],
            **BY_HAND,
        },
    ),
    Sample(
        "suspended",
        "error.html",
        {
            "site": site(environment="production"),
            "status": 403,
            "title": "Your organization is suspended",
            "say": "Acme Energy is suspended: its people can see and change nothing here.",
            "todo": "Ask your account manager.",
            "link_url": "",
            "link_text": "",
        },
    ),
    Sample("password-forced", "password.html", {"site": FIRST_LOGIN, "forced": True, "errors": {}}),
    Sample(
        "password-wrong",
        "password.html",
        {
            "site": ACCOUNT,
            "forced": False,
            "errors": {
                "current_password": "This is not your current password.",
                "new_password": "It has 9 characters; 15 is the least.",
            },
        },
    ),
    Sample(
        "account",
        "account.html",
        {"site": ACCOUNT, "account": OWN_ACCOUNT, "errors": {}, **SESSIONS_SHOWN},
    ),
    Sample(
        "account-new-email",
        "account.html",
        {
            "site": site(section="account", notices=NOTICES),
            "account": user(password_changed_at=before(days=12), **NEW),
            "errors": {},
            **SESSIONS_SHOWN,
        },
    ),
    Sample(
        "applications",
        "applications.html",
        {"site": site(), **listed(APPLICATIONS), "may_register": True},
    ),
    Sample(
        "applications-production",
        "applications.html",
        {"site": PRODUCTION, **listed(APPLICATIONS), "may_register": True},
    ),
    Sample(
        "applications-empty",
        "applications.html",
        {"site": site(), **listed([]), "may_register": True},
    ),
    Sample(
        "applications-many",
        "applications.html",
        {
            "site": site(),
            **listed(APPLICATIONS * 8, total=10_000, sort="name", page="17"),
            "may_register": True,
        },
    ),
    Sample(
        "applications-not-found",
        "applications.html",
        {"site": site(), **listed([], q=UNBROKEN, state="expiring"), "may_register": True},
    ),
    Sample(
        "applications-staff",
        "applications.html",
        {"site": STAFF, **listed([]), "may_register": False},
    ),
    Sample(
        "applications-long",
        "applications.html",
        {
            "site": site(organization=LONG),
            **listed([application(name=LONG), application(name=UNBROKEN)]),
            "may_register": True,
        },
    ),
    Sample("register", "application/register.html", REGISTER),
    Sample(
        "register-keys-only",
        "application/register.html",
        {
            **REGISTER,
            "allows_secret": False,
            "offers_keys": False,
            "errors": {"key": FAULTS["private"]},
            "values": {"name": "Billing", "method": "key"},
        },
    ),
    Sample(
        "register-wrong",
        "application/register.html",
        {
            **REGISTER,
            "values": {"name": "", "client_type": "public", "redirect_uris": "ftp://acme"},
            "errors": {
                "name": "Enter a name.",
                "client_type": "A public client is refused for this grant. Choose Confidential.",
                "redirect_uris": "“ftp://acme” is not an https address.",
                "secret_end": "Enter the last day on which it works, such as 2027-01-31.",
                "scope": "Choose one at least.",
            },
        },
    ),
    Sample("credentials", "application/new_secret.html", SHOWN_ONCE),
    Sample(
        "credentials-rotated",
        "application/new_secret.html",
        {
            **SHOWN_ONCE,
            "rotated": True,
            "previous_secret": secret(expires_at=NOW + timedelta(hours=24)),
        },
    ),
    Sample(
        "credentials-until-used",
        "application/new_secret.html",
        {**SHOWN_ONCE, "rotated": True, "previous_secret": secret()},
    ),
    Sample("credentials-replaced", "application/new_secret.html", {**SHOWN_ONCE, "rotated": True}),
    Sample("test-token", "application/test_token.html", TEST_TOKEN),
    Sample(
        "test-token-gone",
        "application/test_token_gone.html",
        {"site": site(), "application": application(name=LONG)},
    ),
    *application_pages.PAGES,
    Sample(
        "team",
        "team.html",
        {
            "site": TEAM,
            "users": USERS,
            "may_change": True,
            "more_url": "/team/?after=p4",
            **BY_HAND,
        },
    ),
    Sample(
        "team-expired",
        "team.html",
        {
            "site": TEAM,
            "users": [*USERS[:2], (user(id="p4", username="ove"), "initial password expired")],
            "may_change": True,
            "more_url": None,
            **BY_HAND,
        },
    ),
    Sample(
        "team-searched",
        "team.html",
        {
            "site": TEAM,
            "users": USERS,
            "may_change": True,
            "more_url": "/team/?q=an&after=p4",
            **BY_HAND,
            "values": {"q": UNBROKEN, "role": "staff"},
            "has_search": True,
            "is_filtered": True,
        },
    ),
    Sample(
        "team-nobody-found",
        "team.html",
        {
            "site": TEAM,
            "users": [],
            "may_change": False,
            "more_url": None,
            **BY_HAND,
            "values": {"q": "zoe", "role": ""},
            "has_search": True,
            "is_filtered": True,
        },
    ),
    Sample(
        "team-empty",
        "team.html",
        {"site": TEAM, "users": [], "may_change": True, "more_url": None, **BY_HAND},
    ),
    Sample("user-add", "user_add.html", ONE_USER),
    Sample(
        "user-add-wrong",
        "user_add.html",
        {
            "site": TEAM,
            "sends_mail": False,
            "values": {"username": "anna", "email": "x", "role": "staff"},
            "errors": {"username": "“anna” is taken.", "role": "Choose a role."},
        },
    ),
    Sample("user", "user.html", {**ONE_USER, "user": user(username="sven", role="staff")}),
    Sample(
        "user-last-admin",
        "user.html",
        {**ONE_USER, "user": user(), "is_self": True, "is_last_admin": True},
    ),
    Sample(
        "user-new-email",
        "user.html",
        {
            **ONE_USER,
            "user": user(username="sven", role="staff", **NEW),
        },
    ),
    Sample("user-no-access", "user.html", {**ONE_USER, "user": USERS[2][0], "state": USERS[2][1]}),
    Sample("user-disabled", "user.html", {**ONE_USER, "user": USERS[3][0], "state": USERS[3][1]}),
    Sample(
        "user-expired",
        "user.html",
        {
            **ONE_USER,
            "user": user(username="sven", last_login_at=None),
            "state": "initial password expired",
        },
    ),
    Sample(
        "initial-password",
        "initial_password.html",
        {
            "site": TEAM,
            "username": "sven",
            "initial_password": "copper-violin-harbor-7-minute",
            "login_url": "https://sandbox-app.example.com/accounts/login/",
        },
    ),
    Sample(
        "activity",
        "activity.html",
        {**activity(), "entries": ENTRIES, "older_url": "/activity/?before=9"},
    ),
    Sample("activity-empty", "activity.html", activity()),
    Sample(
        "activity-nothing",
        "activity.html",
        activity(who=UNBROKEN, what="?", since="2027-02-30"),
    ),
    Sample(
        "error",
        "error.html",
        {
            "site": ANONYMOUS,
            "status": 404,
            "title": "Page not found",
            "say": "There is no such page, or it belongs to another organization.",
            "todo": "Check the address, or start from your applications.",
            "link_url": "/oauth2/applications/",
            "link_text": "Go to the applications",
        },
    ),
    *account_pages.PAGES,
    *branding_pages.PAGES,
    *copy_pages.PAGES,
    *verification_pages.PAGES,
    *factor_pages.PAGES,
    Sample("user-factors", "user.html", {**ONE_USER, "user": user(), "factors": factor_pages.SOME}),
    Sample(
        "account-factors",
        "account.html",
        {
            "site": ACCOUNT,
            "account": OWN_ACCOUNT,
            "errors": {},
            **SESSIONS_SHOWN,
            "factors": factor_pages.SOME,
        },
    ),
    *console_api_pages.PAGES,
    *console_authentication_pages.PAGES,
    *console_pages.PAGES,
    *console_webhook_pages.PAGES,
    *console_settings_pages.PAGES,
    *policy_pages.PAGES,
    *rotation_pages.PAGES,
    *key_pages.PAGES,
    *certificate_pages.PAGES,
    *method_pages.PAGES,
    *single_sign_on_pages.PAGES,
    *webhook_pages.PAGES,
]
