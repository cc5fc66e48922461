from datetime import UTC, datetime
from uuid import uuid4

import pytest

from contracts.audit_trail import Trail
from contracts.samples import AWKWARD, HOUR, NOW
from gatepass.server.domain.audit import store
from gatepass.server.domain.audit.model import OPERATOR, Actor, Entry, entry
from gatepass.server.storage.database import Database


def test_an_entry_comes_back_whole(database: Database) -> None:
    org_id = uuid4()
    detail = {"reason": AWKWARD, "times": "3"}
    told = Entry(NOW, org_id, AWKWARD, "client.refused", AWKWARD, "refused", "2001:db8::1", detail)

    with database.write() as connection:
        store.record(connection, told)

    with database.read() as connection:
        assert [each for _, each in store.page(connection, org_id)] == [told]


def test_a_page_is_an_organizations_own_newest_first(database: Database) -> None:
    ours, theirs = (Actor("anna", org_id=uuid4()), Actor("eve", org_id=uuid4()))
    with database.write() as connection:
        for number in range(3):
            store.record(
                connection,
                entry(ours, NOW, "person.added", str(number)),
                entry(theirs, NOW, "person.added", str(number)),
                entry(OPERATOR, NOW, "organization.created", "nobody's"),
            )

    with database.read() as connection:
        found = store.page(connection, ours.org_id or uuid4())
    assert [each.subject for _, each in found] == ["2", "1", "0"]
    assert {each.actor for _, each in found} == {"anna"}


@pytest.mark.parametrize("limit", [1, 2, 5])
def test_pages_follow_one_another_without_gap_or_repetition(database: Database, limit: int) -> None:
    by = Actor("anna", org_id=uuid4())
    with database.write() as connection:
        told = [entry(by, NOW, "person.added", str(number)) for number in range(5)]
        store.record(connection, *told)

    subjects: list[str] = []
    before: int | None = None
    with database.read() as connection:
        for _ in told:
            page = store.page(connection, by.org_id or uuid4(), before=before, limit=limit)
            subjects += [each.subject for _, each in page]
            before = page[-1][0] if page else before
    assert subjects == ["4", "3", "2", "1", "0"]


def test_numbers_are_never_used_again(database: Database) -> None:
    trail = Trail(database)
    [first] = trail.write(1)
    trail.checkpoint()
    with database.write() as connection:
        store.prune(connection, datetime.max.replace(tzinfo=UTC))
    assert trail.numbers() == []

    assert trail.write(1) > [first]


def test_only_what_is_older_is_forgotten(database: Database) -> None:
    trail = Trail(database)
    trail.write(2)
    trail.checkpoint()
    [*_, new] = trail.write(1)
    trail.checkpoint()

    with database.write() as connection:
        store.prune(connection, NOW + HOUR)

    assert trail.numbers() == [new]
