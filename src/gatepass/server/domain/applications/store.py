"""The applications' tables."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from functools import cache
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    Column,
    ColumnElement,
    Connection,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    Table,
    Text,
    Update,
    Uuid,
    case,
    delete,
    false,
    func,
    literal,
    or_,
    select,
    true,
    type_coerce,
    update,
)

from gatepass.server.domain.applications.model import Application, ApplicationSecret
from gatepass.server.domain.applications.networks import format_networks
from gatepass.server.domain.applications.settings import store as settings
from gatepass.server.domain.applications.settings.model import NO_SETTINGS
from gatepass.server.storage.database import Timestamp, metadata
from gatepass.server.storage.statements import as_rows, given_rows, insert_many, partial_index

application = Table(
    "application",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("org_id", Uuid, ForeignKey("organization.id"), nullable=False, index=True),
    Column("client_id", Text, nullable=False, unique=True),
    Column("name", Text, nullable=False),
    Column("client_type", Text, nullable=False),
    Column("grant_type", Text, nullable=False),
    Column("redirect_uris", Text, nullable=False),
    Column("scope", Text, nullable=False),
    Column("token_lifetime", Integer, nullable=False),
    Column("created_at", Timestamp, nullable=False),
    Column("created_by", Text, nullable=False),
    Column("disabled_at", Timestamp),
    Column("tokens_void_before", Timestamp, key="tokens_revoked_before"),
    Column("last_used_at", Timestamp),
    Column("last_used_from", Text),
    Column("last_used_agent", Text),
    Column("contact", Text, nullable=False, server_default=""),
    Column("networks", Text, nullable=False, server_default=""),
    Column("imported_from", Text),
    Column("mint_mode", Text, key="rate_limit_mode", nullable=False, server_default="off"),
    Column("mint_limit", Integer, key="rate_limit"),
)
has_revoked_tokens = application.c.disabled_at.is_not(
    None
) | application.c.tokens_revoked_before.is_not(None)
"""Selects the applications that the revocation feed reports."""
partial_index("ix_application_voided", application.c.client_id, has_revoked_tokens)
Index(  # what the list searches and sorts by, so that SQLite need not read the rows
    "ix_application_list",
    application.c.org_id,
    func.lower(application.c.name),
    *application.c["id", "created_at", "client_id"],
)

secret = Table(
    "application_secret",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column(
        "application_id",
        Uuid,
        ForeignKey("application.id", ondelete="CASCADE"),
        nullable=False,
        index=True,
    ),
    Column("digest", LargeBinary, nullable=False),
    Column("last_four", Text, nullable=False),
    Column("created_at", Timestamp, nullable=False),
    Column("expires_at", Timestamp),
    Column("last_used_at", Timestamp),
    Column("last_used_from", Text),
    Column("last_used_agent", Text),
    Column("ends_on_use_of", Uuid),
    Column("encoded", Text),
)
Index("ix_application_secret_digest", secret.c.digest)
_is_encoded = secret.c.encoded.is_not(None)
partial_index("ix_application_secret_encoded", secret.c.application_id, _is_encoded)
partial_index(
    "ix_application_secret_expires_at", secret.c.expires_at, secret.c.expires_at.is_not(None)
)


def count_with_scope(connection: Connection, name: str) -> int:
    """Count the applications that have a scope."""
    return count_with_any(connection, (name,))


def count_with_any(connection: Connection, names: Iterable[str]) -> int:
    """Count the applications that have at least one of some scopes."""
    has_it = has_any_scope(names)
    return connection.execute(select(func.count()).where(has_it)).scalar_one()


def has_any_scope(names: Iterable[str]) -> ColumnElement[bool]:
    """Return the condition that an application has at least one of some scopes."""
    spaced = literal(" ") + application.c.scope + literal(" ")
    return or_(false(), *(spaced.contains(f" {name} ", autoescape=True) for name in names))


def add(connection: Connection, *new: Application) -> None:
    """Add applications with their secrets."""
    insert_many(connection, application, [_row(each) for each in new])
    add_secrets(connection, ((each.id, one) for each in new for one in each.secrets))
    for each in new:
        if each.settings != NO_SETTINGS:
            settings.put(connection, each.id, each.settings)


def names(connection: Connection, client_ids: Iterable[str]) -> dict[str, str]:
    """Return the names of those of the applications that exist, by their client ids."""
    given = given_rows(connection.dialect.name, [application.c.client_id])
    is_given = application.c.client_id.in_(select(given.c.client_id))
    query = select(application.c.client_id, application.c.name).where(is_given)
    rows = as_rows((client_id,) for client_id in client_ids)
    return {row.client_id: row.name for row in connection.execute(query, {"rows": rows})}


def change(connection: Connection, app_id: UUID, values: Mapping[str, object]) -> None:
    """Set columns of an application."""
    connection.execute(update(application).where(application.c.id == app_id).values(**values))


def void_tokens(connection: Connection, application: Application, now: datetime) -> None:
    """Make every token that the application holds invalid."""
    change(connection, application.id, {"tokens_revoked_before": application.next_revocation(now)})


def void_tokens_of_organization(connection: Connection, org_id: UUID, at: datetime) -> None:
    """Revoke every token that an organization's applications were issued at `at` or before."""
    _void_tokens(connection, application.c.org_id == org_id, at)


def void_all_tokens(connection: Connection, at: datetime) -> None:
    """Revoke every token that was issued at `at` or before."""
    _void_tokens(connection, true(), at)


