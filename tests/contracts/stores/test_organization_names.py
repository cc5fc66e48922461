"""The search of organizations by a part of their name, with the index and without it."""

import random
from collections.abc import Iterator
from datetime import timedelta
from uuid import UUID, uuid4

import pytest

from contracts.samples import AWKWARD, NOW
from gatepass.server.domain.audit import store as audit
from gatepass.server.domain.audit.model import Entry
from gatepass.server.domain.organizations import store
from gatepass.server.domain.organizations.model import Organization
from gatepass.server.domain.organizations.search import store as search
from gatepass.server.domain.organizations.search.model import Position, State, Wanted
from gatepass.server.domain.organizations.search.names import operations as names
from gatepass.server.domain.organizations.search.names import store as blocks
from gatepass.server.storage import deadline
from gatepass.server.storage.database import Connection, Database
from gatepass.server.storage.migrations import revisions, runner

STATES: tuple[State | None, ...] = (None, "active", "suspended")


class Organizations:
    """Organizations that are changed as by any server, of which none keeps the index."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.random = random.Random(18)

    def add(self, *new: str, at: int | None = None) -> list[Organization]:
        """Add organizations, most of them at a moment of their own."""
        moments = [self.random.randrange(50) if at is None else at for _ in new]
        added = [
            Organization(uuid4(), name, NOW + timedelta(milliseconds=moment))
            for name, moment in zip(new, moments, strict=True)
        ]
        with self.database.write() as connection:
            store.add(connection, *added)
            self._record(connection, "created", *(each.id for each in added))
        return added

    def rename(self, org_id: UUID, name: str) -> None:
        with self.database.write() as connection:
            store.rename(connection, org_id, name)
            self._record(connection, "renamed", org_id)

    def set_suspended(self, org_id: UUID, *, suspended: bool) -> None:
        with self.database.write() as connection:
            store.set_suspended(connection, org_id, NOW if suspended else None)
            self._record(connection, "suspended" if suspended else "resumed", org_id)

    def _record(self, connection: Connection, action: str, *org_ids: UUID) -> None:
        entries = (Entry(NOW, each, "a", f"organization.{action}", "s") for each in org_ids)
        audit.record(connection, *entries)

    def index(self) -> None:
        """Do every step that there is to do."""
        while names.step(self.database):
            pass

    def is_indexed(self) -> bool:
        with self.database.read() as connection:
            return names.find(self.database, connection, Wanted("a"), None, 1) is not None

    def find(self, text: str, state: State | None = None, limit: int = 20) -> list[str]:
        """Return the names that all pages of a search have, found by the index."""
        return list(self._pages(Wanted(text, state), limit))

    def _pages(self, wanted: Wanted, limit: int) -> Iterator[str]:
        after = None
        while True:
            with self.database.read() as connection:
                page = names.find(self.database, connection, wanted, after, limit)
            assert page is not None
            yield from (each.name for each in page)
            if len(page) < limit:
                return
            after = Position(page[-1].created_at, page[-1].id)

    def expected(self, text: str, state: State | None = None) -> list[str]:
        """Return the same names by reading every organization; the texts are ASCII."""
        with self.database.read() as connection:
            every = search.find(self.database, connection, Wanted(text, state), None, 10_000)
        return [each.name for each in every]


@pytest.fixture
def some(database: Database) -> Iterator[Organizations]:
    with deadline.each(deadline.LONG):  # thousands are added at once
        yield Organizations(database)


def test_the_index_answers_as_a_look_at_every_organization(some: Organizations) -> None:
    chosen = some.random
    words = ["Alfa", "beta", "GAMMA", "ab", "a%b", "a_b", "'; DROP", "\\", "1", "77"]

    def name() -> str:
        return " ".join(chosen.choices(words, k=3))

    added = some.add(*(name() for _ in range(150)))
    some.index()
    for turn in range(16):
        added += some.add(*(name() for _ in range(chosen.randrange(8))))
        each = chosen.choice(added)
        some.rename(each.id, name())
        some.set_suspended(chosen.choice(added).id, suspended=chosen.random() < 0.8)
        if turn % 3 == 0:
            some.index()
        text = chosen.choice([*words, "a", "A b", "alfa 1", "%", "_", "zebra", "ma", "7 b", "a  b"])
        for state in STATES:
            assert some.find(text, state) == some.expected(text, state), (turn, text, state)


def test_a_part_of_a_name_is_found_in_any_case_and_script(some: Organizations) -> None:
    some.add(AWKWARD, "Straßenbahn Köln", "\uff21cme ﾊﾟﾜｰ", "Élan Énergie", "İstanbul")
    some.index()

    assert some.find("STRASSEN") == some.find("kÖLN") == ["Straßenbahn Köln"]
    assert some.find("acme") == some.find("ﾊ") == some.find("パワー") == ["\uff21cme ﾊﾟﾜｰ"]
    assert some.find("éLAN é") == ["Élan Énergie"]
    assert some.find("ZOË 李") == some.find("\U0001f697 שלום") == [AWKWARD]
    assert some.find("i\u0307stan") == ["İstanbul"]
    assert some.find("Alan") == []


def test_what_another_server_changed_is_found_before_it_is_indexed(some: Organizations) -> None:
    (acme, borealis) = some.add("Acme", "Borealis")
    some.index()

    some.add("Acme Zwei")
    some.rename(borealis.id, "Zephyr")
    some.set_suspended(acme.id, suspended=True)

    assert sorted(some.find("acme")) == ["Acme", "Acme Zwei"]
    assert (some.find("boreal"), some.find("zeph")) == ([], ["Zephyr"])
    assert some.find("acme", "suspended") == ["Acme"]
    assert some.find("acme", "active") == ["Acme Zwei"]


def test_without_the_index_or_with_too_many_changes_every_organization_is_looked_at(
    some: Organizations,
) -> None:
    some.add("Acme")
    assert not some.is_indexed()
    some.index()
    assert some.is_indexed()

    some.add(*(f"Partner {n}" for n in range(201)))
    assert not some.is_indexed()
    some.index()

    assert some.is_indexed()
    assert some.find("partner", limit=50) == some.expected("partner")
    assert len(some.find("partner")) == 201


def test_an_import_of_thousands_at_one_moment_is_indexed_in_steps(some: Organizations) -> None:
    some.add("First", at=3)
    some.index()
    some.add(*(f"Partner {n}" for n in range(4000)), at=3)

    steps = 0
    while names.step(some.database):
        steps += 1
        if steps == 1:  # it is not complete, and others go on
            assert not some.is_indexed()
            some.add("Late Partner", at=1)

    assert steps > 2
    assert some.find("partner", limit=900) == some.expected("partner")
    assert some.find("late") == ["Late Partner"]


def test_a_step_without_anything_to_do_writes_nothing(some: Organizations) -> None:
    some.add("Acme")
    some.index()
    with some.database.read() as connection:
        before = blocks.find_progress(connection)
    with some.database.write() as connection:
        audit.record(connection, *(Entry(NOW, None, "a", "login", "s") for _ in range(400)))

    assert not names.step(some.database)
    with some.database.read() as connection:
        assert blocks.find_progress(connection) == before


def test_entries_of_other_things_are_passed_over_now_and_then(some: Organizations) -> None:
    some.add("Acme")
    some.index()
    with some.database.write() as connection:
        audit.record(connection, *(Entry(NOW, None, "a", "login", "s") for _ in range(501)))
        newest = audit.newest(connection)
    some.index()

    with some.database.read() as connection:
        progress = blocks.find_progress(connection)
    assert progress is not None
    assert progress.audit_id == newest


def test_an_audit_trail_that_is_shorter_than_the_index_knows_it_has_the_index_made_again(
    some: Organizations,
) -> None:
    some.add("Acme")
    some.index()
    with some.database.write() as connection:
        blocks.remove_all(connection)
        blocks.put_progress(connection, blocks.Progress(10**9, None))

    assert not some.is_indexed()
    some.index()

    assert some.find("acme") == ["Acme"]


def test_a_server_on_older_tables_searches_without_the_index(url: str) -> None:
    database = Database(url)
    runner.migrate(database, [each for each in revisions.load() if each.revision < blocks.REVISION])
    some = Organizations(database)
    some.add("Acme")

    assert not names.step(database)
    assert not some.is_indexed()
    assert some.expected("acm") == ["Acme"]
    database.close()
