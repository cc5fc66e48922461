"""The revocation feed, page by page, over each database."""

import json
from collections.abc import Callable
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

import pytest

from contracts import samples
from contracts.samples import HOUR, NOW, SECOND
from gatepass.server.domain.applications import store as applications
from gatepass.server.domain.changes import store as changes
from gatepass.server.domain.changes import tombstones
from gatepass.server.domain.organizations import store as organizations
from gatepass.server.domain.revocations import store as revocations
from gatepass.server.domain.revocations.feed import page as pages
from gatepass.server.domain.revocations.feed.cursor import Cursor, Section
from gatepass.server.domain.revocations.feed.model import ALL, MATTERS
from gatepass.server.storage.database import Connection, Database
from gatepass.server.storage.timestamps import milliseconds

_ISSUER = "https://app.example.com"
_MANY = 7


class Told(NamedTuple):
    """What a series of pages told until there was no more, and where it ended."""

    cursor: Cursor
    tokens: dict[str, int]
    applications: dict[str, int]
    keys: list[str]
    resets: list[bool]


def _read(
    database: Database, cursor: Cursor | None = None, now: datetime = NOW, most: int = 10_000
) -> Told:
    tokens: dict[str, int] = {}
    standings: dict[str, int] = {}
    keys: list[str] = []
    resets: list[bool] = []
    while True:
        with database.read() as connection:
            page = pages.read(connection, cursor, now, _ISSUER, most)
        said: dict[str, Any] = json.loads(f"{{{page.members}}}")
        assert len(said["tokens"]) + len(said["applications"]) <= most
        tokens |= said["tokens"]
        standings |= said["applications"]
        keys += said["keys"]
        resets.append(page.resets)
        cursor = page.cursor
        if not page.more:
            return Told(cursor, tokens, standings, keys, resets)


def _token(number: int) -> bytes:
    return number.to_bytes(16)


def _revoke(connection: Connection, number: int, expires_at: datetime = NOW + HOUR) -> None:
    revocations.add(connection, _token(number), expires_at)
    changes.record(connection, changes.REVOCATION, _token(number).hex(), NOW)


def _application(connection: Connection, org_id: UUID, **given: Any) -> str:  # noqa: ANN401
    """Add an application with the columns that are given; give its client id."""
    new = samples.application(org_id)
    applications.add(connection, new)
    _change(connection, new.id, **given)
    return new.client_id


def _change(connection: Connection, app_id: UUID, **given: Any) -> None:  # noqa: ANN401
    if given:
        applications.change(connection, app_id, given)
    changes.record(connection, changes.APPLICATION, str(app_id), NOW)


def _fill(database: Database) -> dict[str, int]:
    """Void some applications in every way that there is; give until when their tokens are."""
    with database.write() as connection:
        good, bad = samples.organization(connection), samples.organization(connection)
        organizations.set_suspended(connection, bad.id, NOW)
        expected = {
            _application(connection, good.id, disabled_at=NOW): ALL,
            _application(connection, good.id, tokens_revoked_before=NOW): milliseconds(NOW),
            "gone": ALL,
        }
        for _ in range(_MANY):
            expected[_application(connection, bad.id)] = ALL
            _application(connection, good.id)
        tombstones.record_deletion(connection, changes.CLIENT_GONE, "gone", NOW)
        tombstones.record_deletion(connection, changes.KEY_GONE, "kid", NOW)
        for number in range(_MANY):
            _revoke(connection, number)
    return expected


@pytest.mark.parametrize("most", [1, 2, 3, 1000])
def test_a_snapshot_tells_all_that_is_void_however_small_its_pages(
    database: Database, most: int
) -> None:
    expected = _fill(database)

    told = _read(database, most=most)

    assert told.applications == expected
    ids = {_token(number).hex() for number in range(_MANY)}
    assert told.tokens == dict.fromkeys(ids, int((NOW + HOUR).timestamp()))
    assert told.keys == ["kid"]
    assert told.resets == [True] + [False] * (len(told.resets) - 1)


def test_what_has_expired_or_can_name_no_token_any_more_is_left_out(database: Database) -> None:
    long_ago = NOW - MATTERS
    with database.write() as connection:
        org, bad = samples.organization(connection), samples.organization(connection)
        organizations.set_suspended(connection, bad.id, long_ago)
        _application(connection, bad.id)
        _application(connection, org.id, disabled_at=long_ago)
        _application(connection, org.id, tokens_revoked_before=long_ago)
        _revoke(connection, 1, NOW)
        tombstones.record_deletion(connection, changes.CLIENT_GONE, "gone", long_ago - SECOND)
        tombstones.prune(connection, long_ago)

    told = _read(database)

    assert (told.tokens, told.applications, told.keys) == ({}, {}, [])


