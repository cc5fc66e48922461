"""The page of an application's secrets, keys and certificates, as operators see it."""

from typing import Any

from browser.certificate_pages import CERTIFICATES
from browser.console_pages import APPLICATION, BASE, IN_SANDBOX, ONE, OPERATOR, SECRET, console
from browser.key_pages import KEYS
from browser.samples import LONG, NOW, UNBROKEN, Sample, application, before
from gatepass.server.admin.console.pages.applications.authentication import STEPS
from gatepass.server.domain.applications.keys.methods.model import AuthenticationMethod
from gatepass.server.domain.applications.keys.model import FAULTS, KeySetting
from gatepass.server.portal.pages.application_certificates.content import LABELS as OF_CERTIFICATES
from gatepass.server.portal.pages.application_certificates.content import MEMBERS
from gatepass.server.portal.pages.application_certificates.content import (
    reminders as certificate_reminders,
)
from gatepass.server.portal.pages.application_keys.content import LABELS, last_day, reminders

_TEMPLATE = "console/application_authentication.html"


def _page(**changes: Any) -> dict[str, Any]:  # noqa: ANN401 - any part of it
    step = changes.get("step", "revoke_secrets")
    return {
        "site": OPERATOR,
        "console": console("organizations/"),
        "organization": ONE["organization"],
        "application": application(name=LONG),
        "app_url": f"{BASE}organizations/o1/applications/a1/",
        "here": f"{BASE}organizations/o1/applications/a1/authentication/",
        "methods": [
            SECRET,
            AuthenticationMethod("key", UNBROKEN, before(days=30)),
            AuthenticationMethod("published_keys", "https://keys.example.com/jwks.json"),
        ],
        "kinds": APPLICATION["kinds"],
        "step": step,
        "step_words": STEPS[step],
        "keys": KEYS,
        "setting": KeySetting("https://keys.example.com/jwks.json"),
        "last_day": last_day,
        "reminders": reminders(KEYS, NOW),
        "key_labels": LABELS,
        "offers_keys": True,
        "certificates": CERTIFICATES,
        "certificate_reminders": certificate_reminders((each["it"] for each in CERTIFICATES), NOW),
        "certificate_labels": OF_CERTIFICATES,
        "members": MEMBERS,
        "is_offered": True,
        "takes_subjects": False,
        "labels": {**LABELS, **OF_CERTIFICATES},
        "may_change": True,
        "values": {},
        "errors": {},
        **changes,
    }


PAGES = (
    Sample("console-authentication", _TEMPLATE, _page()),
    Sample(
        "console-authentication-none",
        _TEMPLATE,
        _page(
            site=IN_SANDBOX,
            methods=[],
            step="register_key",
            keys=[],
            setting=KeySetting(),
            certificates=[],
            offers_keys=False,
            is_offered=False,
        ),
    ),
    Sample(
        "console-authentication-wrong",
        _TEMPLATE,
        _page(
            step="wait",
            errors={"key": FAULTS["private"], "jwks_uri": FAULTS["malformed"]},
            values={"key_name": "Import", "jwks_uri": "http://keys", "legacy_audience": "yes"},
        ),
    ),
    Sample(
        "console-authentication-of-manager",
        _TEMPLATE,
        _page(step="deploy", may_change=False),
    ),
)
