"""Fills a data directory by the million, straight through the product's own tables.

What the rows say is real: ids, client ids and digests are made as the product makes them, so
every application could authenticate; the secrets of a sample are kept so that it does.
"""

import secrets
from collections.abc import Iterable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple
from uuid import UUID, uuid4

from sqlalchemy import Table, insert

from bench.server.gatepass_server import Credentials
from gatepass.server.domain.applications import store as applications
from gatepass.server.domain.applications.model import GRANT_TYPE, new_client_id, new_secret
from gatepass.server.domain.organizations import store as organizations
from gatepass.server.domain.revocations import store as revocations
from gatepass.server.domain.token_policy import DEFAULT_LIFETIME
from gatepass.server.environment.environment import file
from gatepass.server.storage.database import Database, sqlite_url
from gatepass.wire.credential import Mode

_BATCH = 20_000
_MARK = Mode.LIVE
_CACHE = -500_000  # KiB of SQLite's page cache while the indexes grow
_OF_ONE_ORGANIZATION = 1_000
_SCOPE = "read write"
_LIVES = timedelta(hours=10)

Values = dict[str, Any]


class _Made(NamedTuple):
    application: Values
    secret: Values
    credentials: Credentials


def register(data: Path, count: int, sample: int) -> list[Credentials]:
    """Register applications in a migrated data directory; give the credentials of a sample."""
    with closing(_open(data)) as database:
        return register_in(database, count, sample)


def register_in(database: Database, count: int, sample: int) -> list[Credentials]:
    """Register applications in a migrated database; give the credentials of a sample."""
    every = count // sample
    kept: list[Credentials] = []
    for start in range(0, count, _BATCH):
        known = _register(database, min(_BATCH, count - start))
        kept += [pair for place, pair in enumerate(known, start) if place % every == 0]
    return kept


def _register(database: Database, count: int) -> list[Credentials]:
    now = _now()
    owners = [uuid4() for _ in range(0, count, _OF_ONE_ORGANIZATION)]
    made = [_application(owners[place // _OF_ONE_ORGANIZATION], now) for place in range(count)]
    _insert(database, organizations.organization, (_organization(each, now) for each in owners))
    _insert(database, applications.application, (each.application for each in made))
    _insert(database, applications.secret, (each.secret for each in made))
    return [each.credentials for each in made]


def revoke(data: Path, count: int) -> None:
    """Revoke tokens that nobody holds, each with some hours to live."""
    now = _now()
    with closing(_open(data)) as database:
        tokens = sorted(secrets.token_bytes(16) for _ in range(count))
        rows = (
            {
                "token_id": token,
                "expires_at": now + _LIVES + timedelta(seconds=secrets.randbelow(36_000)),
            }
            for token in tokens
        )
        _insert(database, revocations.revocation, rows)


def _open(data: Path) -> Database:
    return Database(sqlite_url(file(data, _MARK)))


def _insert(database: Database, table: Table, rows: Iterable[Values]) -> None:
    remaining = iter(rows)
    while batch := list(islice(remaining, _BATCH)):
        with database.write() as connection:
            if connection.dialect.name == "sqlite":
                connection.exec_driver_sql(f"PRAGMA cache_size = {_CACHE}")
            connection.execute(insert(table), batch)


def _organization(org_id: UUID, now: datetime) -> Values:
    return {"id": org_id, "name": f"Partner {org_id.hex[:8]}", "created_at": now}


def _application(org_id: UUID, now: datetime) -> _Made:
    app_id = uuid4()
    client_id = new_client_id(_MARK, secrets.token_bytes(16))
    secret, kept = new_secret(uuid4(), _MARK, secrets.token_bytes(32), now)
    application = {
        "id": app_id,
        "org_id": org_id,
        "client_id": client_id,
        "name": "bench",
        "client_type": "confidential",
        "grant_type": GRANT_TYPE,
        "redirect_uris": "",
        "scope": _SCOPE,
        "token_lifetime": DEFAULT_LIFETIME,
        "created_at": now,
        "created_by": "bench",
    }
    row = {
        "id": kept.id,
        "application_id": app_id,
        "digest": kept.digest,
        "last_four": kept.last_four,
        "created_at": now,
    }
    return _Made(application, row, Credentials(client_id, secret.value))


def _now() -> datetime:
    now = datetime.now(UTC)
    return now.replace(microsecond=now.microsecond // 1000 * 1000)
