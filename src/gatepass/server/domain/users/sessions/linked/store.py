"""The tables of login codes and handles (production), linked sessions and organizations (sandbox).

A session of the sandbox has the handle of one of production, whose id changes with each new proof.
"""

from datetime import datetime
from uuid import UUID, uuid4

from sqlalchemy import (
    Column,
    Connection,
    ForeignKey,
    LargeBinary,
    Table,
    Uuid,
    delete,
    insert,
    select,
    update,
)

from gatepass.server.domain.users.sessions.linked.model import LoginCode
from gatepass.server.storage.database import Timestamp, metadata
from gatepass.server.storage.statements import upsert
from gatepass.wire.secret import Secret

REVISION = "0018"
"""The revision of the tables that has these."""


def _session() -> ForeignKey:
    return ForeignKey("session.id_digest", ondelete="CASCADE")


login_code = Table(
    "login_code",
    metadata,
    Column("digest", LargeBinary, primary_key=True),
    Column("session_digest", LargeBinary, _session(), nullable=False, index=True),
    Column("challenge", LargeBinary, nullable=False),
    Column("expires_at", Timestamp, nullable=False),
)

session_handle = Table(
    "session_handle",
    metadata,
    Column("handle", Uuid, primary_key=True),
    Column("session_digest", LargeBinary, _session(), nullable=False, index=True),
)

linked_session = Table(
    "linked_session",
    metadata,
    Column("session_digest", LargeBinary, _session(), primary_key=True),
    Column("handle", Uuid, nullable=False),
)

linked_organization = Table(
    "linked_organization",
    metadata,
    Column("production_id", Uuid, primary_key=True),
    Column("org_id", Uuid, ForeignKey("organization.id"), nullable=False, unique=True),
)


def add_code(connection: Connection, new: LoginCode, now: datetime) -> None:
    """Add a code; those of its session that have expired are deleted."""
    is_old = (login_code.c.session_digest == new.session_digest) & (login_code.c.expires_at <= now)
    connection.execute(delete(login_code).where(is_old))
    connection.execute(insert(login_code).values(**new._asdict()))


def take_code(
    connection: Connection, code: Secret, challenge: bytes, now: datetime
) -> LoginCode | None:
    """Delete a code and return it, for one of those who use it at the same time.

    None where it has expired, or was made for the challenge of another browser.
    """
    query = select(login_code).where(
        login_code.c.digest == code.digest(),
        login_code.c.challenge == challenge,
        login_code.c.expires_at > now,
    )
    row = connection.execute(query).one_or_none()
    if row is None:
        return None
    taken = connection.execute(delete(login_code).where(login_code.c.digest == row.digest))
    return LoginCode(*row) if taken.rowcount == 1 else None


def add_handle(connection: Connection, session_digest: bytes) -> UUID:
    """Return a new handle of a session of production."""
    handle = uuid4()
    values = {"handle": handle, "session_digest": session_digest}
    connection.execute(insert(session_handle).values(**values))
    return handle


def session_of(connection: Connection, handle: UUID) -> bytes | None:
    """Return the digest of the session of production that has this handle, while it lasts."""
    query = select(session_handle.c.session_digest).where(session_handle.c.handle == handle)
    found: bytes | None = connection.execute(query).scalar_one_or_none()
    return found


def move_handles(connection: Connection, old_digest: bytes, new_digest: bytes) -> None:
    """Make the handles of a session those of another one, which has its place."""
    own = session_handle.c.session_digest == old_digest
    connection.execute(update(session_handle).where(own).values(session_digest=new_digest))


def link_session(connection: Connection, session_digest: bytes, handle: UUID) -> None:
    """Note of which session of production a session of the sandbox came."""
    values = {"session_digest": session_digest, "handle": handle}
    connection.execute(insert(linked_session).values(**values))


def handle_of(connection: Connection, session_digest: bytes) -> UUID | None:
    """Return the handle of the session of production that a session of the sandbox came from."""
    query = select(linked_session.c.handle)
    query = query.where(linked_session.c.session_digest == session_digest)
    found: UUID | None = connection.execute(query).scalar_one_or_none()
    return found


def link_organization(connection: Connection, production_id: UUID, org_id: UUID) -> None:
    """Link an organization of the sandbox to one of production; either has one link at most."""
    unlink_organization(connection, org_id)
    upsert(connection, linked_organization, production_id=production_id, org_id=org_id)


def unlink_organization(connection: Connection, org_id: UUID) -> bool:
    """Delete the link of an organization of the sandbox; return whether there was one."""
    is_its = linked_organization.c.org_id == org_id
    return connection.execute(delete(linked_organization).where(is_its)).rowcount == 1


def linked_to(connection: Connection, production_id: UUID) -> UUID:
    """Return the sandbox's organization of one of production: the linked one, or the same id."""
    query = select(linked_organization.c.org_id)
    query = query.where(linked_organization.c.production_id == production_id)
    found: UUID | None = connection.execute(query).scalar_one_or_none()
    return found or production_id
