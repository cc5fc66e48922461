"""At the limit the connection that has been longest without a whole request makes room."""

import resource
from collections.abc import Iterator

import pytest
from structlog.testing import capture_logs

from gatepass.server.configuration.http_limits import Limits, room_for_connections
from gatepass.server.observability.metrics.counters import COUNTERS
from gatepass.server.serving.http1.connections import Connections, EvictionKey


class Fake:
    """A connection that is without a whole request since a time, or has one."""

    def __init__(self, since: float | None, *, reads: bool = True) -> None:
        self.since = since
        self.reads = reads
        self.is_evicted = False

    @property
    def eviction_key(self) -> EvictionKey | None:
        return None if self.since is None else (int(self.reads), self.since)

    def evict(self) -> None:
        self.is_evicted = True


def full(*since: float | None) -> tuple[Connections, list[Fake]]:
    connections = Connections(Limits(connections=len(since)))
    opened = [Fake(each) for each in since]
    assert all(connections.admit(each) for each in opened)
    return connections, opened


def test_below_the_limit_nobody_makes_room() -> None:
    connections = Connections(Limits(connections=3))
    opened = [Fake(1.0), Fake(2.0), Fake(3.0)]

    assert [connections.admit(each) for each in opened] == [True] * 3
    assert not any(each.is_evicted for each in opened)
    assert len(connections) == 3


def test_the_one_that_is_longest_without_a_request_makes_room() -> None:
    connections, opened = full(5.0, 3.0, None, 4.0)

    assert connections.admit(Fake(6.0))
    assert [each.is_evicted for each in opened] == [False, True, False, False]
    assert len(connections) == 4


def test_one_that_does_not_read_its_answers_makes_room_first() -> None:
    connections, opened = full(1.0, 2.0, 3.0)
    opened[2].reads = False

    assert connections.admit(Fake(4.0))
    assert [each.is_evicted for each in opened] == [False, False, True]


def test_each_new_one_closes_the_next_oldest() -> None:
    connections, opened = full(*(float(each) for each in range(100)))
    for _ in range(60):
        assert connections.admit(Fake(1000.0))

    assert [each.is_evicted for each in opened] == [True] * 60 + [False] * 40


def test_one_that_got_its_request_meanwhile_stays() -> None:
    connections, opened = full(1.0, 2.0, 3.0)
    assert connections.admit(Fake(None))
    opened[1].since = 9.0  # it was served since the search

    assert connections.admit(Fake(None))
    assert [each.is_evicted for each in opened] == [True, False, True]


def test_where_every_connection_is_served_a_new_one_is_refused() -> None:
    connections, opened = full(None, None)

    assert not connections.admit(Fake(1.0))
    assert not any(each.is_evicted for each in opened)


def test_one_that_has_ended_leaves_its_place() -> None:
    connections, opened = full(None, None)
    connections.remove(opened[0])

    assert connections.admit(Fake(1.0))
    values = dict(COUNTERS.values())
    assert values["gatepass_connections_open", ()] == 2
    assert values["gatepass_connections_limit", ()] == 2


@pytest.fixture
def soft_limit() -> Iterator[None]:
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, before)


@pytest.mark.usefixtures("soft_limit")
@pytest.mark.parametrize(("descriptors", "room"), [(256, 128), (200, 100), (1024, 896)])
def test_databases_and_files_keep_descriptors_for_themselves(descriptors: int, room: int) -> None:
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (descriptors, hard))

    assert room_for_connections() == room


def test_the_log_names_a_source_once_a_minute_and_metrics_count_all() -> None:
    connections = Connections(Limits())
    ended = "gatepass_connections_ended", ("malformed",)
    before = dict(COUNTERS.values())[ended]
    with capture_logs() as logged:
        for now in (100.0, 101.0, 159.0, 161.0):
            connections.record_end("malformed", "192.0.2.1", now, "why")
            connections.record_end("malformed", "192.0.2.2", now, "why")

    assert [each["source"] for each in logged] == ["192.0.2.1", "192.0.2.2"] * 2
    assert dict(COUNTERS.values())[ended] == before + 8


def test_a_flood_of_sources_does_not_flood_the_log() -> None:
    connections = Connections(Limits())
    with capture_logs() as logged:
        for number in range(10_000):
            connections.record_end("evicted", f"2001:db8::{number:x}", 1.0)

    assert len(logged) == 100
