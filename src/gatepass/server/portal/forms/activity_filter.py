"""The form that chooses entries of the activity page; its values are in the query."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from typing import NamedTuple
from urllib.parse import urlencode

from gatepass.server.domain.audit.model import Filter
from gatepass.server.portal.forms.errors import Errors
from gatepass.translation.message import Message
from gatepass.wire.errors import OAuthError

FIELDS = ("who", "what", "since", "until")
_LONGEST_NAME = 200


class Kind(NamedTuple):
    """One choice of what is shown."""

    value: str
    words: str
    actions: tuple[str, ...] = ()


KINDS = (
    Kind("", Message("Everything")),
    Kind("refused", Message("What was refused")),
    Kind(
        "logins",
        Message("Logins and sessions"),
        ("login", "login.", "logout", "sessions.", "step_up", "step_up.", "recovery."),
    ),
    Kind("applications", Message("Applications"), ("application.",)),
    Kind(
        "secrets",
        Message("Secrets and tokens"),
        (
            "application.rotated",
            "client_certificate.",
            "client_key.",
            "secret.",
            "token.",
            "client.",
        ),
    ),
    Kind("people", Message("Team"), ("person.", "invitation.", "factor.", "passkey.")),
    Kind(
        "settings",
        Message("Policies and single sign-on"),
        ("policy.", "single_sign_on.", "organization."),
    ),
)


class Chosen(NamedTuple):
    """What is wanted, the values to show again, and what is wrong with them."""

    wanted: Filter
    values: dict[str, str]
    errors: Errors

    def query(self, **more: str) -> str:
        """Return the query of an address with these values and more."""
        given = {name: text for name, text in self.values.items() if text}
        return urlencode(given | more)


def parse(query: Mapping[str, str]) -> Chosen:
    """Return what a query asks for; a part that makes no sense is an error, and left out."""
    errors = Errors()
    values = {name: query.get(name, "").strip()[:_LONGEST_NAME] for name in FIELDS}
    kind = errors.check("what", lambda: _kind(values["what"]))
    since = errors.check("since", lambda: _day(values["since"]))
    until = errors.check("until", lambda: _day(values["until"]))
    if since and until and until < since:
        errors["until"] = Message("This day is before the first one.")
        until = None
    wanted = Filter(
        actor=values["who"],
        actions=kind.actions if kind else (),
        only_refused=values["what"] == "refused",
        since=_midnight(since),
        until=_midnight(until + timedelta(days=1)) if until else None,
    )
    return Chosen(wanted, values, errors)


def _kind(text: str) -> Kind:
    for each in KINDS:
        if each.value == text:
            return each
    raise OAuthError("invalid_request", Message("Choose one of the list."))


def _day(text: str) -> date | None:
    if not text:
        return None
    try:
        day = date.fromisoformat(text)
        day + timedelta(days=1)  # the last day of all has no next one
    except (ValueError, OverflowError):
        raise OAuthError("invalid_request", Message("Enter a day, such as 2027-01-31.")) from None
    return day


def _midnight(day: date | None) -> datetime | None:
    return datetime.combine(day, time(), UTC) if day else None
