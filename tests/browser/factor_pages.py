"""The pages of second factors, and of the login's second step."""

from uuid import UUID

from browser.account_pages import ACCOUNT, ANONYMOUS
from browser.samples import UNBROKEN, Sample, before, site
from gatepass.server.domain.users.factors.model import App, Factors, Passkey, relying_party
from gatepass.server.portal.pages.factors.adding import qr_code

PARTY = relying_party("https://app.example.com", "", "Example Energy")
IP = relying_party("http://127.0.0.1:8000", "", "Example Energy")
KEY = "JBSW Y3DP EHPK 3PXP JBSW Y3DP EHPK 3PXP"
CODES = "\n".join(f"{each}{each}{each}{each}-bcde-fghi-jklm" for each in "abcdefghij")


def passkey(number: int, name: str, domain: str = "app.example.com") -> Passkey:
    used = before(hours=3) if number == 1 else None
    owner = UUID(int=0)
    return Passkey(
        UUID(int=number), owner, b"", b"", 0, domain, (), name, before(days=40 - number), used
    )


APP = App(UUID(int=9), UUID(int=0), b"", 0, "My phone", before(days=12), before(days=1))
SOME = Factors((passkey(1, "Work laptop"),), (APP,), 7, before(days=40))
MANY = Factors(
    (passkey(1, "Work laptop"), passkey(2, UNBROKEN[:60], "portal.example.com")), (APP,), 3
)
OWN = {
    "site": ACCOUNT,
    "factors": Factors(),
    "party": PARTY,
    "is_required": False,
    "lacks_factor": False,
    "labels": {f"name_{APP.id}": "New name of My phone"},
    "errors": {},
    "values": {},
}
STEP = {
    "site": ANONYMOUS,
    "username": "anna",
    "methods": ("passkey", "totp", "recovery_code"),
    "passkey_options": "{}",
    "next": "",
    "saved_form": [],
    "errors": {},
}
NEW_APP = {
    "site": ACCOUNT,
    "setup": "sealed",
    "key": KEY,
    "qr_code": qr_code("otpauth://totp/Example%20Energy:anna?secret=JBSWY3DPEHPK3PXP&issuer=E"),
    "values": {},
    "errors": {},
}
NEW_PASSKEY = {
    "site": ACCOUNT,
    "party": PARTY,
    "passkey_options": "{}",
    "values": {},
    "errors": {},
}
PAGES = (
    Sample("factors-none", "factors.html", OWN),
    Sample("factors-some", "factors.html", {**OWN, "factors": SOME}),
    Sample(
        "factors-many",
        "factors.html",
        {
            **OWN,
            "factors": MANY,
            "errors": {f"name_{APP.id}": "Give it a name of up to 60 characters."},
        },
    ),
    Sample(
        "factors-required",
        "factors.html",
        {
            **OWN,
            "site": site(section="account", is_confined=True),
            "party": IP,
            "is_required": True,
            "lacks_factor": True,
        },
    ),
    Sample("factor-passkey", "factor_passkey.html", NEW_PASSKEY),
    Sample("factor-passkey-ip", "factor_passkey.html", {**NEW_PASSKEY, "party": IP}),
    Sample("factor-app", "factor_app.html", NEW_APP),
    Sample(
        "factor-app-wrong",
        "factor_app.html",
        {
            **NEW_APP,
            "values": {"name": "My phone"},
            "errors": {"code": "This code is not right, or was used before."},
        },
    ),
    Sample(
        "factor-codes",
        "factor_codes.html",
        {"site": ACCOUNT, "codes": CODES, "username": "anna", "landing": "/account/"},
    ),
    Sample("second-step", "second_step.html", STEP),
    Sample(
        "second-step-wrong",
        "second_step.html",
        {
            **STEP,
            "methods": ("totp", "recovery_code"),
            "errors": {"code": "This code is not right, or was used before."},
        },
    ),
    Sample("second-step-nothing", "second_step.html", {**STEP, "methods": ()}),
)
