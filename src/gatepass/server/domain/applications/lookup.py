"""Reads applications whole, with their secrets: each by one statement.

A worker that serves many clients reads one for each client that it has not in memory. So on SQLite
the same statement can also be run directly (`find_directly`), which takes a twentieth of the time
that it takes by SQLAlchemy, in a thread.
"""

from collections import namedtuple
from collections.abc import Iterable, Sequence
from functools import lru_cache
from sys import intern
from typing import TYPE_CHECKING, Any, cast
from uuid import UUID

from sqlalchemy import Connection, Text, bindparam, select
from sqlalchemy.dialects.sqlite.base import SQLiteDialect

from gatepass.server.domain.applications.model import Application, ApplicationSecret, RateLimitMode
from gatepass.server.domain.applications.networks import check_networks
from gatepass.server.domain.applications.store import application, secret
from gatepass.server.domain.organizations.store import organization
from gatepass.server.storage.database import next_of
from gatepass.wire.scope import Scope

if TYPE_CHECKING:
    from gatepass.server.storage.direct_reads import DirectReads  # apsw, for SQLite alone

_whole = (
    select(
        application,
        organization.c.suspended_at.label("org_suspended_at"),
        *(
            column.label(f"secret_{column.key}")
            for column in secret.c
            if column is not secret.c.application_id
        ),
    )
    .join_from(application, organization)
    .outerjoin(secret, secret.c.application_id == application.c.id)
    .order_by(application.c.created_at.desc(), secret.c.created_at)
)
_by_id = _whole.where(application.c.id == bindparam("key"))
_by_client_id = _whole.where(
    application.c.client_id == next_of(application.c.client_id, bindparam("key", type_=Text))
)


def find(connection: Connection, app_id: UUID) -> Application | None:
    """Return the application with this id."""
    return _only(connection.execute(_by_id, {"key": app_id}).all())


def find_by_client_id(connection: Connection, client_id: str) -> Application | None:
    """Return the application with this client id.

    The one with the next client id is read where there is none, so that the time reveals nothing.
    """
    found = _only(connection.execute(_by_client_id, {"key": client_id}).all())
    return found if found and found.client_id == client_id else None


def find_directly(reads: "DirectReads", key: UUID | str) -> tuple[Application | None] | None:
    """Return what `find` or `find_by_client_id` does, alone in a tuple; None if it cannot be read.

    It must then be read in a thread.
    """
    if isinstance(key, UUID):
        rows = reads.rows(_SQL_BY_ID, (key.hex,))
    else:
        rows = reads.rows(_SQL_BY_CLIENT_ID, (key,))
    if rows is None:
        return None
    found = _only([_processed(row) for row in rows])
    return (found if found and key in (found.client_id, found.id) else None,)


def of_organization(connection: Connection, org_id: UUID) -> list[Application]:
    """Return an organization's applications, newest first."""
    return _grouped(connection.execute(_whole.where(application.c.org_id == org_id)).all())


_dialect = SQLiteDialect(paramstyle="qmark")
_dialect.returns_native_bytes = True
_SQL_BY_ID, _SQL_BY_CLIENT_ID = (
    str(query.compile(dialect=_dialect)) for query in (_by_id, _by_client_id)
)
_Row = namedtuple("_Row", [column.key for column in _whole.selected_columns])  # type: ignore[misc] # noqa: PYI024
_PROCESSORS = [
    (place, process)
    for place, column in enumerate(_whole.selected_columns)
    if (process := column.type.dialect_impl(_dialect).result_processor(_dialect, None))
]

# Many applications in memory have the same values: each is kept once.
_scope = lru_cache(maxsize=1024)(Scope.parse)


@lru_cache(maxsize=4096)
def _shared(org_id: UUID) -> UUID:
    return org_id


def _processed(row: Sequence[Any]) -> Any:  # noqa: ANN401 - as SQLAlchemy's rows
    """Return a row of the driver with the values that SQLAlchemy would have made of its own."""
    values = list(row)
    for place, process in _PROCESSORS:
        value = values[place]
        if value is not None:
            values[place] = process(value)
    return _Row._make(values)


def _only(rows: Sequence[Any]) -> Application | None:
    """Return the application of these rows, of which each has another of its secrets."""
    return _application(rows[0], _secrets(rows)) if rows else None


def _grouped(rows: Iterable[Any]) -> list[Application]:
    groups: dict[UUID, list[Any]] = {}
    for row in rows:
        groups.setdefault(row.id, []).append(row)
    return [_application(group[0], _secrets(group)) for group in groups.values()]


def _secrets(rows: Iterable[Any]) -> tuple[ApplicationSecret, ...]:
    return tuple(_secret(row) for row in rows if row.secret_id is not None)


def _secret(row: Any) -> ApplicationSecret:  # noqa: ANN401 - a row
    return ApplicationSecret(
        id=row.secret_id,
        digest=row.secret_digest,
        last_four=row.secret_last_four,
        created_at=row.secret_created_at,
        expires_at=row.secret_expires_at,
        last_used_at=row.secret_last_used_at,
        encoded=row.secret_encoded,
        last_used_from=row.secret_last_used_from,
        last_used_agent=row.secret_last_used_agent,
        ends_on_use_of=row.secret_ends_on_use_of,
    )


def _application(row: Any, secrets: tuple[ApplicationSecret, ...]) -> Application:  # noqa: ANN401
    return Application(
        id=row.id,
        org_id=_shared(row.org_id),
        client_id=row.client_id,
        name=row.name,
        scope=_scope(row.scope),
        token_lifetime=row.token_lifetime,
        created_at=row.created_at,
        created_by=intern(row.created_by),
        secrets=secrets,
        redirect_uris=tuple(row.redirect_uris.split("\n")) if row.redirect_uris else (),
        networks=check_networks(row.networks) if row.networks else (),
        contact=row.contact,
        client_type=intern(row.client_type),
        grant_type=intern(row.grant_type),
        disabled_at=row.disabled_at,
        tokens_revoked_before=row.tokens_revoked_before,
        org_suspended_at=row.org_suspended_at,
        last_used_at=row.last_used_at,
        last_used_from=row.last_used_from,
        last_used_agent=row.last_used_agent,
        imported_from=row.imported_from,
        rate_limit_mode=cast("RateLimitMode", intern(row.rate_limit_mode)),
        rate_limit=row.rate_limit,
    )
