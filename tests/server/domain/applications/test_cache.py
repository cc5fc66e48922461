"""Applications in memory."""

from collections.abc import Callable, Collection
from dataclasses import replace
from datetime import UTC, datetime
from time import perf_counter
from uuid import UUID, uuid4

import pytest

from gatepass.server.domain.applications.cache import MOST_ABSENT, ApplicationCache, Lookup
from gatepass.server.domain.applications.cached_application import CachedApplication, Key
from gatepass.server.domain.applications.model import Application
from gatepass.wire.scope import Scope

APPLICATION = Application(
    id=UUID(int=1),
    org_id=UUID(int=2),
    client_id="acme-billing",
    name="Billing",
    scope=Scope(("read",)),
    token_lifetime=60,
    created_at=datetime(2026, 1, 1, tzinfo=UTC),
    created_by="anna",
    secrets=(),
)
CACHED = CachedApplication.of(APPLICATION)
SIZE = CACHED.size
SECONDS = 0.002

Change = Callable[[ApplicationCache], None]
CHANGES: dict[str, Change] = {
    "drop": lambda directory: directory.drop(APPLICATION.id),
    "drop_of_organization": lambda directory: directory.drop_of_organization(APPLICATION.org_id),
    "clear": lambda directory: directory.clear(),
}
each_change = pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)


def numbered(count: int) -> list[Application]:
    """Return applications with the ids 0, 1, ... and the client ids "0", "1", ..."""
    return [replace(APPLICATION, id=UUID(int=each), client_id=str(each)) for each in range(count)]


class Stored:
    """A database of applications that tells how often it was asked, and can be interrupted."""

    def __init__(self, *applications: Application, most_bytes: int = 2**20) -> None:
        self.applications = list(applications)
        self.asked = 0
        self.meanwhile: Callable[[], None] = lambda: None
        self.can_be_read_directly = False
        self.directory = ApplicationCache(self._find, self._find_directly, most_bytes)

    def load(self, *numbers: int) -> None:
        for number in numbers:
            assert self.directory.load(str(number))

    def kept(self) -> list[int]:
        """Return the numbers of those in memory, which count as read then."""
        kept = [self.directory.get(each.client_id) for each in self.applications]
        return [each.id.int for each in kept if each]

    def _find(self, keys: Collection[Key]) -> dict[Key, CachedApplication]:
        self.asked += 1
        found = {
            key: CachedApplication.of(each)
            for each in self.applications
            for key in (each.client_id, each.id.bytes)
            if key in keys
        }
        self.meanwhile()
        return found

    def _find_directly(self, key: Key) -> tuple[CachedApplication | None] | None:
        return (self._find([key]).get(key),) if self.can_be_read_directly else None


def test_what_was_loaded_is_known_by_both_ids_without_asking_again() -> None:
    stored = Stored(APPLICATION)
    directory = stored.directory

    assert directory.get("acme-billing") is None
    loaded = directory.load("acme-billing")
    assert loaded == CACHED
    assert directory.get("acme-billing") is loaded
    assert directory.get(CACHED.id_bytes) is loaded
    assert stored.asked == 1


def test_loading_by_id_makes_it_known_by_client_id() -> None:
    directory = Stored(APPLICATION).directory

    loaded = directory.load(CACHED.id_bytes)
    assert loaded == CACHED
    assert directory.get("acme-billing") is loaded


def test_what_does_not_exist_is_not_kept() -> None:
    directory = Stored().directory

    deleted = uuid4().bytes
    assert directory.load("nobody") is None
    assert directory.load(deleted) is None
    assert directory.get("nobody") is None
    assert directory.is_absent(deleted)


@each_change
def test_that_there_is_no_such_client_is_known_until_something_changes(change: Change) -> None:
    directory = Stored().directory
    assert not directory.is_absent("nobody")
    directory.load("nobody")
    assert directory.is_absent("nobody")

    change(directory)

    assert not directory.is_absent("nobody")


