"""When a session is over, and what its id looks like."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from gatepass.server.domain.users.sessions.model import (
    Session,
    SessionSettings,
    is_over,
    is_update_due,
    key,
    new_id,
    read_id,
)

NOW = datetime(2026, 1, 31, tzinfo=UTC)
SETTINGS = SessionSettings(idle=600, absolute=3600)


def session(*, age: int = 0, unseen: int = 0) -> Session:
    created, seen = (NOW - timedelta(seconds=seconds) for seconds in (age, unseen))
    return Session(b"", uuid4(), created, seen, "203.0.113.7", "")


@pytest.mark.spec("ASVS", "7.2.3")
def test_an_id_has_256_random_bits() -> None:
    ids = [new_id() for _ in range(100)]

    assert {len(key(each)) for each in ids} == {32}
    assert len({each.value for each in ids}) == 100
    assert ids[0].value not in repr(ids[0])


def test_an_id_is_read_as_it_was_made() -> None:
    made = new_id()

    assert read_id(made.value) == made


@pytest.mark.parametrize("text", [None, "", "x", "0" * 47, "0" * 49, "!" * 48, "zzz" * 16])
def test_what_no_id_looks_like_is_none(text: str | None) -> None:
    assert read_id(text) is None


@pytest.mark.spec("ASVS", "7.3.1")
@pytest.mark.parametrize(("unseen", "over"), [(0, False), (599, False), (600, True), (601, True)])
def test_a_session_left_alone_is_over(unseen: int, *, over: bool) -> None:
    assert is_over(session(age=unseen, unseen=unseen), SETTINGS, NOW) is over


@pytest.mark.spec("ASVS", "7.3.2")
@pytest.mark.parametrize(("age", "over"), [(3599, False), (3600, True)])
def test_an_old_session_is_over_however_busy(age: int, *, over: bool) -> None:
    assert is_over(session(age=age), SETTINGS, NOW) is over


@pytest.mark.parametrize(("idle", "unseen", "due"), [(1800, 59, False), (1800, 60, True)])
def test_being_seen_is_noted_once_a_minute(idle: int, unseen: int, *, due: bool) -> None:
    settings = SessionSettings(idle=idle)

    assert is_update_due(session(unseen=unseen), settings, NOW) is due


def test_with_the_shortest_idle_time_a_busy_session_is_noted_in_time() -> None:
    settings = SessionSettings(idle=60)

    assert is_update_due(session(unseen=6), settings, NOW)
    assert not is_over(session(unseen=59), settings, NOW)
