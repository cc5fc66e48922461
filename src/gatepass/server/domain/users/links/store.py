"""The tables of links, of which only the digest is kept, and of the addresses they confirmed."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import (
    Column,
    Connection,
    ForeignKey,
    LargeBinary,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    delete,
    insert,
    select,
)

from gatepass.server.domain.users.links.model import LIFETIMES, Link, Purpose, new_token
from gatepass.server.domain.users.model import User
from gatepass.server.storage.database import Timestamp, metadata
from gatepass.server.storage.statements import upsert
from gatepass.wire.secret import Secret

REVISION = "0013"
"""The revision since which the table, and that of invitations, is there."""

link = Table(
    "account_link",
    metadata,
    Column("digest", LargeBinary, primary_key=True),
    Column("purpose", Text, nullable=False),
    Column("person_id", Uuid, ForeignKey("person.id", ondelete="CASCADE"), key="user_id"),
    Column("invitation_id", Uuid, ForeignKey("invitation.id", ondelete="CASCADE")),
    Column("address", Text, nullable=False),
    Column("created_at", Timestamp, nullable=False),
    Column("expires_at", Timestamp, nullable=False, index=True),
    UniqueConstraint("user_id", "purpose"),
    UniqueConstraint("invitation_id", "purpose"),
)


confirmed_email = Table(
    "confirmed_email",
    metadata,
    Column(
        "person_id",
        Uuid,
        ForeignKey("person.id", ondelete="CASCADE"),
        primary_key=True,
        key="user_id",
    ),
    Column("email", Text, nullable=False),
    Column("confirmed_at", Timestamp, nullable=False),
)


def record_confirmed(connection: Connection, user_id: UUID, email: str, now: datetime) -> None:
    """Note that a link was opened that was mailed to this address of a person."""
    upsert(connection, confirmed_email, user_id=user_id, email=email, confirmed_at=now)


def is_confirmed(connection: Connection, user: User) -> bool:
    """Return whether the address that a person has now was confirmed."""
    return user.id in confirmed(connection, [user])


def confirmed(connection: Connection, users: Sequence[User]) -> set[UUID]:
    """Return the ids of those whose address, as it is now, was confirmed.

    The address is compared, as the version before, which may serve beside this one, changes it.
    """
    query = select(confirmed_email.c.user_id, confirmed_email.c.email).where(
        confirmed_email.c.user_id.in_([each.id for each in users])
    )
    addresses = {row.user_id: row.email for row in connection.execute(query)}
    return {each.id for each in users if each.email and addresses.get(each.id) == each.email}


def add_of_user(
    connection: Connection, purpose: Purpose, user_id: UUID, address: str, now: datetime
) -> Secret:
    """Add a link of a person and return its token; the older one of this purpose is deleted."""
    remove_of_user(connection, purpose, user_id)
    return _add(connection, purpose, user_id, None, address, now)


def add_of_invitation(
    connection: Connection, invitation_id: UUID, address: str, now: datetime
) -> Secret:
    """Add the link of an invitation and return its token; the older one is deleted."""
    connection.execute(delete(link).where(link.c.invitation_id == invitation_id))
    return _add(connection, "invitation", None, invitation_id, address, now)


def find(connection: Connection, purpose: Purpose, token: Secret, now: datetime) -> Link | None:
    """Return the link of a token, unless it has expired."""
    is_live = (link.c.purpose == purpose) & (link.c.expires_at > now)
    query = select(link).where(link.c.digest == token.digest(), is_live)
    row = connection.execute(query).one_or_none()
    return Link(*row) if row else None


def take(connection: Connection, purpose: Purpose, token: Secret, now: datetime) -> Link | None:
    """Delete a link and return it, for one of those who use it at the same time."""
    found = find(connection, purpose, token, now)
    if found is None:
        return None
    taken = connection.execute(delete(link).where(link.c.digest == found.digest))
    return found if taken.rowcount == 1 else None


def remove_of_user(connection: Connection, purpose: Purpose, user_id: UUID) -> None:
    """Delete the link that a person has for a purpose."""
    of_user = (link.c.user_id == user_id) & (link.c.purpose == purpose)
    connection.execute(delete(link).where(of_user))


def remove_of_users(connection: Connection) -> None:
    """Delete the links of all people; those of invitations stay."""
    connection.execute(delete(link).where(link.c.user_id.is_not(None)))


def prune(connection: Connection, now: datetime) -> None:
    """Delete the links that have expired."""
    connection.execute(delete(link).where(link.c.expires_at <= now))


def _add(
    connection: Connection,
    purpose: Purpose,
    user_id: UUID | None,
    invitation_id: UUID | None,
    address: str,
    now: datetime,
) -> Secret:
    token = new_token()
    expires_at = now + LIFETIMES[purpose]
    new = Link(token.digest(), purpose, user_id, invitation_id, address, now, expires_at)
    connection.execute(insert(link).values(**new._asdict()))
    return token
