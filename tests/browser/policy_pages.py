"""The pages about policies, and about where people are logged in."""

from types import SimpleNamespace as Thing

from browser.samples import UNBROKEN, Sample, before, site, user
from gatepass.server.domain.applications.listing.model import ListPage
from gatepass.server.domain.organizations.policies.model import StatedPolicy, in_force
from gatepass.server.domain.users.factors.model import Factors
from gatepass.server.domain.users.sessions.policies import Overview
from gatepass.server.portal.forms import list_filter
from gatepass.server.portal.pages.applications.listing import list_context
from gatepass.server.portal.pages.users import policies

NO_APPLICATIONS = list_context(list_filter.parse({}), ListPage([], 1, 0))
TEAM = site(section="team")
STAFF = site(user=Thing(username="sven", role="staff", must_change_password=False))
AGENT = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
LIMITS = StatedPolicy(session_idle=1800, session_absolute=12 * 3600)
STRICT = StatedPolicy("required", 1800, 5400, "administrators", "required")
OPEN = {
    "second_factor": "open",
    "registration": "open",
    "single_sign_on": "open",
    "leaked_secret": "open",
    "new_applications": "open",
}


def shown(operator: StatedPolicy, own: StatedPolicy) -> dict[str, object]:
    """Return what the page of policies is made of."""
    found = Overview(operator, own, in_force(operator, own))
    return {"site": TEAM, "errors": {}, **policies.page_context(found, sends_mail=True)}


def session(number: int, source: str, agent: str) -> Thing:
    """Return a session; the first of a list is the one of the browser."""
    return Thing(
        id=f"s{number}",
        id_digest=bytes([number]),
        created_at=before(hours=number * 20 + 1),
        last_seen_at=before(hours=number * 9),
        source=source,
        user_agent=agent,
    )


SESSIONS = [session(1, "203.0.113.7", AGENT), session(2, "2001:db8::17", UNBROKEN)]
NOBODYS = session(0, "", "")
PREVIOUS = Thing(at=before(days=3), source="2001:db8:85a3::8a2e:370:7334", user_agent=AGENT)
ONE_USER = {
    "factors": Factors(),
    "site": TEAM,
    "user": user(username="sven", role="staff"),
    "values": {},
    "errors": {},
    "state": "active",
    "is_self": False,
    "is_last_admin": False,
    "sends_mail": True,
    "is_confirmed": True,
    "current_session": NOBODYS,
}

PAGES = (
    Sample("policies", "policies.html", {**shown(LIMITS, StatedPolicy()), "values": OPEN}),
    Sample(
        "policies-strict",
        "policies.html",
        {
            **shown(STRICT, StatedPolicy(session_idle=600, registration="staff")),
            "values": {**OPEN, "session_idle": "10m", "registration": "staff"},
        },
    ),
    Sample(
        "policies-wrong",
        "policies.html",
        {
            **shown(LIMITS, StatedPolicy()),
            "values": {**OPEN, "session_idle": "soon", "session_absolute": "30"},
            "errors": {
                "session_idle": "Give a number with its unit, for example 15m, 8h or 1d.",
                "second_factor": "The operator demands: Required. A policy can only be stricter.",
            },
        },
    ),
    Sample("user-sessions", "user.html", {**ONE_USER, "sessions": SESSIONS, "factors": Factors()}),
    Sample(
        "applications-staff-may-register",
        "applications.html",
        {"site": STAFF, **NO_APPLICATIONS, "may_register": True},
    ),
)
