"""The tables of second factors, and of logins that wait for one."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    LargeBinary,
    Table,
    Text,
    Uuid,
    delete,
    func,
    insert,
    select,
    update,
)

from gatepass.server.domain.users.factors.model import App, Factors, Passkey
from gatepass.server.domain.users.store import reference_to_user
from gatepass.server.storage.database import Timestamp, metadata

REVISION = "0016"
"""The revision since which these tables are there."""

passkey = Table(
    "passkey",
    metadata,
    Column("id", Uuid, primary_key=True),
    reference_to_user(),
    Column("credential_id", LargeBinary, nullable=False, unique=True),
    Column("public_key", LargeBinary, nullable=False),
    Column("sign_count", BigInteger, nullable=False),
    Column("domain", Text, nullable=False),
    Column("transports", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("created_at", Timestamp, nullable=False),
    Column("last_used_at", Timestamp),
)

app = Table(
    "authenticator_app",
    metadata,
    Column("id", Uuid, primary_key=True),
    reference_to_user(),
    Column("encrypted", LargeBinary, nullable=False),
    Column("last_step", BigInteger, nullable=False),
    Column("name", Text, nullable=False),
    Column("created_at", Timestamp, nullable=False),
    Column("last_used_at", Timestamp),
)

recovery_code = Table(
    "recovery_code",
    metadata,
    Column("digest", LargeBinary, primary_key=True),
    reference_to_user(),
    Column("created_at", Timestamp, nullable=False),
)

pending_login = Table(
    "pending_login",
    metadata,
    Column("digest", LargeBinary, primary_key=True),
    reference_to_user(),
    Column("password_digest", LargeBinary, nullable=False),
    Column("expires_at", Timestamp, nullable=False, index=True),
)

used_challenge = Table(
    "used_challenge",
    metadata,
    Column("digest", LargeBinary, primary_key=True),
    Column("expires_at", Timestamp, nullable=False, index=True),
)


class PendingLogin(NamedTuple):
    """A login whose password was right: whose it is, and which password that was."""

    digest: bytes
    user_id: UUID
    password_digest: bytes
    expires_at: datetime


def of_user(connection: Connection, user_id: UUID) -> Factors:
    """Return the second factors of a person, oldest first."""
    passkeys = connection.execute(
        select(passkey).where(passkey.c.user_id == user_id).order_by(passkey.c.created_at)
    )
    apps = connection.execute(
        select(app).where(app.c.user_id == user_id).order_by(app.c.created_at)
    )
    codes = select(func.count(), func.max(recovery_code.c.created_at))
    left, made_at = connection.execute(codes.where(recovery_code.c.user_id == user_id)).one()
    return Factors(
        tuple(_passkey(row) for row in passkeys), tuple(App(*row) for row in apps), left, made_at
    )


def has_any(connection: Connection, user_id: UUID) -> bool:
    """Return whether a person has a passkey or an authenticator app."""
    tables = (select(table.c.id).where(table.c.user_id == user_id) for table in (passkey, app))
    return any(connection.execute(query.limit(1)).first() for query in tables)


def find_passkey(connection: Connection, credential_id: bytes) -> Passkey | None:
    """Return the passkey that authenticators know by this id."""
    query = select(passkey).where(passkey.c.credential_id == credential_id)
    row = connection.execute(query).one_or_none()
    return _passkey(row) if row else None


def add_passkey(connection: Connection, new: Passkey) -> None:
    """Add a passkey."""
    values = {name: getattr(new, name) for name in passkey.c.keys()}  # noqa: SIM118 - of columns
    connection.execute(insert(passkey).values({**values, "transports": " ".join(new.transports)}))


def record_passkey_used(
    connection: Connection, passkey_id: UUID, sign_count: int, now: datetime
) -> None:
    """Note that a passkey was used, and its counter."""
    values = {"sign_count": sign_count, "last_used_at": now}
    connection.execute(update(passkey).where(passkey.c.id == passkey_id).values(values))


def passkeys_of_other_domains(connection: Connection, domain: str) -> int:
    """Count the passkeys that were made for another relying party."""
    query = select(func.count()).select_from(passkey).where(passkey.c.domain != domain)
    return connection.execute(query).scalar_one()


def add_app(connection: Connection, new: App) -> None:
    """Add an authenticator app."""
    connection.execute(insert(app).values({name: getattr(new, name) for name in app.c.keys()}))  # noqa: SIM118


def record_app_used(connection: Connection, app_id: UUID, step: int, now: datetime) -> None:
    """Note that the code of a step was used."""
    values = {"last_step": step, "last_used_at": now}
    connection.execute(update(app).where(app.c.id == app_id).values(values))


def rename(connection: Connection, user_id: UUID, factor_id: UUID, name: str) -> None:
    """Name a person's passkey or app."""
    for table in (passkey, app):
        own = (table.c.id == factor_id) & (table.c.user_id == user_id)
        connection.execute(update(table).where(own).values(name=name))


