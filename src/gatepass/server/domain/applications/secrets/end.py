"""When a client secret ends: what can be chosen, and what policies allow."""

from datetime import UTC, date, datetime, time, timedelta

from gatepass.translation.message import Message
from gatepass.wire.errors import OAuthError

LIFETIMES = (30, 90, 180, 365)
"""The lifetimes that are offered, in days; a date and no end are offered, too."""

NEVER = "never"
ON_DATE = "date"
_LONGEST = timedelta(days=10 * 365)
_LONGEST_NUMBER = 4  # digits
_PASSED = Message("This date has passed. Choose a later one.")


class SecretEndRefused(OAuthError):
    """A secret cannot end then."""

    def __init__(self, say: str) -> None:
        super().__init__("invalid_request", say)


def chosen_end(choice: str, on: str, now: datetime) -> datetime | None:
    """Return when a secret ends by the choice of a form; None for never.

    `choice` is NEVER, a number of days of LIFETIMES, or ON_DATE; `on` is then the last day
    on which the secret works, in UTC, as YYYY-MM-DD. Raises SecretEndRefused for anything else.
    """
    if choice == NEVER:
        return None
    if choice == ON_DATE:
        return _end_of_day(on)
    if choice not in map(str, LIFETIMES):
        raise SecretEndRefused(Message("Choose one of the offered ends."))
    return now + timedelta(days=int(choice))


def parse_end(text: str, now: datetime) -> datetime | None:
    """Return when a secret ends by the option of a command: `never`, days, or its last day."""
    if text == NEVER:
        return None
    if text.isascii() and text.isdecimal() and len(text) <= _LONGEST_NUMBER:
        if not int(text):
            raise SecretEndRefused(_PASSED)
        return now + timedelta(days=int(text))
    return _end_of_day(text)


def unstated_end(now: datetime, longest_days: int | None) -> datetime | None:
    """Return when a secret ends for which nobody chose an end: as late as the policies allow."""
    return None if longest_days is None else now + timedelta(days=longest_days)


def check_end(
    end: datetime | None, created_at: datetime, now: datetime, longest_days: int | None
) -> datetime | None:
    """Return the end of a secret; raise SecretEndRefused where it has passed or is too late.

    `longest_days` is how long a secret may live by the policies, in days; None for any time.
    """
    if end is None:
        if longest_days is not None:
            raise SecretEndRefused(
                Message(
                    "A secret lives {days} days at most here. Choose an end.",
                    days=str(longest_days),
                ),
            )
        return None
    if end <= now:
        raise SecretEndRefused(_PASSED)
    if longest_days is not None and end > last_end(created_at, longest_days):
        latest = last_end(created_at, longest_days) - timedelta(days=1)
        raise SecretEndRefused(
            Message(
                "A secret lives {days} days at most here: {latest} is its last possible day.",
                days=str(longest_days),
                latest=latest.date(),
            ),
        )
    if end > now + _LONGEST:
        raise SecretEndRefused(Message("Choose a date within the next ten years, or no end."))
    return end


def last_end(created_at: datetime, longest_days: int) -> datetime:
    """Return the latest end of a secret: the end of its last day, in UTC."""
    last_day = (created_at + timedelta(days=longest_days)).date()
    return _midnight_after(last_day)


def lifetimes_within(longest_days: int | None) -> tuple[int, ...]:
    """Return those of LIFETIMES that the policies allow."""
    return tuple(each for each in LIFETIMES if longest_days is None or each <= longest_days)


def default_choice(longest_days: int | None) -> str:
    """Return what a form has chosen at first: no end where that is allowed, else the longest."""
    if longest_days is None:
        return NEVER
    return str(max(lifetimes_within(longest_days), default=ON_DATE))


def in_words(end: datetime | None) -> str:
    """Return an end as the audit trail has it."""
    return "never" if end is None else f"{end:%Y-%m-%d %H:%M} UTC"


def _end_of_day(text: str) -> datetime:
    try:
        day = date.fromisoformat(text.strip())
        return _midnight_after(day)
    except (ValueError, OverflowError):
        raise SecretEndRefused(
            Message("Enter the last day on which it works, such as 2027-01-31.")
        ) from None


def _midnight_after(day: date) -> datetime:
    return datetime.combine(day + timedelta(days=1), time(), UTC)
