"""The pages of one application, in the states a person can meet them in."""

from datetime import timedelta
from types import SimpleNamespace as Thing
from uuid import UUID

from browser.samples import (
    CLIENT_ID,
    LONG,
    MANY_SCOPES,
    NOW,
    RESTRICTED,
    SECRET_ENDS,
    SNIPPETS,
    UNBROKEN,
    Sample,
    application,
    before,
    credentials,
    entry,
    one,
    overview,
    plotted,
    refusal,
    secret,
    settings,
    site,
    usage,
    user,
)
from gatepass.server.domain.usage.model import UsageTotal
from gatepass.server.portal.pages.applications.live_secrets import Rotation
from gatepass.server.portal.pages.applications.overview import Attention
from gatepass.server.portal.presentation.guide import Values, programs
from gatepass.wire.scope import Scope

STAFF = {"site": site(user=user(username="sven", role="staff")), "may_change": False}
OLD_SECRET = secret(
    id="s0",
    last_four="b81X",
    state="ending",
    created_at=before(days=80),
    expires_at=NOW + timedelta(hours=23),
    last_used_at=before(days=2),
    is_only_live=False,
    is_newest=False,
    safe_to_end="Safe to revoke: not used since the new secret was made.",
)
NEEDED = secret(**{**vars(OLD_SECRET), "safe_to_end": "", "last_used_at": before(hours=1)})
NEW_SECRET = secret(is_only_live=False)
UNUSED = secret(is_only_live=False, last_used_at=None, last_used_from=None)
REFUSALS = [
    refusal(3, "Expired secret ending in 4f2a", times=1203),
    refusal(65, "Sandbox secret on production", source="2001:db8:85a3::8a2e:370:7334", agent=""),
    refusal(900, "Scope not allowed: admin", agent="curl on Linux"),
]
NO_USAGE = usage(
    chosen="7d",
    words="7 days",
    each="3 h",
    issued=plotted([0] * 56, ""),
    refused=plotted([0] * 56, ""),
    rows=[],
)
ATTENTION = [
    Attention(
        "The secret ending in 7Cq5: It expires in 12 days. Rotate it, and deploy the new secret "
        "before that.",
        "rotation/",
        "Rotate the secret",
        is_urgent=True,
    ),
    Attention("1,203 requests were refused in the last 24 hours.", "refusals/", "See why"),
    Attention("No contact is set.", "settings/", "Set a contact"),
]


def rotating(new: Thing | None = None, old: Thing = OLD_SECRET) -> dict[str, object]:
    """Return what the page of a rotation is made of; None for the new secret: not begun."""
    return {
        **one("", application=application()),
        "rotation": Rotation(new, old) if new else None,
        "is_prepared": False,
        "secrets": [new, old] if new else [secret()],
        **SECRET_ENDS,
        **SNIPPETS,
    }


def places(number: int) -> list[Thing]:
    """Return from where a secret was used."""
    return [
        Thing(source=f"203.0.113.{at}", agent="python-requests/2.32.3", at=before(hours=at))
        for at in range(number)
    ]


