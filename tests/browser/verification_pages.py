"""The page that asks for a proof, for each way and what it keeps."""

from types import SimpleNamespace as Thing

from browser.samples import UNBROKEN, Sample, site
from gatepass.server.portal.pages.sessions import ways

VERIFY: dict[str, object] = {
    "site": site(),
    "elsewhere": None,
    "way": ways.PASSWORD,
    "others": [],
    "saved_form": ["saved"],
    "next": "/oauth2/applications/register/",
    "kept": "all",
    "errors": {},
}
COMPANY = ways.Elsewhere(
    "/account/single-sign-on/proof/?next=%2Faccount%2F",
    "You log in through your company, so you confirm it there.",
    "Log in again at your company",
    "You have not logged in there again yet. Do so in the other tab, then go on here.",
)
PAGES = (
    Sample("verify", "verify.html", VERIFY),
    Sample(
        "verify-in-production",
        "verify.html",
        {
            **VERIFY,
            "site": site(has_one_identity=True, accounts_url="https://app.example.com"),
            "elsewhere": Thing(
                url="https://app.example.com/accounts/verify/",
                why="The sandbox uses production's accounts, so you confirm it there.",
                button="Confirm in production",
                not_yet="",
            ),
        },
    ),
    Sample("verify-first", "verify.html", {**VERIFY, "saved_form": []}),
    Sample(
        "verify-wrong",
        "verify.html",
        {**VERIFY, "errors": {"current_password": "This is not your current password."}},
    ),
    Sample("verify-part", "verify.html", {**VERIFY, "kept": "part"}),
    Sample(
        "verify-too-long",
        "verify.html",
        {**VERIFY, "kept": "", "saved_form": [], "next": f"/{UNBROKEN}"},
    ),
    Sample(
        "verify-app",
        "verify.html",
        {
            **VERIFY,
            "way": ways.TOTP,
            "others": [ways.RECOVERY_CODE],
            "errors": {"code": "This code is not right, or was used before."},
        },
    ),
    Sample(
        "verify-passkey",
        "verify.html",
        {
            **VERIFY,
            "way": ways.PASSKEY,
            "others": [ways.RECOVERY_CODE],
            "passkey_options": "{}",
            "errors": {"": ways.PASSKEY.missing},
        },
    ),
    Sample(
        "verify-recovery-code",
        "verify.html",
        {**VERIFY, "way": ways.RECOVERY_CODE, "others": [ways.TOTP]},
    ),
    Sample("verify-done", "verify.html", {**VERIFY, "way": None}),
    Sample("confirmed", "confirmed.html", {"site": site()}),
    Sample(
        "verify-company",
        "verify.html",
        {**VERIFY, "way": None, "elsewhere": COMPANY, "errors": {"": COMPANY.not_yet}},
    ),
    Sample(
        "verify-company-first",
        "verify.html",
        {**VERIFY, "way": None, "elsewhere": COMPANY, "saved_form": []},
    ),
)