@each_change
def test_a_client_that_a_change_may_have_made_meanwhile_is_not_called_absent(
    change: Change,
) -> None:
    stored = Stored()
    stored.meanwhile = lambda: change(stored.directory)

    assert stored.directory.load("acme-billing") is None
    assert not stored.directory.is_absent("acme-billing")


def test_clients_known_to_be_absent_are_bounded() -> None:
    directory = Stored().directory
    for number in range(MOST_ABSENT + 1):
        directory.load(str(number))

    assert directory.is_absent(str(MOST_ABSENT))
    assert not directory.is_absent("0")


def test_what_has_changed_is_forgotten_and_the_rest_is_not() -> None:
    other = replace(APPLICATION, id=UUID(int=9), client_id="other")
    directory = Stored(APPLICATION, other).directory
    directory.load("acme-billing")
    loaded = directory.load("other")
    directory.drop(APPLICATION.id)
    directory.drop(uuid4())

    assert directory.get("acme-billing") is None
    assert directory.get(CACHED.id_bytes) is None
    assert directory.get("other") is loaded
    assert (len(directory), directory.size) == (1, SIZE)
    directory.clear()
    assert directory.get("other") is directory.get(other.id.bytes) is None
    assert (len(directory), directory.size) == (0, 0)


def test_the_applications_of_an_organization_are_forgotten_and_no_others() -> None:
    first, second, third = numbered(3)
    stored = Stored(first, replace(second, org_id=UUID(int=9)), third)
    directory = stored.directory
    for _ in range(2):  # the second time, others of the same ids were there before
        stored.load(0, 1, 2)
        directory.drop_of_organization(APPLICATION.org_id)
        directory.drop_of_organization(uuid4())

        assert (len(directory), directory.size) == (1, SIZE)
        assert stored.kept() == [1]
        assert directory.get(first.id.bytes) is directory.get(third.id.bytes) is None


@pytest.mark.parametrize("by_id", [True, False])
@each_change
def test_a_load_that_a_change_overtakes_is_not_kept(change: Change, *, by_id: bool) -> None:
    stored = Stored(APPLICATION)
    directory = stored.directory

    def overtake() -> None:
        stored.meanwhile = lambda: None
        stored.applications = [replace(APPLICATION, name="Renamed")]
        change(directory)

    stored.meanwhile = overtake
    first = directory.load(CACHED.id_bytes) if by_id else directory.load("acme-billing")

    assert first == CACHED  # the caller began before the change
    assert directory.get("acme-billing") is None
    again = directory.load("acme-billing")
    assert again is not None
    assert again.name == "Renamed"
    assert directory.get(CACHED.id_bytes) is again


def test_a_load_is_kept_though_other_applications_change_meanwhile() -> None:
    stored = Stored(APPLICATION)
    directory = stored.directory

    def change_others() -> None:
        for _ in range(1_000):
            directory.drop(uuid4())

    stored.meanwhile = change_others

    loaded = directory.load("acme-billing")

    assert directory.get("acme-billing") is loaded


@pytest.mark.parametrize("changes_after", [0, 1, 999, 1_000, 5_000])
def test_a_load_is_not_kept_if_its_application_is_among_those_that_change_meanwhile(
    changes_after: int,
) -> None:
    stored = Stored(APPLICATION)
    directory = stored.directory

    def overtake() -> None:
        directory.drop(uuid4())
        directory.drop(APPLICATION.id)
        for _ in range(changes_after):
            directory.drop(uuid4())

    stored.meanwhile = overtake
    directory.load("acme-billing")

    assert directory.get("acme-billing") is None


def test_an_absence_is_not_kept_if_any_application_changes_meanwhile() -> None:
    stored = Stored()
    stored.meanwhile = lambda: stored.directory.drop(uuid4())

    assert stored.directory.load("nobody") is None
    assert not stored.directory.is_absent("nobody")


def test_absences_stay_known_when_an_application_changes_that_is_in_memory() -> None:
    stored = Stored(APPLICATION)
    directory = stored.directory
    directory.load("nobody")
    directory.load("acme-billing")

    directory.drop(APPLICATION.id)

    assert directory.get("acme-billing") is None
    assert directory.is_absent("nobody")


