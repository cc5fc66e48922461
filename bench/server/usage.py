"""What the writing of usage costs: `python -m bench.server.usage [APPLICATIONS]`.

Each batch is of other applications, chosen at random, so that their rows lie on pages that were not
written before. Measured is the processor time of the thread that writes, in one process.
"""

import random
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import timedelta
from pathlib import Path
from statistics import median
from typing import NamedTuple

from sqlalchemy import event

from bench.report import Part, Row, limit_row, print_part
from bench.server import seed
from gatepass.server.configuration.settings import Settings
from gatepass.server.domain.applications import lookup
from gatepass.server.domain.applications.cached_application import CachedApplication
from gatepass.server.domain.organizations import store as organizations
from gatepass.server.domain.usage import counter, store
from gatepass.server.domain.usage.model import FINE, MERGES, Use
from gatepass.server.domain.users.passwords.passwords import Hasher, PasswordSettings
from gatepass.server.environment import maintenance
from gatepass.server.environment.environment import Environment
from gatepass.server.environment.housekeeping import FLUSH_EVERY
from gatepass.server.storage.master_key import MasterKey
from gatepass.wire.credential import Mode

APPLICATIONS = 200_000
AN_HOUR = 1_000_000
BATCH = round(AN_HOUR * FLUSH_EVERY / 3600)
BATCHES = 20
MANY = 20_000  # clients that all ask after a restart
SPANS = 10
STEPS = 20
MOST = 10  # percent of a core
MOST_OF_ADDRESSES = 2  # percent of a core


class _Spent(NamedTuple):
    cpu: float
    longest: float  # transaction, seconds


def measure(count: int = APPLICATIONS) -> Part:
    """Measure batches of usage, a large one, and the merging of old counts."""
    with tempfile.TemporaryDirectory() as folder, closing(_opened(Path(folder))) as environment:
        seed.register(Path(folder), count, 1)
        known = _applications(environment)
        random.Random(7).shuffle(known)
        at = environment.clock()
        many = known[-MANY:]
        batches = (known[start : start + BATCH] for start in range(0, BATCHES * BATCH, BATCH))
        spent = [_write(environment, each, at) for each in batches]
        large = _write(environment, many, at)
        bytes_each = _bytes_of_a_count(environment, many, at)
        addresses = tuple(_address_rows(environment, known, at))
        merged = _merge(environment)
    rows = (*_rows(spent, large), *addresses, *_merge_rows(merged), _size_row(bytes_each))
    return Part("Usage", {}, rows)


def _opened(data: Path) -> Environment:
    hasher = Hasher(PasswordSettings())
    environment = Environment(Mode.LIVE, Settings(data=data), MasterKey(b"m" * 32), hasher)
    environment.open()
    return environment


def _applications(environment: Environment) -> list[CachedApplication]:
    with environment.database.read() as connection:
        return [
            CachedApplication.of(each)
            for owner in organizations.list_all(connection)
            for each in lookup.of_organization(connection, owner.id)
        ]


def _write(
    environment: Environment, applications: Sequence[CachedApplication], at: float
) -> _Spent:
    for each in applications:
        environment.usage.issued(each)
        environment.usage.used(Use(each, each.secrets[0], at, "192.0.2.7", b"curl/8.5.0"))
    environment.usage.collect(at)
    with _transactions(environment) as seconds:
        before = time.thread_time()
        maintenance.flush(environment)
        spent = time.thread_time() - before
    return _Spent(spent, max(seconds))


@contextmanager
def _transactions(environment: Environment) -> Iterator[list[float]]:
    """Note how long each writing transaction held the lock, until the end of its commit."""
    engine, seconds, began = environment.database.engine, [0.0], [0.0]

    def begin(*_: object) -> None:
        began[0] = time.monotonic()

    def end(*_: object) -> None:
        seconds.append(time.monotonic() - began[0])

    event.listen(engine, "begin", begin)
    event.listen(engine, "checkin", end)
    yield seconds
    event.remove(engine, "begin", begin)
    event.remove(engine, "checkin", end)


