import threading

import pytest

from gatepass.concurrency.single_flight import SingleFlight


def flights(threads: int = 4) -> SingleFlight:
    return SingleFlight(threads, "test", RuntimeError)


def test_callers_with_the_same_key_share_one_piece_of_work() -> None:
    flight, goes_on, runs = flights(), threading.Event(), []

    def work() -> str:
        runs.append(1)
        goes_on.wait()
        return "done"

    first, second = flight.join("key", work), flight.join("key", work)
    goes_on.set()

    assert (first.result(), second.result()) == ("done", "done")
    assert len(runs) == 1
    flight.close()


def test_other_keys_run_beside_each_other() -> None:
    flight, both = flights(), threading.Barrier(2)

    futures = [flight.join(key, both.wait) for key in ("a", "b")]

    assert sorted(future.result() for future in futures) == [0, 1]
    flight.close()


def test_work_that_has_ended_is_started_again_for_the_next_caller() -> None:
    flight, runs = flights(), iter(range(9))

    results = [flight.join("key", lambda: next(runs)).result() for _ in range(2)]

    assert results == [0, 1]
    flight.close()


def test_an_error_reaches_every_caller() -> None:
    flight, goes_on = flights(), threading.Event()

    def work() -> None:
        goes_on.wait()
        raise OSError("away")

    futures = [flight.join("key", work) for _ in range(2)]
    goes_on.set()

    for future in futures:
        with pytest.raises(OSError, match="away"):
            future.result()
    flight.close()


def test_after_forget_a_caller_starts_anew_and_those_who_wait_get_theirs() -> None:
    flight, goes_on = flights(), threading.Event()

    def old() -> str:
        goes_on.wait()
        return "old"

    def new() -> str:
        goes_on.wait()
        return "new"

    before = flight.join("key", old)
    flight.forget()
    after = flight.join("key", new)
    same = flight.join("key", old)
    goes_on.set()

    assert (before.result(), after.result(), same.result()) == ("old", "new", "new")
    flight.close()


def test_a_closed_one_starts_nothing() -> None:
    flight = flights()
    flight.close()

    with pytest.raises(RuntimeError, match="closed"):
        flight.join("key", lambda: None)
