"""The table of the addresses from which secrets were used, beside the last one.

The row of a secret has its last use. When the next one is from another address, the use before it
is kept here: for a program that stays at one address nothing is written.
"""

from collections.abc import Collection
from datetime import datetime
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import (
    Column,
    Connection,
    ForeignKey,
    Select,
    Table,
    Text,
    Uuid,
    delete,
    func,
    select,
    tuple_,
)

from gatepass.server.domain.applications.model import Application
from gatepass.server.domain.applications.secrets.uses.model import KEPT, MOST_KEPT, SecretUse
from gatepass.server.domain.applications.store import secret
from gatepass.server.storage.database import FORGOTTEN_AT_ONCE, Timestamp, metadata
from gatepass.server.storage.statements import given_rows, insert_into

REVISION = "0021"
"""The revision of the tables that has this one."""

secret_use = Table(
    "secret_use",
    metadata,
    Column(
        "application_id", Uuid, ForeignKey("application.id", ondelete="CASCADE"), primary_key=True
    ),
    Column("secret_id", Uuid, primary_key=True),
    Column("source", Text, primary_key=True),
    Column("agent", Text, nullable=False),
    Column("last_four", Text, nullable=False),
    Column("at", Timestamp, nullable=False, index=True),
)
_KEY = tuple(secret_use.primary_key.columns)


def record(connection: Connection, newest: str, others: str) -> None:
    """Keep the uses that `newest` replaces, where they came from another address, and `others`.

    Both are as `as_use_rows` returns them. Call it before the newest ones are written as the last
    uses of their secrets.
    """
    for rows, are_replaced in ((newest, True), (others, False)):
        if rows:
            statement = _keeping(connection.dialect.name, are_replaced)
            changed = set(connection.execute(statement, {"rows": rows}).scalars())
            if changed:
                _keep_the_newest(connection, changed)


def keep_last(connection: Connection, app_id: UUID, now: datetime) -> None:
    """Keep the last uses of the secrets of an application that have ended and are removed."""
    ended = (secret.c.application_id == app_id) & (secret.c.expires_at <= now)
    kept = _last_uses().where(ended, secret.c.last_used_from.is_not(None))
    connection.execute(_adding(connection.dialect.name, kept))


def of_application(
    connection: Connection, application: Application, since: datetime
) -> list[SecretUse]:
    """Return the uses of all secrets of an application from `since` on, the last first."""
    query = select(secret_use).where(
        secret_use.c.application_id == application.id, secret_use.c.at >= since
    )
    found = {
        (row.secret_id, row.source): SecretUse(
            row.secret_id, row.last_four, row.source, row.agent, row.at
        )
        for row in connection.execute(query)
    }
    for each in application.secrets:
        if each.last_used_at is not None and each.last_used_at >= since:
            source, agent = each.last_used_from or "", each.last_used_agent or ""
            last = SecretUse(each.id, each.last_four, source, agent, each.last_used_at)
            found[each.id, source] = last
    return sorted(found.values(), key=lambda use: use.at, reverse=True)


def prune(connection: Connection, now: datetime, limit: int = FORGOTTEN_AT_ONCE) -> int:
    """Forget uses of long ago, `limit` of them at most; return how many."""
    old = select(*_KEY).where(secret_use.c.at < now - KEPT).limit(limit)
    return connection.execute(delete(secret_use).where(tuple_(*_KEY).in_(old))).rowcount


def _last_uses() -> Select[Any]:
    """Return the last uses of secrets as rows of the table."""
    return select(
        secret.c.application_id,
        secret.c.id,
        secret.c.last_used_from,
        func.coalesce(secret.c.last_used_agent, ""),
        secret.c.last_four,
        secret.c.last_used_at,
    )


@cache
def _keeping(dialect: str, are_replaced: bool) -> Any:  # noqa: ANN401, FBT001 - of one dialect
    """Return what keeps the uses that those in `rows` replace, or those themselves."""
    columns = secret.c["id", "last_used_at", "last_used_from", "last_used_agent"]
    new = given_rows(dialect, columns)
    if are_replaced:
        kept = _last_uses().where(
            secret.c.id == new.c.id, secret.c.last_used_from != new.c.last_used_from
        )
    else:
        kept = select(
            secret.c.application_id,
            secret.c.id,
            new.c.last_used_from,
            new.c.last_used_agent,
            secret.c.last_four,
            new.c.last_used_at,
        ).where(secret.c.id == new.c.id)
    return _adding(dialect, kept).returning(secret_use.c.application_id)


def _adding(dialect: str, kept: Select[Any]) -> Any:  # noqa: ANN401 - of one dialect
    added = insert_into(dialect, secret_use).from_select(list(secret_use.c), kept)
    return added.on_conflict_do_update(
        index_elements=_KEY, set_={"at": added.excluded.at, "agent": added.excluded.agent}
    )


def _keep_the_newest(connection: Connection, app_ids: Collection[UUID]) -> None:
    place = func.row_number().over(
        partition_by=secret_use.c.application_id, order_by=secret_use.c.at.desc()
    )
    ranked = select(*_KEY, place.label("place")).where(secret_use.c.application_id.in_(app_ids))
    numbered = ranked.subquery()
    surplus = select(*numbered.c[:3]).where(numbered.c.place > MOST_KEPT)
    connection.execute(delete(secret_use).where(tuple_(*_KEY).in_(surplus)))