def test_an_absence_ends_with_the_change_that_a_load_by_id_came_before() -> None:
    stored = Stored()
    directory = stored.directory
    directory.load("acme-billing")
    stored.applications = [APPLICATION]  # registered elsewhere; the change is not read yet
    directory.load(CACHED.id_bytes)

    directory.drop(APPLICATION.id)

    assert not directory.is_absent("acme-billing")
    assert directory.load("acme-billing") == CACHED


def test_a_successor_with_the_same_client_id_takes_the_place_of_the_one_before() -> None:
    stored = Stored(APPLICATION)
    directory = stored.directory
    directory.load("acme-billing")
    successor = replace(APPLICATION, id=UUID(int=9))
    stored.applications = [successor]
    loaded = directory.load(successor.id.bytes)
    assert directory.get(CACHED.id_bytes) is None
    assert directory.get("acme-billing") is loaded

    directory.drop(APPLICATION.id)

    assert directory.get("acme-billing") is loaded
    directory.drop(successor.id)
    assert (len(directory), directory.size) == (0, 0)
    assert directory.load("acme-billing") == loaded


def test_no_more_bytes_are_kept_than_are_allowed() -> None:
    many = [replace(each, name="x" * (number % 7)) for number, each in enumerate(numbered(100))]
    stored, most = Stored(*many, most_bytes=10 * SIZE), 10 * SIZE
    directory = stored.directory
    sizes = []
    for number in range(100):
        stored.load(number)
        sizes.append(directory.size)

    kept = stored.kept()
    assert most - SIZE < max(sizes) <= most
    assert directory.size == sum(CachedApplication.of(many[each]).size for each in kept)
    assert (len(directory), directory.evictions) == (len(kept), 100 - len(kept))


@pytest.mark.parametrize(("most_bytes", "kept"), [(2 * SIZE, [0, 1]), (2 * SIZE - 1, [1])])
def test_not_one_byte_more_is_kept(most_bytes: int, kept: list[int]) -> None:
    stored = Stored(*numbered(2), most_bytes=most_bytes)
    stored.load(0, 1)

    assert stored.kept() == kept


def test_of_those_that_were_not_read_the_one_loaded_longest_ago_makes_room() -> None:
    stored = Stored(*numbered(12), most_bytes=10 * SIZE)
    stored.load(*range(12))

    assert stored.kept() == [*range(2, 12)]
    assert stored.directory.get(UUID(int=1).bytes) is None
    assert stored.directory.get(UUID(int=2).bytes) is stored.directory.get("2")
    assert stored.directory.evictions == 2


@pytest.mark.parametrize("key", ["0", UUID(int=0).bytes])
def test_one_that_was_read_since_is_kept_longer_than_one_that_was_not(key: Key) -> None:
    stored = Stored(*numbered(12), most_bytes=10 * SIZE)
    stored.load(*range(10))
    assert stored.directory.get(key)
    assert stored.directory.get("2")
    stored.load(10, 11)

    assert stored.kept() == [0, 2, *range(4, 12)]


def test_one_that_is_not_read_again_makes_room_the_next_time() -> None:
    stored = Stored(*numbered(21), most_bytes=10 * SIZE)
    stored.load(*range(10))
    assert stored.directory.get("0")
    stored.load(*range(10, 20))

    assert stored.kept() == [*range(10, 20)]


def test_where_all_were_read_room_is_made_after_16_that_are_passed_over() -> None:
    stored = Stored(*numbered(42), most_bytes=40 * SIZE)
    stored.load(*range(40))
    assert len(stored.kept()) == 40
    stored.load(40, 41)  # makes way after the first 16, then after the 16 behind those

    assert stored.kept() == [each for each in range(42) if each not in {16, 33}]
    assert stored.directory.evictions == 2


def test_one_that_was_dropped_makes_no_room() -> None:
    stored = Stored(*numbered(4), most_bytes=2 * SIZE)
    stored.load(0, 1)
    stored.directory.drop(UUID(int=0))
    stored.load(2, 3)

    assert (stored.directory.size, stored.directory.evictions) == (2 * SIZE, 1)
    assert stored.kept() == [2, 3]


