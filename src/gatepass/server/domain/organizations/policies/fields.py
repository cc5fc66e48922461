"""The fields of a policy as people read and write them, and which of two values is looser."""

import re
from dataclasses import dataclass, replace
from typing import Literal

from gatepass.server.domain.organizations.policies.model import Policy, StatedPolicy
from gatepass.wire.errors import OAuthError

FieldName = Literal[
    "second_factor", "session_idle", "session_absolute", "registration", "single_sign_on"
]
Value = str | int | None
"""A value of a field: a limit is in seconds; None leaves the field open."""

OPEN = "default"
"""The text of None, for commands."""
SHORTEST_LIMIT, LONGEST_LIMIT = 60, 365 * 24 * 3600  # seconds
_UNITS = {"d": 24 * 3600, "h": 3600, "m": 60, "s": 1}
_LIMIT = re.compile(r"(?:(\d{1,3})d)?(?:(\d{1,4})h)?(?:(\d{1,6})m)?(?:(\d{1,8})s)?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Choice:
    """A value of a field that is no limit, in words."""

    value: str
    words: str
    help: str


@dataclass(frozen=True, slots=True)
class PolicyField:
    """One field: its `choices`, the loosest first; a limit in seconds has none."""

    name: FieldName
    label: str
    help: str
    choices: tuple[Choice, ...] = ()

    @property
    def is_limit(self) -> bool:
        """Return whether a value is a number of seconds."""
        return not self.choices

    def parse(self, text: str) -> Value:
        """Return the value of a text; None for an empty one. Raises OAuthError."""
        text = text.strip().lower()
        if text in {"", OPEN}:
            return None
        if self.is_limit:
            return _seconds(text)
        for each in self.choices:
            if text == each.value:
                return each.value
        known = ", ".join(each.value for each in self.choices)
        raise OAuthError("invalid_request", f"Choose one of {known}, or {OPEN}.")

    def text(self, value: Value) -> str:
        """Return the text that `parse` reads as this value; empty for None."""
        if isinstance(value, int):
            parts = []
            for unit, size in _UNITS.items():
                count, value = divmod(value, size)
                parts += [f"{count}{unit}"] if count else []
            return "".join(parts)
        return value or ""

    def words(self, value: Value) -> str:
        """Return a value in words, for the audit trail and mail."""
        if value is None:
            return "not set"
        found = next((each.words for each in self.choices if each.value == value), "")
        return found or self.text(value)

    def is_looser(self, value: Value, than: Value) -> bool:
        """Return whether a value demands less than another; not where either is left open."""
        if value is None or than is None:
            return False
        if isinstance(value, int) and isinstance(than, int):
            return value > than
        order = [each.value for each in self.choices]
        return order.index(str(value)) < order.index(str(than))

    def of(self, stated: StatedPolicy | Policy) -> Value:
        """Return the field's value in a policy."""
        value: Value = getattr(stated, self.name)
        return value

    def set(self, stated: StatedPolicy, value: Value) -> StatedPolicy:
        """Return the policy with another value of this field."""
        return replace(stated, **{self.name: value})  # type: ignore[arg-type]


FIELDS = (
    PolicyField(
        "second_factor",
        "Second factor",
        "Whether a password alone is enough to log in.",
        (
            Choice("optional", "Optional", "Each person decides."),
            Choice("required", "Required", "People without one set it up at their next login."),
        ),
    ),
    PolicyField(
        "session_idle",
        "Idle limit",
        "A session ends after this long without a request. A number with its unit, as 15m or 1h.",
    ),
    PolicyField(
        "session_absolute",
        "Session limit",
        "A session ends this long after the login in any case. A number with its unit, as 8h.",
    ),
    PolicyField(
        "registration",
        "Registration of applications",
        "Who may register an application and see its first secret.",
        (
            Choice("staff", "Administrators and staff", "Staff change no other application."),
            Choice("administrators", "Administrators only", "Staff see applications, no more."),
        ),
    ),
    PolicyField(
        "single_sign_on",
        "Single sign-on",
        "Whether a password is still accepted where single sign-on is set up.",
        (
            Choice("allowed", "Allowed", "Password or single sign-on."),
            Choice("required", "Required", "Only single sign-on, but for one emergency account."),
        ),
    ),
)


def changed(before: StatedPolicy, after: StatedPolicy) -> list[PolicyField]:
    """Return the fields in which two policies differ."""
    return [field for field in FIELDS if field.of(before) != field.of(after)]


def described(stated: StatedPolicy, fields: list[PolicyField]) -> str:
    """Return the values of some fields in words, on one line."""
    return "; ".join(f"{field.label}: {field.words(field.of(stated))}" for field in fields)


def _seconds(text: str) -> int:
    found = _LIMIT.fullmatch(text.replace(" ", ""))
    counts = found.groups() if found else ()
    seconds = sum(
        int(count or 0) * size for count, size in zip(counts, _UNITS.values(), strict=False)
    )
    if not counts or not SHORTEST_LIMIT <= seconds <= LONGEST_LIMIT:
        raise OAuthError(
            "invalid_request",
            "Give a number with its unit, for example 15m, 8h or 1d: a minute at least, and "
            "365 days at most.",
        )
    return seconds
