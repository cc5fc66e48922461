"""Reads what memory keeps of an application: by one statement, with its secrets.

A worker that serves many clients reads one for each client that it has not in memory. So on SQLite
the same statement can also be run directly (`find_directly`), which takes a twentieth of the time
that it takes by SQLAlchemy, in a thread.
"""

from collections.abc import Collection, Sequence
from functools import cache, lru_cache
from sys import intern
from typing import TYPE_CHECKING, Any, cast
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    Connection,
    Row,
    Select,
    Text,
    Uuid,
    bindparam,
    func,
    null,
    select,
    type_coerce,
)
from sqlalchemy.dialects.sqlite.base import SQLiteDialect

from gatepass.server.domain.applications.cached_application import (
    CachedApplication,
    CachedSecret,
    Key,
    pack,
)
from gatepass.server.domain.applications.model import (
    RateLimitMode,
    may_request_tokens,
    revoked_before,
)
from gatepass.server.domain.applications.networks import check_networks
from gatepass.server.domain.applications.settings import store as settings
from gatepass.server.domain.applications.settings.model import ApplicationSettings
from gatepass.server.domain.applications.store import application, secret
from gatepass.server.domain.organizations.store import organization
from gatepass.server.storage.database import has_revision
from gatepass.server.storage.statements import next_of
from gatepass.wire.scope import Scope

if TYPE_CHECKING:
    from gatepass.server.storage.direct_reads import DirectReads  # apsw, for SQLite alone

_OF_APPLICATION = 15  # columns, before those of its settings
_OF_SETTINGS = 4  # columns, before those of a secret


def _needed(*, has_settings: bool) -> Select[Any]:
    """Return the statement; `has_settings`: there is a table of them."""
    setting = settings.application_setting
    wanted = select(
        application.c.client_id,
        application.c.id,
        application.c.org_id,
        application.c.scope,
        application.c.networks,
        application.c.token_lifetime,
        application.c.disabled_at.is_not(None),
        organization.c.suspended_at.is_not(None),
        application.c.client_type,
        application.c.grant_type,
        type_coerce(application.c.created_at, BigInteger),
        type_coerce(application.c.tokens_revoked_before, BigInteger),
        application.c.rate_limit_mode,
        application.c.rate_limit,
        application.c.name,
        *(each if has_settings else null() for each in settings.COLUMNS),
        secret.c.id,
        secret.c.digest,
        secret.c.last_four,
        type_coerce(secret.c.expires_at, BigInteger),
        secret.c.encoded.is_not(None),
        secret.c.ends_on_use_of,
    ).join_from(application, organization)
    if has_settings:
        wanted = wanted.outerjoin(setting, setting.c.application_id == application.c.id)
    return wanted.outerjoin(secret, secret.c.application_id == application.c.id).order_by(
        secret.c.created_at
    )


_is_id = application.c.id == bindparam("key", type_=Uuid)
_is_client_id = application.c.client_id == next_of(
    application.c.client_id, bindparam("key", type_=Text)
)
_by_id, _by_client_id = (
    {has: _needed(has_settings=has).where(condition) for has in (False, True)}
    for condition in (_is_id, _is_client_id)
)
_dialect = SQLiteDialect(paramstyle="qmark")
_SQL_BY_ID, _SQL_BY_CLIENT_ID = (
    str(query[True].compile(dialect=_dialect)) for query in (_by_id, _by_client_id)
)


@cache
def _by_arrays(*, has_settings: bool) -> tuple[Select[Any], Select[Any]]:
    """Return the statements that read many applications, by client ids and by ids.

    Only a server on PostgreSQL loads what they need.
    """
    from sqlalchemy.dialects.postgresql import ARRAY

    keys = func.unnest(bindparam("keys", type_=ARRAY(Text)))
    each = keys.table_valued("key").render_derived("each")
    next_ones = select(next_of(application.c.client_id, each.c.key)).select_from(each)
    needed = _needed(has_settings=has_settings)
    by_client_ids = needed.where(application.c.client_id.in_(next_ones))
    is_one = application.c.id == func.any(bindparam("keys", type_=ARRAY(Uuid)))
    return by_client_ids, needed.where(is_one)


