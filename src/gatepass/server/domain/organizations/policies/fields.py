"""The fields of a policy as people read and write them, and which of two values is looser."""

import re
from dataclasses import dataclass, replace
from typing import Literal

from gatepass.server.domain.organizations.policies.model import Policy, StatedPolicy
from gatepass.translation.message import Message
from gatepass.wire.errors import OAuthError

FieldName = Literal[
    "second_factor",
    "session_idle",
    "session_absolute",
    "registration",
    "single_sign_on",
    "secret_lifetime",
    "leaked_secret",
    "leaked_secret_grace",
    "new_applications",
]
Value = str | int | None
"""A value of a field: a limit is in seconds; None leaves the field open."""

OPEN = "default"
"""The text of None, for commands."""
DAY = 24 * 3600  # seconds
_SHORTEST = 60  # seconds
_UNITS = {"d": DAY, "h": 3600, "m": 60, "s": 1}
_LIMIT = re.compile(r"(?:(\d{1,4})d)?(?:(\d{1,4})h)?(?:(\d{1,6})m)?(?:(\d{1,8})s)?", re.ASCII)


_NOT_SET = Message("not set")
_IN_DAYS = Message("Give whole days, for example 90d, and {longest} days at most.")
_WITH_UNIT = Message(
    "Give a number with its unit, for example 15m, 8h or 1d: a minute at least, and {longest} days "
    "at most."
)


@dataclass(frozen=True, slots=True)
class Choice:
    """A value of a field that is no limit, in words."""

    value: str
    words: str
    help: str


@dataclass(frozen=True, slots=True)
class PolicyField:
    """One field: its `choices`, the loosest first; a limit in seconds has none.

    `own_label` is how the page names an organization's own limit, beside that of the operator.
    A limit that is `in_days` is a number of whole days; `longest` is the longest, in days.
    """

    name: FieldName
    label: str
    help: str
    choices: tuple[Choice, ...] = ()
    in_days: bool = False
    longest: int = 365
    own_label: str = ""

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
            return self._seconds(text)
        for each in self.choices:
            if text == each.value:
                return each.value
        known = ", ".join(each.value for each in self.choices)
        raise OAuthError(
            "invalid_request", Message("Choose one of {known}, or {open}.", known=known, open=OPEN)
        )

    def _seconds(self, text: str) -> int:
        found = _LIMIT.fullmatch(text.replace(" ", ""))
        counts = found.groups() if found else ()
        sizes = _UNITS.values()
        seconds = sum(int(count or 0) * size for count, size in zip(counts, sizes, strict=False))
        is_whole = not self.in_days or seconds % DAY == 0
        if _SHORTEST <= seconds <= self.longest * DAY and is_whole:
            return seconds
        text = _IN_DAYS if self.in_days else _WITH_UNIT
        raise OAuthError("invalid_request", text.with_values(longest=str(self.longest)))

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
            return _NOT_SET
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
        Message("Second factor"),
        Message("Whether a password alone is enough to log in."),
        (
            Choice("optional", Message("Optional"), Message("Each person decides.")),
            Choice(
                "required",
                Message("Required"),
                Message("People without one set it up at their next login."),
            ),
        ),
    ),
    PolicyField(
        "session_idle",
        Message("Idle limit"),
        Message(
            "A session ends after this long without a request. A number with its unit, as 15m or "
            "1h."
        ),
        own_label=Message("Your idle limit"),
    ),
    PolicyField(
        "session_absolute",
        Message("Session limit"),
        Message(
            "A session ends this long after the login in any case. A number with its unit, as 8h."
        ),
        own_label=Message("Your session limit"),
    ),
    PolicyField(
        "registration",
        Message("Registration of applications"),
        Message("Who may register an application and see its first secret."),
        (
            Choice(
                "staff",
                Message("Administrators and staff"),
                Message("Staff change no other application."),
            ),
            Choice(
                "administrators",
                Message("Administrators only"),
                Message("Staff see applications, no more."),
            ),
        ),
    ),
    PolicyField(
        "single_sign_on",
        Message("Single sign-on"),
        Message("Whether a password is still accepted where single sign-on is set up."),
        (
            Choice("allowed", Message("Allowed"), Message("Password or single sign-on.")),
            Choice(
                "required",
                Message("Required"),
                Message("Only single sign-on, but for one emergency account."),
            ),
        ),
    ),
    PolicyField(
        "secret_lifetime",
        Message("Longest life of a secret"),
        Message(
            "New client secrets end after this many days at the latest. A number of days, as 90d."
        ),
        in_days=True,
        longest=3650,
        own_label=Message("Your longest life of a secret"),
    ),
    PolicyField(
        "leaked_secret",
        Message("Leaked secrets"),
        Message("What becomes of a client secret that somebody reports as leaked."),
        (
            Choice("notify", Message("Ends later"), Message("It ends after the time below.")),
            Choice(
                "revoke",
                Message("Revoked at once"),
                Message("The program gets no tokens until you rotate."),
            ),
        ),
    ),
    PolicyField(
        "leaked_secret_grace",
        Message("Time to replace a leaked secret"),
        Message(
            "A leaked secret that is not revoked at once ends this long after the report. A number "
            "with its unit, as 4h or 1d."
        ),
        longest=30,
        own_label=Message("Your time to replace a leaked secret"),
    ),
    PolicyField(
        "new_applications",
        Message("New applications"),
        Message(
            "With what the program of a new application authenticates. Applications that have a "
            "secret keep it."
        ),
        (
            Choice(
                "secrets",
                Message("A secret or a key"),
                Message("The person who registers an application decides."),
            ),
            Choice(
                "keys",
                Message("A key, no secret"),
                Message("A registration takes a public key; who has no secret gets none."),
            ),
        ),
    ),
)


def changed(before: StatedPolicy, after: StatedPolicy) -> list[PolicyField]:
    """Return the fields in which two policies differ."""
    return [field for field in FIELDS if field.of(before) != field.of(after)]


def described(stated: StatedPolicy, fields: list[PolicyField]) -> str:
    """Return the values of some fields in words, on one line."""
    return "; ".join(f"{field.label}: {field.words(field.of(stated))}" for field in fields)
