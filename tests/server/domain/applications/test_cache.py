"""Applications in memory."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from uuid import UUID, uuid4

import pytest

from gatepass.server.domain.applications.cache import MOST, MOST_ABSENT, ApplicationCache
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


class Stored:
    """A database of applications that tells how often it was asked, and can be interrupted."""

    def __init__(self, *applications: Application) -> None:
        self.applications = list(applications)
        self.asked = 0
        self.meanwhile: Callable[[], None] = lambda: None
        self.directory = ApplicationCache(self._find, lambda _: None)

    def _find(self, key: str | UUID) -> Application | None:
        self.asked += 1
        found = next((each for each in self.applications if key in {each.client_id, each.id}), None)
        self.meanwhile()
        return found


def test_what_was_loaded_is_known_by_both_ids_without_asking_again() -> None:
    stored = Stored(APPLICATION)
    directory = stored.directory

    assert directory.get("acme-billing") is None
    assert directory.load("acme-billing") is APPLICATION
    assert directory.get("acme-billing") is APPLICATION
    assert directory.get(APPLICATION.id) is APPLICATION
    assert stored.asked == 1


def test_loading_by_id_makes_it_known_by_client_id() -> None:
    directory = Stored(APPLICATION).directory

    assert directory.load(APPLICATION.id) is APPLICATION
    assert directory.get("acme-billing") is APPLICATION


def test_what_does_not_exist_is_not_kept() -> None:
    directory = Stored().directory

    deleted = uuid4()
    assert directory.load("nobody") is None
    assert directory.load(deleted) is None
    assert directory.get("nobody") is None
    assert directory.is_absent(deleted)


@pytest.mark.parametrize("change", ["drop", "clear"])
def test_that_there_is_no_such_client_is_known_until_something_changes(change: str) -> None:
    directory = Stored().directory
    assert not directory.is_absent("nobody")
    directory.load("nobody")
    assert directory.is_absent("nobody")

    if change == "drop":
        directory.drop(uuid4())
    else:
        directory.clear()

    assert not directory.is_absent("nobody")


def test_a_client_that_a_change_may_have_made_meanwhile_is_not_called_absent() -> None:
    stored = Stored()
    stored.meanwhile = stored.directory.clear

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
    directory.load("other")
    directory.drop(APPLICATION.id)
    directory.drop(uuid4())

    assert directory.get("acme-billing") is None
    assert directory.get(APPLICATION.id) is None
    assert directory.get("other") is other
    directory.clear()
    assert directory.get("other") is directory.get(other.id) is None


@pytest.mark.parametrize("by_id", [True, False])
@pytest.mark.parametrize("change", ["drop", "clear"])
def test_a_load_that_a_change_overtakes_is_not_kept(change: str, *, by_id: bool) -> None:
    stored = Stored(APPLICATION)
    directory = stored.directory

    def overtake() -> None:
        stored.meanwhile = lambda: None
        stored.applications = [replace(APPLICATION, name="Renamed")]
        if change == "drop":
            directory.drop(APPLICATION.id)
        else:
            directory.clear()

    stored.meanwhile = overtake
    first = directory.load(APPLICATION.id) if by_id else directory.load("acme-billing")

    assert first is APPLICATION  # the caller began before the change
    assert directory.get("acme-billing") is None
    again = directory.load("acme-billing")
    assert again is not None
    assert again.name == "Renamed"
    assert directory.get(APPLICATION.id) is again


@pytest.mark.slow
def test_memory_is_bounded_and_the_one_loaded_longest_ago_goes_first() -> None:
    many = [
        replace(APPLICATION, id=UUID(int=number), client_id=str(number))
        for number in range(MOST + 1)
    ]
    by_client_id = {each.client_id: each for each in many}
    directory = ApplicationCache(lambda key: by_client_id.get(str(key)), lambda _: None)
    for each in many:
        directory.load(each.client_id)

    assert directory.get("0") is directory.get(UUID(int=0)) is None
    assert directory.get("1") is many[1]
    assert directory.get(str(MOST)) is many[MOST]
