"""An endpoint hears of refusals that are rising, once in six hours, and not of the usual ones."""

from datetime import timedelta
from typing import Any

import pytest

from gatepass.server.domain.audit.model import OPERATOR
from gatepass.server.domain.organizations.webhooks import operations
from gatepass.server.domain.usage import store as usage
from gatepass.server.domain.usage.model import FINE, CountKey
from gatepass.server.domain.usage.rising import operations as rising
from gatepass.server.domain.usage.rising.model import is_rise
from server.fixtures import Client, InProcessServer

URL = "https://partner.example/hook"


class Refusals:
    def __init__(self, server: InProcessServer) -> None:
        self.server = server
        self.context = server.environment().context
        self.client: Client = server.register()

    def count(self, times: int, ago: timedelta, reason: str = "wrong_secret") -> None:
        start = int((self.context.now() - ago).timestamp()) // FINE * FINE
        app_id = self.client.application.id.bytes
        with self.context.database.write() as connection:
            usage.add(connection, {CountKey(app_id, start, reason): times})

    def told(self) -> list[tuple[Any, ...]]:
        with self.context.database.read() as connection:
            found = connection.exec_driver_sql(
                "SELECT client_id, data FROM webhook_event WHERE name = 'refusals.rising'"
            )
            return [tuple(row) for row in found]


@pytest.fixture
def refusals(fresh_server: InProcessServer) -> Refusals:
    return Refusals(fresh_server)


NOW = timedelta(minutes=5)


def test_a_rise_is_told_with_its_numbers_and_the_most_frequent_reason(refusals: Refusals) -> None:
    operations.add(refusals.context, OPERATOR, refusals.client.application.org_id, URL)
    refusals.count(192, timedelta(hours=5))  # 2 in a quarter of an hour
    refusals.count(30, NOW, "wrong_network")
    refusals.count(10, NOW)

    assert rising.tell(refusals.context) == 1

    ((client_id, data),) = refusals.told()
    assert client_id == refusals.client.client_id
    assert '"refused": 40, "usual": 2, "reason": "wrong_network"' in data


def test_it_is_told_once_in_six_hours(refusals: Refusals) -> None:
    operations.add(refusals.context, OPERATOR, None, URL)
    refusals.count(100, NOW)

    first = [rising.tell(refusals.context) for _ in range(2)]
    refusals.server.clock.advance(6 * 3600 + 1)
    refusals.count(1000, NOW)

    assert first == [1, 0]
    assert rising.tell(refusals.context) == 1


@pytest.mark.parametrize(
    ("times", "before", "expected"),
    [
        (19, 0, False),
        (20, 0, True),
        (20, 96 * 7, False),
        (22, 96 * 7, True),
        (3000, 96_000, False),
        (3001, 96_000, True),
    ],
)
def test_a_rise_is_twenty_refusals_and_more_than_three_times_as_many_as_usual(
    times: int, before: int, *, expected: bool
) -> None:
    assert is_rise(times, before) is expected


def test_issued_tokens_are_no_refusals(refusals: Refusals) -> None:
    operations.add(refusals.context, OPERATOR, None, URL)
    refusals.count(10_000, NOW, "issued")

    assert rising.tell(refusals.context) == 0


def test_nothing_is_looked_for_where_no_endpoint_wants_to_know(refusals: Refusals) -> None:
    operations.add(refusals.context, OPERATOR, None, URL, ["secret.leaked"])
    refusals.count(100, NOW)

    assert rising.tell(refusals.context) == 0
    assert refusals.told() == []
