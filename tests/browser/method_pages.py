"""The page that leads an application from secrets to keys, at each of its steps."""

from datetime import timedelta
from typing import Any

from browser.samples import LONG, NOW, UNBROKEN, Sample, application, before, one
from gatepass.server.domain.applications.keys.methods.model import (
    QUIET,
    AuthenticationMethod,
    Methods,
)
from gatepass.server.portal.pages.application_keys.methods import KINDS, STEPS
from gatepass.translation.message import Message

_TEMPLATE = "application/methods.html"


def _secret(**more: Any) -> AuthenticationMethod:  # noqa: ANN401
    values = {"created_at": before(days=90), **more}
    return AuthenticationMethod(
        "secret", Message("Secret ending in {last_four}", last_four="x4Qz"), **values
    )


def _key(name: str = "Nightly import", **more: Any) -> AuthenticationMethod:  # noqa: ANN401
    return AuthenticationMethod("key", name, created_at=before(days=30), **more)


def _page(*found: AuthenticationMethod, **changes: Any) -> dict[str, Any]:  # noqa: ANN401
    methods = Methods(found, NOW)
    since = methods.quiet_since
    return {
        **one("", **changes),
        "methods": found,
        "kinds": KINDS,
        "step": STEPS[methods.step],
        "secrets": methods.secrets,
        "last_secret": methods.last_secret,
        "last_other": methods.last_other,
        "quiet_since": since,
        "revocable_at": since + QUIET if since else None,
        "quiet_days": QUIET.days,
        "issued": 1204,
        "is_offered": True,
        "allows_secret": True,
        **changes,
    }


_LATELY: dict[str, Any] = {
    "last_used_at": before(hours=2),
    "last_used_from": "203.0.113.7",
    "last_used_agent": "python-httpx2/1.0",
}
_LONG_AGO = {**_LATELY, "last_used_at": before(days=16)}
PAGES = [
    Sample("methods-1", _TEMPLATE, _page(_secret(**_LATELY))),
    Sample("methods-2", _TEMPLATE, _page(_secret(**_LATELY), _key(UNBROKEN))),
    Sample(
        "methods-3",
        _TEMPLATE,
        _page(
            _secret(**_LATELY, expires_at=NOW + timedelta(days=4)),
            _key(**_LATELY),
            AuthenticationMethod("published_keys", f"https://keys.example.com/{UNBROKEN}"),
            application=application(name=LONG),
        ),
    ),
    Sample("methods-4", _TEMPLATE, _page(_secret(**_LONG_AGO), _secret(), _key(**_LATELY))),
    Sample(
        "methods-4-staff",
        _TEMPLATE,
        _page(_secret(**_LONG_AGO), _key(**_LATELY), may_change=False),
    ),
    Sample("methods-5", _TEMPLATE, _page(_key(**_LATELY))),
    Sample("methods-5-policy", _TEMPLATE, _page(_key(**_LATELY), allows_secret=False)),
    Sample("methods-none", _TEMPLATE, _page(is_offered=False)),
]
