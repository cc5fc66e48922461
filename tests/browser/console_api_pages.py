"""The pages on which owners manage the programs that call the Admin API."""

from typing import Any

from browser.console_pages import BASE, METHODS, OPERATOR, console
from browser.key_pages import PEM
from browser.samples import CLIENT_ID, FIRST_METHOD, LONG, Sample, application, before
from gatepass.server.admin.console.pages.api_applications import shown
from gatepass.server.domain.catalogue import admin_scopes
from gatepass.server.portal.pages.application_keys.methods import KINDS
from gatepass.translation.message import Message
from gatepass.wire.scope import Scope

EVERY = Scope(tuple(sorted(admin_scopes.NAMES)))
SOME = Scope(("production:organizations:read", "sandbox:usage:read"))
API_URL = "https://app.example.com/api/admin/v1/"
BOTH = [Message("Production"), Message("Sandbox")]
PROGRAM = application(
    name="Back office",
    scope=SOME,
    last_used_at=before(hours=2),
    last_used_from="203.0.113.7",
    disabled_at=None,
)
SHARED = {"site": OPERATOR, "console": console("api-applications/"), "values": {}, "errors": {}}
NEW: dict[str, Any] = {
    **SHARED,
    "environments": shown.boxes(EVERY, SOME),
    **FIRST_METHOD,
}
ONE: dict[str, Any] = {
    **SHARED,
    "application": PROGRAM,
    "reached": BOTH,
    "owns": True,
    "here": f"{BASE}api-applications/a1/",
    "environments": shown.boxes(EVERY, SOME),
    "stored": {"scope": str(SOME), "networks": "203.0.113.0/24"},
    "networks_field": shown.NETWORKS,
    "overlaps": list(shown.OVERLAPS.items()),
    "methods": METHODS,
    "kinds": KINDS,
    "methods_url": "/oauth2/applications/a1/",
    "allows_secret": True,
    "issued": Message.plural("{count} session ends.", "{count} sessions end.", 1204),
}
PAGES = (
    Sample(
        "console-api-applications",
        "console/api_applications.html",
        {
            **SHARED,
            "api_url": API_URL,
            "applications": [
                (PROGRAM, BOTH),
                (application(id="a2", name=LONG, last_used_at=None), BOTH[:1]),
            ],
        },
    ),
    Sample(
        "console-api-applications-none",
        "console/api_applications.html",
        {**SHARED, "api_url": API_URL, "applications": []},
    ),
    Sample("console-api-application-new", "console/api_application_new.html", NEW),
    Sample(
        "console-api-application-new-wrong",
        "console/api_application_new.html",
        {
            **NEW,
            "values": {"name": "", "networks": "acme", "secret_end": "never"},
            "errors": {
                "name": Message("Give it a name."),
                "scope": Message("Choose at least one scope."),
            },
        },
    ),
    Sample(
        "console-api-application-new-by-policy",
        "console/api_application_new.html",
        {
            **NEW,
            "allows_secret": False,
            "offers_certificates": False,
            "values": {"method": "published", "jwks_uri": "http://keys.example.com/"},
            "errors": {"jwks_uri": Message("Give it a name.")},
        },
    ),
    Sample("console-api-application", "console/api_application.html", ONE),
    Sample(
        "console-api-application-of-another",
        "console/api_application.html",
        {**ONE, "owns": False, "methods": []},
    ),
    Sample(
        "console-api-application-disabled",
        "console/api_application.html",
        {
            **ONE,
            "allows_secret": False,
            "application": application(
                name=LONG,
                scope=SOME,
                last_used_at=None,
                disabled_at=before(days=1),
                state="disabled",
            ),
            "values": {"confirm": "x"},
            "errors": {"confirm": Message("This is not the application's name.")},
        },
    ),
    Sample(
        "console-api-credentials",
        "console/api_credentials.html",
        {
            **SHARED,
            "application": PROGRAM,
            "client_secret": "gps_live_" + "x" * 43,
            "pem": "",
            "token_url": "https://app.example.com/oauth2/token/",
            "api_url": API_URL,
            "env": f"GATEPASS_CLIENT_ID={CLIENT_ID}\nGATEPASS_RESOURCE={API_URL}",
            "back_url": f"{BASE}api-applications/a1/",
        },
    ),
    Sample(
        "console-api-credentials-key",
        "console/api_credentials.html",
        {
            **SHARED,
            "application": PROGRAM,
            "client_secret": "",
            "pem": PEM,
            "token_url": "https://app.example.com/oauth2/token/",
            "api_url": API_URL,
            "env": f"GATEPASS_CLIENT_ID={CLIENT_ID}\nGATEPASS_PRIVATE_KEY_FILE=private.pem",
            "back_url": f"{BASE}api-applications/a1/",
        },
    ),
)
