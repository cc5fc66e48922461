"""Single sign-on: its setup in every state, the ways to the provider, and one's own account."""

from types import SimpleNamespace as Thing
from typing import Any

from browser.account_pages import ACCOUNT, ANONYMOUS, LOGIN, OWN, TEAM
from browser.samples import UNBROKEN, Sample, before, site, user

ISSUER = "https://login.acme.example/realms/acme"
HOST = "login.acme.example"


def provider(**changes: Any) -> Thing:  # noqa: ANN401
    return Thing(**{"is_on": False, "tested_at": None, "issuer": ISSUER, **changes})


def domain(name: str, number: int, **changes: Any) -> Thing:  # noqa: ANN401
    return Thing(
        **{
            "id": f"d{number}",
            "domain": name,
            "record_name": f"_gatepass-challenge.{name}",
            "record_text": "gatepass-domain=7Qm1xKc8T0vZ2rYw7LhNd3Gk4P5Sb6Df8Hj0Kl2Zx4C",
            "proved_at": None,
            **changes,
        }
    )


VALUES = {
    "issuer": ISSUER,
    "client_id": "gatepass",
    "role_claim": "realm_access.roles",
    "roles": "api-admins = admin\napi-team = staff",
    "default_role": "user",
    "highest_role": "staff",
    "adds_people": "yes",
    "emergency": "p1",
}
EMPTY = {
    **dict.fromkeys(VALUES, ""),
    "default_role": "user",
    "highest_role": "staff",
}
ROLES = '["api-team", "offline_access", "uma_authorization", "default-roles-acme"]'
TESTED = {
    "subject": "f0e1d2c3-7a41-4d0e-9a63-5b8f6e2d9c10",
    "email": "anna@acme.example",
    "verified": "yes",
    "auth_time": "",
    "role": "staff",
    "claims": {
        "iss": ISSUER,
        "sub": "f0e1d2c3-7a41-4d0e-9a63-5b8f6e2d9c10",
        "email": "anna@acme.example",
        "realm_access": ROLES,
        UNBROKEN[:80]: UNBROKEN,
    },
}
ON: dict[str, Any] = {
    "site": TEAM,
    "provider": provider(is_on=True, tested_at=before(days=2)),
    "host": HOST,
    "connected": 17,
    "is_required": True,
    "domains": [domain("acme.example", 1, proved_at=before(days=2))],
    "candidates": [Thing(id="p1", username="anna"), Thing(id="p2", username="nora")],
    "redirect_uri": "https://sandbox-app.example.com/accounts/single-sign-on/"
    "1b4e28ba-2fa1-4d2e-883f-0016d3cca427/callback/",
    "login_url": "https://sandbox-app.example.com/accounts/single-sign-on/"
    "1b4e28ba-2fa1-4d2e-883f-0016d3cca427/",
    "is_available": True,
    "values": VALUES,
    "tested": None,
    "errors": {},
}
BEGUN = {
    **ON,
    "provider": provider(),
    "connected": 0,
    "is_required": False,
    "domains": [domain(f"{UNBROKEN[:60]}.acme.example", 1), domain("acme.example", 2)],
}
COMPANY = {**OWN, "site": ACCOUNT, "sends_mail": True, "is_confirmed": True}
PASSWORD_AT = before(days=12)
PAGES = (
    Sample(
        "login-with-company",
        "login.html",
        {
            **LOGIN,
            "sends_mail": True,
            "done": None,
            "has_single_sign_on": True,
            "next": "/team/",
        },
    ),
    Sample(
        "single-sign-on-login",
        "single_sign_on_login.html",
        {"site": ANONYMOUS, "values": {}, "errors": {}, "next": ""},
    ),
    Sample(
        "single-sign-on-login-wrong",
        "single_sign_on_login.html",
        {
            "site": ANONYMOUS,
            "values": {"email": "anna@bolt.example"},
            "errors": {"email": "No organization logs in here with addresses of this domain."},
            "next": "",
        },
    ),
    Sample("leaving", "leaving.html", {"site": ANONYMOUS, "url": "#main", "host": HOST}),
    Sample(
        "single-sign-on-refused",
        "error.html",
        {
            "site": ANONYMOUS,
            "status": 400,
            "title": "Single sign-on did not work",
            "say": "The attempt was used already, took longer than 10 minutes, or began in another "
            "browser; or your account at your company is not accepted here.",
            "todo": "Start again from the login.",
            "link_url": "/accounts/login/",
            "link_text": "Go to the login",
        },
    ),
    Sample(
        "single-sign-on-new",
        "single_sign_on.html",
        {**ON, "provider": None, "host": "", "values": EMPTY, "is_required": False},
    ),
    Sample(
        "single-sign-on-unavailable",
        "single_sign_on.html",
        {**ON, "provider": None, "is_available": False, "values": EMPTY},
    ),
    Sample(
        "single-sign-on-failed",
        "single_sign_on.html",
        {**BEGUN, "tested": {"failed": "the token endpoint answered invalid_client", "claims": {}}},
    ),
    Sample(
        "single-sign-on-tested",
        "single_sign_on.html",
        {**BEGUN, "provider": provider(tested_at=before(minutes=1)), "tested": TESTED},
    ),
    Sample("single-sign-on", "single_sign_on.html", ON),
    Sample(
        "single-sign-on-wrong",
        "single_sign_on.html",
        {
            **BEGUN,
            "provider": provider(tested_at=before(minutes=1)),
            "errors": {
                "issuer": "The issuer must begin with https://.",
                "roles": "Write each line as value = admin, staff or user: api-team",
                "emergency": "Choose an administrator who has chosen a password of their own.",
            },
        },
    ),
    Sample(
        "account-company",
        "account.html",
        {
            **COMPANY,
            "account": user(password_changed_at=PASSWORD_AT),
            "provider_host": HOST,
            "errors": {},
        },
    ),
    Sample(
        "account-connected",
        "account.html",
        {
            **COMPANY,
            "account": user(password_changed_at=PASSWORD_AT),
            "provider_host": HOST,
            "connection": Thing(last_used_at=before(hours=3)),
        },
    ),
    Sample(
        "account-without-password",
        "account.html",
        {
            **COMPANY,
            "site": site(
                section="account",
                user=Thing(username="zoe", role="staff", must_change_password=False),
            ),
            "account": user(username="zoe", role="staff", password_changed_at=None),
            "provider_host": HOST,
            "connection": Thing(last_used_at=None),
            "has_own_password": False,
        },
    ),
)
