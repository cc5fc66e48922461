"""The page of automatic rotation in the states a person can meet it in."""

from datetime import timedelta
from types import SimpleNamespace as Thing
from typing import Any

from browser.samples import LONG, NOW, UNBROKEN, Sample, application, before, one
from gatepass.server.portal.forms.automatic_rotation import LABELS

_TEMPLATE = "application/automatic_rotation.html"


def _rotation(**changes: Any) -> Thing:  # noqa: ANN401
    return Thing(
        **{
            "is_on": False,
            "days": 30,
            "overlap": "24 hours",
            "committed_at": None,
            "committed_from": "",
            "prepared": "",
            "prepared_at": None,
            "new": "",
            "old": "",
            "old_expires_at": None,
            "values": {
                "automatic_rotation": "on" if changes.get("is_on") else "off",
                "rotation_interval": "30",
                "rotation_overlap": "86400",
            },
            **changes,
        }
    )


def _page(**changes: Any) -> dict[str, Any]:  # noqa: ANN401
    return {
        **one("", **changes),
        "rotation": _rotation(),
        "overlaps": [("3600", "1 hour"), ("86400", "24 hours"), ("604800", "7 days")],
        "sends_mail": True,
        "docs_url": "/docs/",
        **changes,
        "labels": LABELS,
    }


_ROTATED = {
    "is_on": True,
    "committed_at": before(hours=1),
    "committed_from": "203.0.113.7",
    "new": "7Cq5",
    "old": "b81X",
    "old_expires_at": NOW + timedelta(hours=23),
}
PAGES = [
    Sample("rotation-off", _TEMPLATE, _page(sends_mail=False, docs_url="")),
    Sample("rotation-done", _TEMPLATE, _page(rotation=_rotation(**_ROTATED))),
    Sample(
        "rotation-past",
        _TEMPLATE,
        _page(rotation=_rotation(is_on=True, committed_at=before(days=9))),
    ),
    Sample(
        "rotation-wrong",
        _TEMPLATE,
        _page(
            application=application(name=LONG),
            rotation=_rotation(
                **_ROTATED
                | {"committed_from": UNBROKEN, "prepared": "x9Yz", "prepared_at": before(hours=3)}
            ),
            errors={
                "automatic_rotation": "Choose on or off.",
                "rotation_interval": "Enter a whole number of days, 1 to 365.",
            },
            values={
                "automatic_rotation": "",
                "rotation_interval": UNBROKEN,
                "rotation_overlap": "604800",
            },
        ),
    ),
    Sample(
        "rotation-staff",
        _TEMPLATE,
        _page(may_change=False, rotation=_rotation(**_ROTATED | {"old": "imported"})),
    ),
]