PAGES = [
    Sample(
        "application",
        "application/overview.html",
        overview(site=site(flash="The application has a new name.")),
    ),
    Sample("application-attention", "application/overview.html", overview(attention=ATTENTION)),
    Sample(
        "application-limited",
        "application/overview.html",
        overview(
            application=application(
                contact="operations@acme.example",
                redirect_uris=["https://acme.example/callback"],
                networks=["203.0.113.0/24", "2001:db8:85a3::8a2e:370:7334/128"],
                scope=Scope(tuple(each.name for each in (*MANY_SCOPES, RESTRICTED))),
            ),
        ),
    ),
    Sample(
        "application-disabled",
        "application/overview.html",
        overview(
            application=application(state="disabled", name=LONG, last_used_at=None, created_by=None)
        ),
    ),
    Sample(
        "application-staff", "application/overview.html", overview(attention=ATTENTION, **STAFF)
    ),
    Sample("secrets", "application/credentials.html", credentials()),
    Sample(
        "secrets-two",
        "application/credentials.html",
        credentials(secrets=[NEW_SECRET, OLD_SECRET], may_rotate=False),
    ),
    Sample(
        "secrets-until-used",
        "application/credentials.html",
        credentials(
            secrets=[
                UNUSED,
                secret(
                    id="s0",
                    last_four="b81X",
                    state="ending",
                    is_only_live=False,
                    is_newest=False,
                    ends_with="7Cq5",
                    last_used_from=UNBROKEN,
                    last_used_agent=UNBROKEN,
                ),
            ],
            may_rotate=False,
        ),
    ),
    Sample("secrets-none", "application/credentials.html", credentials(secrets=[])),
    Sample(
        "secrets-none-but-keys",
        "application/credentials.html",
        credentials(secrets=[], has_key=True, uses_key=True, allows_secret=False),
    ),
    Sample(
        "secrets-beside-a-key",
        "application/credentials.html",
        credentials(
            secrets=[
                secret(
                    outlives="It is older than the policy, by which a secret lives 90 days at "
                    "most. Rotate it, or give it an earlier end."
                )
            ],
            has_key=True,
            uses_key=True,
        ),
    ),
    Sample(
        "secrets-reported",
        "application/credentials.html",
        credentials(
            secrets=[
                secret(
                    state="ending",
                    expires_at=NOW + timedelta(hours=23),
                    leak=Thing(
                        reported_at=before(hours=1), location=f"https://a.example/{UNBROKEN}"
                    ),
                    reporter="GitHub secret scanning",
                )
            ],
            ended_leaks=[Thing(reported_at=before(days=4), location="https://a.example/x")],
        ),
    ),
    Sample(
        "secrets-reported-ended",
        "application/credentials.html",
        credentials(secrets=[], ended_leaks=[Thing(reported_at=before(days=1), location="")]),
    ),
    Sample("secrets-staff", "application/credentials.html", credentials(**STAFF)),
    Sample(
        "secrets-end-wrong",
        "application/credentials.html",
        credentials(
            secrets=[
                secret(
                    state="ending",
                    expires_at=NOW + timedelta(days=12),
                    reminder="It expires in 12 days. Rotate it, and deploy the new secret before "
                    "that.",
                )
            ],
            secret_lifetimes=(30, 90),
            longest_secret_lifetime=100,
            default_secret_end="90",
            errors={"end_s1": "This date has passed. Choose a later one."},
            values={"secret_end": "date", "secret_end_date": "2020-01-01"},
        ),
    ),
    Sample(
        "secrets-leaked-wrong",
        "application/credentials.html",
        credentials(
            errors={"leaked_s1": "This date has passed. Choose a later one."},
            values={"secret_end": "date", "secret_end_date": "2020-01-01"},
        ),
    ),
    Sample("rotation", "application/rotation.html", rotating()),
    Sample(
        "rotation-wrong",
        "application/rotation.html",
        {**rotating(), "secrets": [], "errors": {"overlap": "Choose one of the offered overlaps."}},
    ),
    Sample("rotation-prepared", "application/rotation.html", {**rotating(), "is_prepared": True}),
    Sample(
        "secrets-prepared",
        "application/credentials.html",
        credentials(
            secrets=[UNUSED, secret(id="s0", last_four="b81X", is_only_live=False)],
            may_rotate=False,
            is_prepared=True,
        ),
    ),
    Sample("rotation-deploy", "application/rotation.html", rotating(UNUSED)),
    Sample("rotation-needed", "application/rotation.html", rotating(NEW_SECRET, NEEDED)),
    Sample("rotation-revoke", "application/rotation.html", rotating(NEW_SECRET)),
    Sample(
        "secret-uses",
        "application/uses.html",
        {
            **one(""),
            "used": [
                Thing(id="s1", name="Secret ending in 7Cq5", state="live", uses=places(3)),
                Thing(id="s0", name="Imported secret", state="ended", uses=places(1)),
                Thing(
                    id="s2",
                    name="Secret ending in b81X",
                    state="ending",
                    uses=[Thing(source=UNBROKEN, agent=UNBROKEN, at=before(days=3))],
                ),
                Thing(id="s3", name="Secret ending in 99zz", state="live", uses=[]),
            ],
            "older_url": None,
        },
    ),
    Sample(
        "secret-uses-many",
        "application/uses.html",
        {
            **one(""),
            "used": [Thing(id="s1", name="Secret ending in 7Cq5", state="live", uses=places(50))],
            "older_url": "?page=2",
        },
    ),
    Sample(
        "secret-uses-none",
        "application/uses.html",
        {**one("", **STAFF), "used": [], "older_url": None},
    ),
    Sample(
        "guide",
        "application/guide.html",
        {
            **one(""),
            **SNIPPETS,
            "programs": programs(
                Values(
                    "https://sandbox-app.example.com/oauth2/token/",
                    "https://sandbox-app.example.com/api/partners/v2.0",
                    "5f6c0a52-6d0e-4f0c-9f1f-0d7f2b1f1f11",
                    CLIENT_ID,
                )
            ),
            "errors_url": "/docs/reference/errors.html",
            "has_test_token": True,
        },
    ),
    Sample(
        "guide-staff",
        "application/guide.html",
        {**one("", **STAFF), **SNIPPETS, "programs": [], "errors_url": "", "has_test_token": False},
    ),
    Sample("usage", "application/usage.html", {**one("Usage"), "usage": usage(), "wasted": 0}),
    Sample(
        "usage-none", "application/usage.html", {**one("Usage"), "usage": NO_USAGE, "wasted": 0}
    ),
    Sample(
        "usage-wasteful",
        "application/usage.html",
        {
            **one("Usage"),
            "usage": usage(issued=plotted([10**9] * 48, "tokens issued")),
            "wasted": 3400,
        },
    ),
    Sample(
        "applications-usage",
        "applications_usage.html",
        {
            "site": site(),
            "usage": usage(),
            "most_used": [UsageTotal(UUID(int=1), name, 10**9, 7) for name in (LONG, UNBROKEN)],
            "most": 2,
        },
    ),
    Sample(
        "applications-usage-none",
        "applications_usage.html",
        {"site": site(), "usage": NO_USAGE, "most_used": [], "most": 25},
    ),
    Sample(
        "refusals",
        "application/refusals.html",
        {
            **one("Refusals"),
            "refusals": [
                *REFUSALS,
                refusal(3, UNBROKEN, source=UNBROKEN, agent=LONG),
                refusal(3, "Wrong secret", times=10**9),
            ],
        },
    ),
    Sample(
        "refusals-empty",
        "application/refusals.html",
        {**one("Refusals", application=application(name=LONG), **STAFF), "refusals": []},
    ),
    Sample("settings", "application/settings.html", settings()),
    Sample(
        "settings-many-scopes",
        "application/settings.html",
        settings(scopes=MANY_SCOPES, granted_scopes=[RESTRICTED]),
    ),
    Sample(
        "settings-wrong",
        "application/settings.html",
        settings(
            errors={
                "name": "Too long.",
                "scope": "Choose at least one scope.",
                "networks": "10.0.0.1/8 is not a network, as 203.0.113.0/24 or 2001:db8::/32, "
                "or an address. Did you mean 10.0.0.0/8?",
                "contact": "A contact is one line of 200 characters at most.",
                "rate_limit": "Give a whole number, for example 100.",
            },
            values={
                "name": UNBROKEN,
                "networks": f"10.0.0.1/8\n{UNBROKEN}",
                "contact": UNBROKEN,
                "rate_limit_mode": "warn",
                "rate_limit": "many",
            },
        ),
    ),
    Sample(
        "application-activity",
        "application/activity.html",
        {
            **one("Activity"),
            "entries": [
                entry(2, "Rotated the secret (overlap: 24 hours)", subject="Billing sync"),
                entry(
                    900,
                    "Registered an application",
                    subject="Billing sync",
                    detail={"client_id": CLIENT_ID},
                ),
            ],
            "older_url": "?before=9",
        },
    ),
    Sample(
        "application-activity-empty",
        "application/activity.html",
        {**one("Activity"), "entries": [], "older_url": None},
    ),
    Sample("danger", "application/danger.html", one("Danger zone")),
    Sample(
        "danger-disabled",
        "application/danger.html",
        one("Danger zone", application=application(state="disabled")),
    ),
    Sample(
        "danger-wrong",
        "application/danger.html",
        one(
            "Danger zone",
            errors={"confirm": "This is not the name."},
            values={"confirm": "Biling sync"},
        ),
    ),
]
