"""What strangers cause in the audit trail is bounded, on both databases."""

from collections import Counter
from datetime import datetime
from uuid import UUID, uuid4

from contracts.samples import HOUR, NOW
from gatepass.server.domain.audit import bounded, store
from gatepass.server.domain.audit.model import Entry
from gatepass.server.domain.throttling.hourly_limit import MOST_IN_TOTAL, MOST_ROWS, HourlyLimit
from gatepass.server.storage.database import Database


def test_a_flood_from_one_source_leaves_a_few_rows_and_a_summary(database: Database) -> None:
    org_id, limit = uuid4(), HourlyLimit(MOST_ROWS)

    _flood(database, limit, org_id, [f"2001:db8::{number:x}" for number in range(500)])
    _summarize(database, limit, NOW + HOUR)

    found = _entries(database, org_id)
    assert Counter(each.action for each in found) == {"denied": MOST_ROWS, "audit.suppressed": 1}
    assert (found[0].source, found[0].detail["times"]) == ("2001:db8::/64", str(500 - MOST_ROWS))
    assert found[0].detail["action"] == "denied"


def test_a_flood_from_many_sources_leaves_no_more_rows_than_the_total(database: Database) -> None:
    org_id, limit = uuid4(), HourlyLimit(MOST_ROWS)
    sources = [f"10.0.{number // 250}.{number % 250}" for number in range(3000)]

    _flood(database, limit, org_id, sources)
    _summarize(database, limit, NOW + HOUR)

    found = _entries(database, org_id)
    assert Counter(each.action for each in found) == {
        "denied": MOST_IN_TOTAL,
        "audit.suppressed": 1,
    }
    assert found[0].detail["times"] == str(3000 - MOST_IN_TOTAL)


def test_nothing_suppressed_leaves_no_row(database: Database) -> None:
    org_id, limit = uuid4(), HourlyLimit(MOST_ROWS)
    _flood(database, limit, org_id, ["192.0.2.1"] * MOST_ROWS)

    assert limit.take((NOW + HOUR).timestamp()) == []
    assert len(_entries(database, org_id)) == MOST_ROWS


def _flood(database: Database, limit: HourlyLimit, org_id: UUID, sources: list[str]) -> None:
    denied = [Entry(NOW, org_id, "eve", "denied", "/", "refused", source) for source in sources]
    with database.write() as connection:
        bounded.record(connection, limit, *denied)


def _summarize(database: Database, limit: HourlyLimit, now: datetime) -> None:
    with database.write() as connection:
        bounded.record_suppressed(connection, limit.take(now.timestamp()), now)


def _entries(database: Database, org_id: UUID) -> list[Entry]:
    with database.read() as connection:
        return [each for _, each in store.page(connection, org_id, limit=10_000)]