def find_all(connection: Connection, keys: Collection[Key]) -> dict[Key, CachedApplication]:
    """Return the applications of these keys: on PostgreSQL by one statement for each kind of key.

    SQLite has no arrays, and needs none: a statement costs no round trip.
    """
    if len(keys) == 1 or connection.dialect.name != "postgresql":
        each = ((key, find(connection, key)) for key in keys)
        return {key: application for key, application in each if application}
    by_key: dict[Key, CachedApplication] = {}
    client_ids = [key for key in keys if isinstance(key, str)]
    ids = [UUID(bytes=key) for key in keys if isinstance(key, bytes)]
    queries = _by_arrays(has_settings=has_revision(connection, settings.REVISION))
    for query, some in zip(queries, (client_ids, ids), strict=True):
        groups: dict[str, list[Row[Any]]] = {}
        for row in connection.execute(query, {"keys": some}) if some else ():
            groups.setdefault(row[0], []).append(row)
        for client_id, rows in groups.items():
            found = _application(client_id, rows)
            if found:
                by_key[found.client_id] = by_key[found.id_bytes] = found
    return {key: by_key[key] for key in keys if key in by_key}


def find(connection: Connection, key: Key) -> CachedApplication | None:
    """Return the application of this key.

    The one with the next client id is read where there is none, so that the time reveals nothing.
    """
    has_settings = has_revision(connection, settings.REVISION)
    if isinstance(key, bytes):
        rows = connection.execute(_by_id[has_settings], {"key": UUID(bytes=key)}).all()
    else:
        rows = connection.execute(_by_client_id[has_settings], {"key": key}).all()
    return _application(key, rows)


def find_directly(reads: "DirectReads", key: Key) -> tuple[CachedApplication | None] | None:
    """Return what `find` does, alone in a tuple; None if it must be read in a thread.

    The tables must have the settings.
    """
    if isinstance(key, bytes):
        rows = reads.rows(_SQL_BY_ID, (key.hex(),))
    else:
        rows = reads.rows(_SQL_BY_CLIENT_ID, (key,))
    return None if rows is None else (_application(key, rows),)


def _application(key: Key, rows: Sequence[Sequence[Any]]) -> CachedApplication | None:
    """Return the application of these rows, of which each has another of its secrets."""
    if not rows or (isinstance(key, str) and rows[0][0] != key):
        return None
    (
        client_id,
        app_id,
        org_id,
        scope,
        networks,
        token_lifetime,
        is_disabled,
        is_suspended,
        client_type,
        grant_type,
        created_ms,
        revoked_ms,
        rate_limit_mode,
        rate_limit,
        name,
    ) = rows[0][:_OF_APPLICATION]
    first, end = rows[0], _OF_APPLICATION + _OF_SETTINGS
    own = first[_OF_APPLICATION:end]
    secrets = (row[end:] for row in rows)
    return CachedApplication(
        client_id,
        _bytes(app_id),
        _shared_id(org_id),
        _scope(scope),
        _networks(networks),
        _shared_number(token_lifetime),
        bool(is_disabled),
        bool(is_suspended),
        may_request_tokens(client_type, grant_type),
        revoked_before(created_ms, revoked_ms),
        cast("RateLimitMode", intern(rate_limit_mode)),
        rate_limit,
        pack(name, tuple(_secret(*each) for each in secrets if each[0] is not None)),
        _settings(*own),
    )


def _secret(
    secret_id: UUID | str,
    digest: bytes,
    last_four: str,
    expires_ms: int | None,
    is_legacy: bool,  # noqa: FBT001 - a column
    ends_on_use_of: UUID | str | None,
) -> CachedSecret:
    ends = None if ends_on_use_of is None else _bytes(ends_on_use_of)
    return CachedSecret(digest, _bytes(secret_id), last_four, expires_ms, bool(is_legacy), ends)


def _bytes(found: UUID | str) -> bytes:
    """Return an id as it is kept, from what SQLAlchemy or SQLite returns."""
    return bytes.fromhex(found) if isinstance(found, str) else found.bytes


# Many applications have the same values: memory keeps each of these once.
_scope = lru_cache(maxsize=1024)(Scope.parse)
_networks = lru_cache(maxsize=1024)(check_networks)


@lru_cache(maxsize=1024)
def _settings(*values: object) -> ApplicationSettings:
    return settings.read(values)


@lru_cache(maxsize=4096)
def _shared_id(found: UUID | str) -> UUID:
    return UUID(hex=found) if isinstance(found, str) else found


@lru_cache(maxsize=1024)
def _shared_number(found: int) -> int:
    return found
