"""When a client secret ends: choices, policies, and when people are reminded."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from gatepass.server.domain.applications.keys.methods.expiry.model import (
    Expiring,
    Validity,
    due_reminder,
)
from gatepass.server.domain.applications.secrets.end import (
    SecretEndRefused,
    check_end,
    chosen_end,
    parse_end,
)

NOW = datetime(2026, 11, 28, 14, 30, tzinfo=UTC)
DAY = timedelta(days=1)


@pytest.mark.parametrize(
    ("choice", "on", "end"),
    [
        ("never", "", None),
        ("never", "2020-01-01", None),
        ("30", "", NOW + 30 * DAY),
        ("365", "nonsense", NOW + 365 * DAY),
        ("date", "2027-01-31", datetime(2027, 2, 1, tzinfo=UTC)),
        ("date", " 2027-12-31 ", datetime(2028, 1, 1, tzinfo=UTC)),
    ],
)
def test_an_end_is_chosen_in_days_or_by_the_last_day(
    choice: str, on: str, end: datetime | None
) -> None:
    assert chosen_end(choice, on, NOW) == end


@pytest.mark.parametrize(
    ("choice", "on"),
    [
        ("", ""),
        ("31", ""),
        ("-30", ""),
        ("30 ", ""),
        ("date", ""),
        ("date", "31.01.2027"),
        ("date", "2027-02-30"),
        ("date", "9999-12-31"),
        ("date", "2027-01-31T00:00"),
        ("tomorrow", ""),
    ],
)
def test_what_is_not_offered_is_refused(choice: str, on: str) -> None:
    with pytest.raises(SecretEndRefused):
        chosen_end(choice, on, NOW)


@pytest.mark.parametrize(
    ("text", "end"),
    [("never", None), ("45", NOW + 45 * DAY), ("2027-01-31", datetime(2027, 2, 1, tzinfo=UTC))],
)
def test_an_option_takes_any_number_of_days(text: str, end: datetime | None) -> None:
    assert parse_end(text, NOW) == end


@pytest.mark.parametrize(
    ("end", "longest", "reason"),
    [
        (NOW, None, "has passed"),
        (NOW - DAY, None, "has passed"),
        (NOW + 4000 * DAY, None, "ten years"),
        (None, 90, "90 days at most"),
        (NOW + 92 * DAY, 90, "2027-02-26 is its last possible day"),
    ],
)
def test_an_end_that_has_passed_or_is_too_late_is_refused(
    end: datetime | None, longest: int | None, reason: str
) -> None:
    with pytest.raises(SecretEndRefused, match=reason):
        check_end(end, NOW, NOW, longest)


@pytest.mark.parametrize("days", [30, 90])
def test_an_offered_lifetime_is_within_a_policy_of_as_many_days(days: int) -> None:
    end = chosen_end(str(days), "", NOW)

    assert check_end(end, NOW, NOW, days) == end
    last_day = chosen_end("date", f"{NOW + days * DAY:%Y-%m-%d}", NOW)
    assert check_end(last_day, NOW, NOW, days) == last_day


def _secret(lifetime: int, reminded: int | None = None, end: datetime | None = None) -> Expiring:
    expires_at = NOW + lifetime * DAY
    return Expiring(
        "secret",
        UUID(int=1),
        UUID(int=2),
        "id",
        "Billing",
        "",
        {"last_four": "aB3x"},
        Validity(NOW, expires_at),
        end or expires_at,
        reminded,
    )


@pytest.mark.parametrize(
    ("lifetime", "day", "reminder"),
    [
        (365, 0, None),
        (365, 274, None),
        (365, 275, 90),
        (365, 304, 90),
        (365, 305, 60),
        (365, 364, 1),
        (365, 365, 0),
        (365, 366, None),
        (90, 0, None),
        (90, 29, None),
        (90, 30, 60),
        (30, 0, None),
        (30, 14, None),
        (30, 15, 15),
        (1, 0, None),
        (1, 1, 0),
        (0, 0, None),
    ],
)
def test_a_reminder_is_due_from_its_day_on_unless_the_secret_was_made_that_day_or_later(
    lifetime: int, day: int, reminder: int | None
) -> None:
    assert due_reminder(_secret(lifetime), NOW + day * DAY) == reminder


@pytest.mark.parametrize(
    ("reminded", "due"), [(None, 15), (90, 15), (30, 15), (15, None), (7, None)]
)
def test_a_reminder_that_was_given_is_not_due_again(reminded: int | None, due: int | None) -> None:
    assert due_reminder(_secret(365, reminded), NOW + 352 * DAY) == due


def test_after_a_change_of_the_end_the_reminders_begin_again() -> None:
    moved = _secret(365, reminded=1, end=NOW + 10 * DAY)

    assert due_reminder(moved, NOW + 340 * DAY) == 30