def _address_rows(
    environment: Environment, applications: Sequence[CachedApplication], at: float
) -> Iterator[Row]:
    """Compare the writing with and without the addresses of secrets, one batch after the other."""
    spent: dict[tuple[str, bool], list[float]] = {}
    for number in range(BATCHES):
        batch = applications[number * BATCH : (number + 1) * BATCH]
        parts = (batch[::2], True), (batch[1::2], False)
        for place, case in enumerate(("", "stay at their address", "came from another one")):
            source = f"198.51.100.{number}" if place == 2 else "192.0.2.9"
            for part, keeps in parts if number % 2 else parts[::-1]:
                cpu = _write_uses(environment, part, source, at + place, keeps=keeps)
                spent.setdefault((case, keeps), []).append(cpu / len(part))
    for case in ("stay at their address", "came from another one"):
        with_them, without = (median(spent[case, keeps]) for keeps in (True, False))
        share = (with_them - without) * AN_HOUR / 3600 * 100
        detail = f"{with_them / without:.2f} x the processor time of the writing without"
        figure = f"addresses of a million clients in an hour that {case}, of a core"
        yield limit_row(figure, share, MOST_OF_ADDRESSES, "%", detail)


def _write_uses(
    environment: Environment,
    applications: Sequence[CachedApplication],
    source: str,
    at: float,
    *,
    keeps: bool,
) -> float:
    """Return the processor time of writing a batch, with or without the addresses."""
    for each in applications:
        environment.usage.issued(each)
        environment.usage.used(Use(each, each.secrets[0], at, source, b"curl/8.5.0"))
    batch = environment.usage.take(at)
    assert batch
    before = time.thread_time()
    for part in batch.parts():
        with environment.database.write() as connection:
            counter.write(connection, part, environment.context.audit_limit, keeps_sources=keeps)
    return time.thread_time() - before


def _bytes_of_a_count(
    environment: Environment, applications: Sequence[CachedApplication], at: float
) -> float:
    before = _size(environment)
    for number in range(1, SPANS + 1):
        for each in applications:
            environment.usage.issued(each)
        environment.usage.collect(at + number * FINE)
    maintenance.flush(environment)
    return (_size(environment) - before) / (SPANS * len(applications))


def _size(environment: Environment) -> int:
    with environment.database.read() as connection:
        pages, free, size = (
            connection.exec_driver_sql(f"PRAGMA {name}").scalar_one()
            for name in ("page_count", "freelist_count", "page_size")
        )
    return (int(pages) - int(free)) * int(size)


def _merge(environment: Environment) -> list[tuple[float, float, int]]:
    """Return processor time, time and rows of some steps."""
    now = environment.now() + MERGES[0][2] + timedelta(hours=2)
    steps = []
    for _ in range(STEPS):
        cpu, began = time.thread_time(), time.monotonic()
        with environment.database.write() as connection:
            merged = store.merge(connection, now)
        steps.append((time.thread_time() - cpu, time.monotonic() - began, merged))
    return steps


def _rows(spent: Sequence[_Spent], large: _Spent) -> Iterator[Row]:
    each = median(one.cpu for one in spent) / BATCH
    share = each * AN_HOUR / 3600 * 100
    yield limit_row(
        "usage of a million clients in an hour, of a core",
        share,
        MOST,
        "%",
        f"{each * 1e6:,.0f} us of CPU a client",
    )
    held = f"{large.longest * 1000:,.0f} ms"
    yield Row(f"usage of {MANY:,} clients at once, longest transaction", held, "stated", None)


def _merge_rows(steps: Sequence[tuple[float, float, int]]) -> Iterator[Row]:
    each = median(cpu / rows for cpu, _, rows in steps)
    share = each * AN_HOUR / 3600 * 100
    detail = f"{each * 1e6:,.0f} us a count, longest step {max(s[1] for s in steps) * 1000:,.0f} ms"
    yield limit_row("merging a million counts in an hour, of a core", share, MOST, "%", detail)


def _size_row(bytes_each: float) -> Row:
    return Row("database, each count of five minutes", f"{bytes_each:,.0f} bytes", "stated", None)


if __name__ == "__main__":
    print_part(measure(*map(int, sys.argv[1:])))
