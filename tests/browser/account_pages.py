"""The pages that mailed links lead to, and those with and without mail."""

from datetime import timedelta
from types import SimpleNamespace as Thing
from typing import Any

from browser.samples import NOW, UNBROKEN, Sample, before, site, user
from gatepass.server.domain.users.factors.model import Factors
from gatepass.translation.language import ENGLISH, codes, language

ANONYMOUS = site(user=None, organization=None, section="")
ACCOUNT, TEAM = site(section="account"), site(section="team")
ANNA = "anna@acme.example"
LONG_ADDRESS = f"anna@{UNBROKEN[:60]}.example"


def invitation(**changes: Any) -> Thing:  # noqa: ANN401
    return Thing(
        **{
            "id": "i1",
            "email": "carl@acme.example",
            "role": "staff",
            "invited_by": "anna",
            "expires_at": NOW + timedelta(days=6),
            **changes,
        }
    )


INVITATIONS = [
    invitation(),
    invitation(id="i2", email=LONG_ADDRESS, role="admin", expires_at=before(days=2)),
]
INVITED = Thing(organization=Thing(name="Acme Energy"), invitation=invitation())
FOUND = Thing(organization=Thing(name="Acme Energy"), user=user())
RECOVER = {"site": ANONYMOUS, "sends_mail": True, "sent_to": "", "values": {}, "errors": {}}
PASSWORDS = {
    "new_password": "It has 9 characters; 15 is the least.",
    "new_password_again": "The two entries are not the same.",
}
LOGIN = {
    "site": ANONYMOUS,
    "values": {},
    "errors": {},
    "next": "",
    "saved_form": [],
    "passkey_options": "{}",
    "has_single_sign_on": False,
}
ONE_IDENTITY = {"has_one_identity": True, "accounts_url": "https://app.example.com"}
LOGIN_IN_PRODUCTION = {
    "site": site(user=None, organization=None, section="", **ONE_IDENTITY),
    "status": 200,
    "said": "You are logged out, here and in production.",
    "login_url": "/accounts/login/",
    "next": "",
    "saved_form": [],
}
IN_PRODUCTION = {
    "site": site(**ONE_IDENTITY, section="team"),
    "subject": "The people of your organization",
    "url": "https://app.example.com/team/",
    "is_form": False,
}
NO_COMPANY: dict[str, object] = {
    "languages": [language(code) for code in codes()],
    "chosen_language": "",
    "browser_language": language(ENGLISH),
    "provider_host": None,
    "connection": None,
    "has_own_password": True,
    "is_sso_required": False,
}
SESSION = Thing(
    id_digest=b"1",
    created_at=before(hours=1),
    last_seen_at=before(minutes=1),
    source="203.0.113.7",
    user_agent="",
)
OWN: dict[str, object] = {
    **NO_COMPANY,
    "site": ACCOUNT,
    "is_confirmed": False,
    "errors": {},
    "sessions": [SESSION],
    "current_session": SESSION,
    "factors": Factors(),
    "previous_login": None,
}
PAGES = (
    Sample("login-with-mail", "login.html", {**LOGIN, "sends_mail": True, "done": None}),
    Sample(
        "login-after-recovery",
        "login.html",
        {**LOGIN, "sends_mail": True, "done": "Your new password is set. Log in with it."},
    ),
    Sample("recover", "recover.html", RECOVER),
    Sample(
        "recover-wrong",
        "recover.html",
        {**RECOVER, "values": {"email": "anna"}, "errors": {"email": "Give an email address."}},
    ),
    Sample("recover-sent", "recover.html", {**RECOVER, "sent_to": LONG_ADDRESS}),
    Sample("recover-without-mail", "recover.html", {**RECOVER, "sends_mail": False}),
    Sample(
        "recover-password",
        "recover_password.html",
        {"site": ANONYMOUS, "found": FOUND, "errors": {}},
    ),
    Sample(
        "recover-password-wrong",
        "recover_password.html",
        {"site": ANONYMOUS, "found": FOUND, "errors": PASSWORDS},
    ),
    Sample(
        "link-invalid",
        "error.html",
        {
            "site": ANONYMOUS,
            "status": 404,
            "title": "This link does not work",
            "say": "It was used already, it has expired, or a newer one was sent.",
            "todo": "Use the newest mail.",
            "link_url": "/accounts/login/",
            "link_text": "Go to the login",
        },
    ),
    Sample(
        "invitation",
        "invitation.html",
        {"site": ANONYMOUS, "found": INVITED, "values": {}, "errors": {}},
    ),
    Sample(
        "invitation-wrong",
        "invitation.html",
        {
            "site": ANONYMOUS,
            "found": INVITED,
            "values": {"username": "anna"},
            "errors": {"username": "This username is taken.", **PASSWORDS},
        },
    ),
    Sample("confirm-email", "confirm_email.html", {"site": ACCOUNT, "email": LONG_ADDRESS}),
    Sample(
        "account-unconfirmed",
        "account.html",
        {**OWN, "account": user(password_changed_at=before(days=12)), "sends_mail": True},
    ),
    Sample(
        "account-new-email-mailed",
        "account.html",
        {
            **OWN,
            "account": user(password_changed_at=before(days=12), pending_email=LONG_ADDRESS),
            "sends_mail": True,
        },
    ),
    Sample("login-in-production", "login_in_production.html", LOGIN_IN_PRODUCTION),
    Sample(
        "login-in-production-form",
        "login_in_production.html",
        {
            **LOGIN_IN_PRODUCTION,
            "status": 403,
            "said": "Your session had ended, so nothing was changed.",
            "saved_form": ["s4ved"],
        },
    ),
    Sample("in-production", "in_production.html", IN_PRODUCTION),
    Sample("in-production-form", "in_production.html", {**IN_PRODUCTION, "is_form": True}),
    Sample("invite", "invite.html", {"site": TEAM, "values": {}, "errors": {}}),
    Sample(
        "invite-wrong",
        "invite.html",
        {
            "site": TEAM,
            "values": {"email": ANNA},
            "errors": {
                "email": "Somebody of the organization has this address.",
                "role": "Choose.",
            },
        },
    ),
    Sample(
        "team-invitations",
        "team.html",
        {
            "site": TEAM,
            "users": [(user(), "active")],
            "may_change": True,
            "more_url": None,
            "sends_mail": True,
            "invitations": INVITATIONS,
            "has_search": False,
            "is_filtered": False,
        },
    ),
)
