"""The time of an environment goes on, whatever becomes of the machine's clock."""

import pytest

from gatepass.server.environment.clock import EnvironmentClock
from gatepass.testing import Clock
from server.fixtures import new_clock


@pytest.fixture
def machine() -> Clock:
    return new_clock()


@pytest.fixture
def clock(machine: Clock) -> EnvironmentClock:
    made = EnvironmentClock(machine)
    made.adjust()
    return made


def follow(machine: Clock, clock: EnvironmentClock, seconds: float) -> None:
    """Let the time pass as a follower sees it."""
    for _ in range(round(seconds * 10)):
        machine.advance(0.1)
        clock.adjust()


def test_it_is_the_machines_where_nothing_else_is_known(
    machine: Clock, clock: EnvironmentClock
) -> None:
    follow(machine, clock, 5)

    assert clock() == machine()
    assert clock.offset == 0


@pytest.mark.parametrize("seconds", [0.5, 10, 3600, 86400])
def test_it_never_goes_back(machine: Clock, clock: EnvironmentClock, seconds: float) -> None:
    before = clock()
    machine.now -= seconds
    clock.adjust()

    assert clock() == pytest.approx(before)
    assert clock.offset == pytest.approx(seconds)


def test_after_a_step_backwards_it_goes_on_more_slowly_until_both_agree(
    machine: Clock, clock: EnvironmentClock
) -> None:
    machine.now -= 2
    clock.adjust()
    told = [clock()]
    for _ in range(30):
        follow(machine, clock, 1)
        told.append(clock())

    assert told == sorted(set(told))
    assert clock() == machine()


def test_a_clock_that_was_put_right_again_leaves_nothing_behind(
    machine: Clock, clock: EnvironmentClock
) -> None:
    machine.now -= 3600
    follow(machine, clock, 1)
    machine.advance(3600)
    clock.adjust()

    assert clock() == pytest.approx(machine(), abs=0.1)


def test_it_is_never_earlier_than_what_is_stored(machine: Clock, clock: EnvironmentClock) -> None:
    clock.adjust(machine() + 600)

    assert clock() == machine() + 600


def test_a_stored_moment_of_a_clock_that_was_wrong_is_not_followed(
    machine: Clock, clock: EnvironmentClock
) -> None:
    clock.adjust(machine() + 86400)

    assert clock() == machine()


@pytest.mark.parametrize("ahead", [-3600, -10, 10, 3600])
def test_it_is_the_databases_where_that_has_one(machine: Clock, ahead: float) -> None:
    clock = EnvironmentClock(machine)

    clock.compare(machine() + ahead, machine(), machine())
    clock.adjust()

    assert clock() == machine() + ahead


def test_what_the_time_of_an_answer_can_explain_changes_nothing(
    machine: Clock, clock: EnvironmentClock
) -> None:
    for late in (0.0, 0.01, 0.2, 1.5):
        clock.compare(machine(), machine() - late, machine() + late)
        clock.adjust()

    assert clock.offset == 0