def test_one_that_was_dropped_and_loaded_again_has_a_new_turn() -> None:
    stored = Stored(*numbered(3), most_bytes=2 * SIZE)
    stored.load(0, 1)
    stored.directory.drop(UUID(int=0))
    stored.load(0, 2)

    assert (stored.directory.size, stored.directory.evictions) == (2 * SIZE, 1)
    assert stored.kept() == [0, 2]


def test_the_order_of_those_that_come_and_go_is_bounded() -> None:
    stored = Stored(*numbered(3), most_bytes=2 * SIZE)
    directory = stored.directory
    stored.load(0)
    longest = 0
    for _ in range(5_000):
        stored.load(1)
        directory.drop(UUID(int=1))
        longest = max(longest, len(directory._in_turn))  # noqa: SLF001 - shows in memory alone

    assert longest < 1_010
    assert (len(directory), directory.size, directory.evictions) == (1, SIZE, 0)
    stored.load(1, 2)
    assert stored.kept() == [1, 2]  # in the order in which they were loaded, as before


def test_several_look_ups_are_one_query_and_as_many_misses() -> None:
    stored = Stored(*numbered(3))
    directory = stored.directory
    keys: list[Key] = ["0", UUID(int=1).bytes, "nobody"]
    found = directory.run([Lookup(each) for each in keys])

    assert (stored.asked, directory.misses) == (1, 3)
    assert {key: each.client_id for key, each in found.items()} == {keys[0]: "0", keys[1]: "1"}
    assert stored.kept() == [0, 1]
    assert directory.is_absent("nobody")


def test_an_application_that_is_asked_for_by_both_ids_in_one_query_is_counted_once() -> None:
    directory = Stored(APPLICATION).directory
    directory.run([Lookup("acme-billing"), Lookup(CACHED.id_bytes)])

    assert (len(directory), directory.size, directory.evictions) == (1, SIZE, 0)


def test_an_application_that_was_loaded_twice_at_the_same_time_is_counted_once() -> None:
    stored = Stored(APPLICATION)
    directory = stored.directory

    def load_it_too() -> None:
        stored.meanwhile = lambda: None
        directory.load(CACHED.id_bytes)

    stored.meanwhile = load_it_too
    loaded = directory.load("acme-billing")

    assert stored.asked == 2
    assert directory.get("acme-billing") is directory.get(CACHED.id_bytes) is loaded
    assert (len(directory), directory.size, directory.evictions) == (1, SIZE, 0)


@pytest.mark.parametrize(
    "miss",
    [
        lambda directory: directory.load("acme-billing"),
        lambda directory: directory.load("nobody"),
        lambda directory: directory.run_directly(Lookup(CACHED.id_bytes)),
        lambda directory: directory.run_directly(Lookup("nobody")),
        lambda directory: directory.run([directory.confirmation("acme-billing")]),
        lambda directory: directory.run_directly(directory.confirmation("acme-billing")),
    ],
)
def test_each_read_of_the_database_is_a_miss_and_its_time_is_counted(
    miss: Callable[[ApplicationCache], object],
) -> None:
    stored = Stored(APPLICATION)
    stored.can_be_read_directly = True
    stored.meanwhile = _take_time
    started = perf_counter()
    miss(stored.directory)
    miss(stored.directory)

    assert (stored.directory.misses, stored.directory.hits) == (2, 0)
    assert 2 * SECONDS <= stored.directory.miss_seconds <= perf_counter() - started


def test_what_memory_answers_or_cannot_be_read_directly_is_no_miss() -> None:
    stored = Stored(APPLICATION)
    directory = stored.directory
    assert directory.run_directly(Lookup("acme-billing")) is None
    assert (directory.misses, directory.miss_seconds) == (0, 0.0)
    directory.load("acme-billing")
    seconds = directory.miss_seconds
    for key in ("acme-billing", CACHED.id_bytes):
        directory.get(key)

    assert (directory.misses, directory.hits, directory.miss_seconds) == (1, 2, seconds)


def _take_time() -> None:
    started = perf_counter()
    while perf_counter() < started + SECONDS:
        pass