def _void_tokens(connection: Connection, own: ColumnElement[bool], at: datetime) -> None:
    void = application.c.tokens_revoked_before
    next_one = type_coerce(type_coerce(void, BigInteger) + 1, Timestamp)
    grown = case(
        (void >= at, next_one), else_=literal(at, Timestamp)
    )  # as `Application.next_revocation`
    connection.execute(update(application).where(own).values(tokens_revoked_before=grown))


def last_use(connection: Connection, org_id: UUID) -> datetime | None:
    """Return when any application of an organization was last used."""
    latest = select(func.max(application.c.last_used_at)).where(application.c.org_id == org_id)
    found: datetime | None = connection.execute(latest).scalar_one()
    return found


def remove(connection: Connection, app_id: UUID) -> None:
    """Delete an application and its secrets."""
    connection.execute(delete(application).where(application.c.id == app_id))


def add_secret(connection: Connection, app_id: UUID, new: ApplicationSecret) -> None:
    """Add a secret's digest."""
    add_secrets(connection, [(app_id, new)])


def add_secrets(connection: Connection, secrets: Iterable[tuple[UUID, ApplicationSecret]]) -> None:
    """Add digests of secrets, each of the application that has the id."""
    rows = [
        {
            "id": new.id,
            "application_id": app_id,
            "digest": new.digest,
            "last_four": new.last_four,
            "created_at": new.created_at,
            "expires_at": new.expires_at,
            "encoded": new.encoded,
            "ends_on_use_of": new.ends_on_use_of,
        }
        for app_id, new in secrets
    ]
    insert_many(connection, secret, rows)


def legacy_hash(connection: Connection, secret_id: UUID) -> str | None:
    """Return another system's hash of a secret, None if there is none (any more)."""
    query = select(secret.c.encoded).where(secret.c.id == secret_id)
    return connection.execute(query).scalar_one_or_none()


def replace_hash(
    connection: Connection, secret_id: UUID, legacy: str, digest: bytes, last: str
) -> None:
    """Put a digest in the place of another system's hash, if that is still there."""
    connection.execute(
        update(secret)
        .where(secret.c.id == secret_id, secret.c.encoded == legacy)
        .values(digest=digest, last_four=last, encoded=None)
    )


def encoded(connection: Connection, limit: int) -> list[str]:
    """Return some of the secrets of which there is nothing but another system's hash."""
    query = select(secret.c.encoded).where(_is_encoded).limit(limit)
    return [row.encoded for row in connection.execute(query)]


def end_secret(connection: Connection, secret_id: UUID, at: datetime) -> None:
    """Set the moment from which a secret authenticates no more."""
    connection.execute(update(secret).where(secret.c.id == secret_id).values(expires_at=at))


def set_end(connection: Connection, changed: ApplicationSecret) -> None:
    """Set when, or on the use of which other one, a secret ends."""
    values = {"expires_at": changed.expires_at, "ends_on_use_of": changed.ends_on_use_of}
    connection.execute(update(secret).where(secret.c.id == changed.id).values(**values))


def end_live_secret(connection: Connection, secret_id: UUID, at: datetime) -> bool:
    """End a secret that would have lived longer; return whether there was one."""
    is_live = secret.c.expires_at.is_(None) | (secret.c.expires_at > at)
    own = secret.c.id == secret_id
    ended = connection.execute(update(secret).where(own, is_live).values(expires_at=at))
    return bool(ended.rowcount)


def remove_ended_secrets(connection: Connection, app_id: UUID, now: datetime) -> None:
    """Forget the secrets of an application that have ended."""
    ended = (secret.c.application_id == app_id) & (secret.c.expires_at <= now)
    connection.execute(delete(secret).where(ended))


class LastUse(NamedTuple):
    """When and from where an application or a secret, whose id has these 16 bytes, was used."""

    used: bytes
    at: int  # Unix milliseconds
    source: str
    agent: str


def as_use_rows(uses: Iterable[LastUse]) -> str:
    """Return uses as the parameter of the statements that write them; empty for none."""
    rows = [(used.hex(), *others) for used, *others in uses]
    return as_rows(rows) if rows else ""


def record_use(connection: Connection, applications: str, secrets: str) -> None:
    """Write the last uses of applications and of secrets, as `as_use_rows` returns them."""
    for table, given in ((application, applications), (secret, secrets)):
        if given:
            connection.execute(_noting_use(connection.dialect.name, table), {"rows": given})


@cache
def _noting_use(dialect: str, table: Table) -> Update:
    columns = table.c["id", "last_used_at", "last_used_from", "last_used_agent"]
    new = given_rows(dialect, columns)
    values = {column: new.c[column.key] for column in columns if column is not table.c.id}
    return update(table).where(table.c.id == new.c.id).values(values)


def _row(new: Application) -> dict[str, object]:
    return {
        "id": new.id,
        "org_id": new.org_id,
        "client_id": new.client_id,
        "name": new.name,
        "client_type": new.client_type,
        "grant_type": new.grant_type,
        "redirect_uris": "\n".join(new.redirect_uris),
        "scope": str(new.scope),
        "token_lifetime": new.token_lifetime,
        "created_at": new.created_at,
        "created_by": new.created_by,
        "networks": format_networks(new.networks),
        "contact": new.contact,
        "imported_from": new.imported_from,
        "rate_limit_mode": new.rate_limit_mode,
        "rate_limit": new.rate_limit,
    }