def remove(connection: Connection, user_id: UUID, factor_id: UUID) -> None:
    """Remove a person's passkey or app."""
    for table in (passkey, app):
        own = (table.c.id == factor_id) & (table.c.user_id == user_id)
        connection.execute(delete(table).where(own))


def remove_all(connection: Connection, user_id: UUID) -> None:
    """Remove all second factors of a person, and their recovery codes."""
    for table in (passkey, app, recovery_code, pending_login):
        connection.execute(delete(table).where(table.c.user_id == user_id))


def replace_codes(
    connection: Connection, user_id: UUID, digests: Sequence[bytes], now: datetime
) -> None:
    """Replace a person's recovery codes."""
    connection.execute(delete(recovery_code).where(recovery_code.c.user_id == user_id))
    rows = [{"digest": each, "user_id": user_id, "created_at": now} for each in digests]
    if rows:
        connection.execute(insert(recovery_code), rows)


def use_code(connection: Connection, user_id: UUID, digest: bytes) -> bool:
    """Delete a recovery code; return whether it was one of this person's."""
    own = (recovery_code.c.user_id == user_id) & (recovery_code.c.digest == digest)
    return connection.execute(delete(recovery_code).where(own)).rowcount == 1


def use_challenge(connection: Connection, digest: bytes, expires_at: datetime) -> bool:
    """Note that a challenge was answered; return False where it was before."""
    query = select(used_challenge.c.digest).where(used_challenge.c.digest == digest)
    if connection.execute(query).first():
        return False
    connection.execute(insert(used_challenge).values(digest=digest, expires_at=expires_at))
    return True


def add_pending(connection: Connection, new: PendingLogin) -> None:
    """Add a login that waits for its second step."""
    connection.execute(insert(pending_login).values(**new._asdict()))


def find_pending(connection: Connection, digest: bytes, now: datetime) -> PendingLogin | None:
    """Return a login that waits for its second step, unless it has expired."""
    is_live = (pending_login.c.digest == digest) & (pending_login.c.expires_at > now)
    row = connection.execute(select(pending_login).where(is_live)).one_or_none()
    return PendingLogin(*row) if row else None


def end_pending(connection: Connection, digest: bytes) -> None:
    """Delete a login that waited for its second step."""
    connection.execute(delete(pending_login).where(pending_login.c.digest == digest))


def end_all_pending(connection: Connection) -> None:
    """Delete every login that waits for its second step."""
    connection.execute(delete(pending_login))


def prune(connection: Connection, now: datetime) -> None:
    """Delete what has expired."""
    for table in (pending_login, used_challenge):
        connection.execute(delete(table).where(table.c.expires_at <= now))


def apps(connection: Connection) -> list[App]:
    """Return all authenticator apps, whose secrets a new master key encrypts again."""
    return [App(*row) for row in connection.execute(select(app))]


def change_secret(connection: Connection, app_id: UUID, encrypted: bytes) -> None:
    """Replace the encrypted secret of an app."""
    connection.execute(update(app).where(app.c.id == app_id).values(encrypted=encrypted))


def _passkey(row: Sequence[object]) -> Passkey:
    values = dict(zip(passkey.c.keys(), row, strict=True))
    transports = tuple(str(values["transports"]).split())
    return Passkey(**{**values, "transports": transports})  # type: ignore[arg-type]
