"""Pages that copy the settings of an application."""

from browser.samples import CLIENT_ID, FIRST_METHOD, LONG, UNBROKEN, Sample, application, site
from gatepass.server.portal.pages.copying.form import Row

_NETWORKS = "203.0.113.0/24\n2001:db8::/48"
_ROWS = [
    Row("Token lifetime", "30 minutes", "10 hours", "30 minutes", is_change=True),
    Row("Contact", "ops@acme.example", "Not set", "ops@acme.example", is_change=True),
    Row("Allowed source networks", _NETWORKS, _NETWORKS, _NETWORKS, is_change=False),
    Row("Scope", "read write introspection", "read", "read write", is_change=True),
    Row("Token rate limit", "No limit", "No limit", "No limit", is_change=False),
    Row("Tokens per hour", "Not set", "Not set", "Not set", is_change=False),
]
_CODE = "q8Zr2vBqjv0cJ1sXw7LhNd3Gk4P" * 8
_SOURCE: dict[str, object] = {
    "application": application(),
    "target": None,
    "rows": _ROWS,
    "left_out": ("introspection",),
    "shown": "5e88178fcfdd812f",
    "suggested_name": "Billing sync",
    "values": {},
    "errors": {},
    **FIRST_METHOD,
}
_HERE = {
    **_SOURCE,
    "site": site(),
    "is_other": False,
    "source_environment": "sandbox",
    "other_environment": "production",
    "other_url": "https://app.example.com/oauth2/applications/copy/",
    "has_one_identity": False,
    "copy_code": _CODE,
    "has_others": True,
    "others": [("Meter import", CLIENT_ID), (LONG, CLIENT_ID[::-1])],
}
_OTHER = {
    **_SOURCE,
    "site": site(environment="production"),
    "is_other": True,
    "source_environment": "sandbox",
    "source_id": "",
    "copy_code": _CODE,
}
_COMPARED = {
    **_SOURCE,
    "site": site(),
    "target": application(id="a2", name="Meter import"),
    "revokes_tokens": False,
}

PAGES = [
    Sample("copy", "copy_application.html", _HERE),
    Sample(
        "copy-wrong",
        "copy_application.html",
        {
            **_HERE,
            "application": application(name=LONG),
            "has_one_identity": True,
            "others": [],
            "left_out": (),
            "values": {"name": "Billing sync", "secret_end": "date"},
            "errors": {
                "same_name": "There is an application of this name: its client id ends in 3kQ9. "
                "Choose another name, or tick to register a second one.",
                "secret_end": "This date has passed. Choose a later one.",
            },
        },
    ),
    Sample("copy-from-other", "copy_from_other.html", _OTHER),
    Sample(
        "copy-from-other-changed",
        "copy_from_other.html",
        {
            **_OTHER,
            "values": {"name": UNBROKEN},
            "errors": {"name": "A name has 100 characters at most."},
        },
    ),
    Sample(
        "copy-enter",
        "copy_enter.html",
        {"site": site(), "other_environment": "production", "values": {}, "errors": {}},
    ),
    Sample(
        "copy-enter-wrong",
        "copy_enter.html",
        {
            "site": site(environment="production"),
            "other_environment": "sandbox",
            "values": {"copy_code": UNBROKEN},
            "errors": {"copy_code": "This is no copy code of the other environment."},
        },
    ),
    Sample("copy-compare", "copy_compare.html", _COMPARED),
    Sample(
        "copy-compare-changed",
        "copy_compare.html",
        {
            **_COMPARED,
            "target": application(id="a2", name=LONG),
            "revokes_tokens": True,
            "left_out": ("introspection", "meters.admin"),
            "errors": {"": "The settings were changed meanwhile. Nothing was copied."},
        },
    ),
    Sample(
        "copy-compare-nobody",
        "copy_compare.html",
        {**_SOURCE, "site": site(), "target": None, "to": UNBROKEN},
    ),
]