def test_changes_are_told_behind_a_snapshot(database: Database) -> None:
    with database.write() as connection:
        org = samples.organization(connection)
        app = samples.application(org.id)
        applications.add(connection, app)
        changes.record(connection, changes.APPLICATION, str(app.id), NOW)
    start = _read(database)

    with database.write() as connection:
        _revoke(connection, 5)
        _change(connection, app.id, tokens_revoked_before=NOW)
        tombstones.record_deletion(connection, changes.KEY_GONE, "kid", NOW)
        changes.record(connection, changes.CATALOGUE, "read", NOW)
    first = _read(database, start.cursor)
    with database.write() as connection:
        _change(connection, app.id, tokens_revoked_before=None, disabled_at=NOW)
    second = _read(database, first.cursor)
    with database.write() as connection:
        _change(connection, app.id, disabled_at=None)
    third = _read(database, second.cursor)

    assert (start.tokens, start.applications) == ({}, {})
    assert set(first.tokens) == {_token(5).hex()}
    assert first.applications == {app.client_id: milliseconds(NOW)}
    assert first.keys == ["kid"]
    assert (second.tokens, second.applications, second.keys) == ({}, {app.client_id: ALL}, [])
    assert third.applications == {app.client_id: 0}
    assert [first.resets, second.resets, third.resets] == [[False]] * 3
    assert _read(database, third.cursor) == Told(third.cursor, {}, {}, [], [False])


@pytest.mark.parametrize("most", [1, 2, 1000])
def test_many_changes_come_in_pages(database: Database, most: int) -> None:
    _fill(database)
    start = _read(database).cursor
    with database.write() as connection:
        org = samples.organization(connection)
        names = {_application(connection, org.id) for _ in range(_MANY)}
        for number in range(100, 100 + _MANY):
            _revoke(connection, number)
        organizations.set_suspended(connection, org.id, NOW)
        changes.record(connection, changes.ORGANIZATION, str(org.id), NOW)
        _revoke(connection, 200)

    told = _read(database, start, most=most)

    assert told.applications == dict.fromkeys(names, ALL)
    assert set(told.tokens) == {_token(each).hex() for each in (*range(100, 100 + _MANY), 200)}
    assert not any(told.resets)


def test_of_a_client_id_that_was_deleted_and_is_another_ones_only_the_old_tokens_are_void(
    database: Database,
) -> None:
    start = _read(database).cursor
    with database.write() as connection:
        org = samples.organization(connection)
        old = samples.application(org.id)
        applications.add(connection, old)
        applications.remove(connection, old.id)
        tombstones.record_deletion(connection, changes.CLIENT_GONE, old.client_id, NOW)
        changes.record(connection, changes.APPLICATION, str(old.id), NOW)
    deleted = _read(database, start)
    with database.write() as connection:
        new = samples.application(org.id, client_id=old.client_id, created_at=NOW + SECOND)
        applications.add(connection, new)
        changes.record(connection, changes.APPLICATION, str(new.id), NOW)

    assert deleted.applications == {old.client_id: ALL}
    until = {old.client_id: milliseconds(NOW + SECOND) - 1}
    assert _read(database, deleted.cursor).applications == until
    assert _read(database).applications == until


def test_what_changes_while_a_snapshot_is_read_is_told_behind_it(database: Database) -> None:
    _fill(database)
    with database.read() as connection:
        first = pages.read(connection, None, NOW, _ISSUER, most=3)
    with database.write() as connection:
        revocations.add(connection, bytes(15) + b"\x00", NOW + HOUR)  # among those already told
        changes.record(connection, changes.REVOCATION, bytes(16).hex(), NOW)
        _revoke(connection, 0)

    rest = _read(database, first.cursor, most=3)

    assert _token(0).hex() in rest.tokens
    assert rest.cursor.section is Section.CHANGES


def test_who_was_away_for_longer_than_changes_are_kept_gets_a_new_snapshot(
    database: Database,
) -> None:
    expected = _fill(database)
    old = _read(database).cursor
    with database.write() as connection:
        changes.record(connection, changes.CATALOGUE, "read", NOW + HOUR)
        changes.prune(connection, NOW + SECOND)

    told = _read(database, old)

    assert told.resets == [True]
    assert told.applications == expected


def test_a_place_of_another_database_is_lost_even_if_its_number_is_known(
    database: Database, connect: Callable[[], Database]
) -> None:
    _fill(database)
    seq, at = _read(database).cursor.position

    for other in (changes.Position(seq, at + 1), changes.Position(seq + 1, at), changes.START):
        assert _read(database, Cursor(other)).resets == [True]
        assert _read(database, Cursor(other, Section.CLIENTS, b"a")).resets == [True]
    assert _read(database, Cursor(changes.Position(seq, at), last_name=b"a")).resets == [True]
    assert _read(connect(), Cursor(changes.Position(seq, at))).resets == [False]


def test_an_empty_feed_has_a_place_too(database: Database) -> None:
    told = _read(database)

    assert told == Told(Cursor(changes.START), {}, {}, [], [True])
    assert _read(database, told.cursor).resets == [False]


def test_what_is_kept_of_the_changes_has_no_gap_even_if_the_clock_was_set_back(
    database: Database,
) -> None:
    with database.write() as connection:
        for at in (NOW, NOW + 3 * HOUR, NOW + HOUR, NOW + 3 * HOUR):
            changes.record(connection, changes.CATALOGUE, "read", at)
        first, second, *_ = changes.after(connection, 0)
        changes.prune(connection, NOW + 2 * HOUR)

        assert changes.find(connection, first.seq) is None
        assert changes.after(connection, 0)[0] == second
        assert len(changes.after(connection, 0)) == 3
