"""The users' table."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import (
    Boolean,
    Column,
    Connection,
    ForeignKey,
    Select,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    and_,
    delete,
    func,
    insert,
    or_,
    select,
    update,
)

from gatepass.server.domain.users.model import COLUMNS, User, email_key
from gatepass.server.storage.database import Timestamp, metadata
from gatepass.server.storage.statements import has_text, next_of, partial_index

user = Table(
    "person",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("org_id", Uuid, ForeignKey("organization.id"), nullable=False),
    Column("username", Text, unique=True),
    Column("email", Text),
    Column("email_key", Text),
    Column("role", Text, nullable=False),
    Column("external_user_id", Text),
    Column("first_name", Text),
    Column("last_name", Text),
    Column("street_and_number", Text),
    Column("street_add_info", Text),
    Column("zip_code", Text),
    Column("town", Text),
    Column("country_iso2", Text),
    Column("created_at", Timestamp, nullable=False),
    Column("updated_at", Timestamp, nullable=False),
    Column("disabled_at", Timestamp),
    Column("password_hash", Text),
    Column("must_change_password", Boolean, nullable=False),
    Column("password_changed_at", Timestamp),
    Column("last_login_at", Timestamp),
    Column("initial_password_at", Timestamp),
    Column("pending_email", Text),
    Column("pending_email_at", Timestamp),
    Column("pending_email_by", Text),
    UniqueConstraint("org_id", "email_key"),
)
_logs_in = user.c.password_hash.is_not(None)
partial_index("ix_person_email_key", user.c.email_key, _logs_in)

_whole: Select[tuple[object, ...]] = select(*(user.c[name] for name in COLUMNS))


def reference_to_user() -> Column[UUID]:
    """Return the column of a table whose rows belong to a user and are deleted with them."""
    owner = ForeignKey("person.id", ondelete="CASCADE")
    return Column("person_id", Uuid, owner, key="user_id", nullable=False, index=True)


class After(NamedTuple):
    """Where a page begins: behind the person created then, with this id."""

    created_at: datetime
    id: UUID


def find(connection: Connection, user_id: UUID) -> User | None:
    """Return the person with this id."""
    return _one(connection, _whole.where(user.c.id == user_id))


def find_by_username(connection: Connection, username: str) -> User | None:
    """Return the person with this username, which must be in lower case."""
    found = find_near_username(connection, username)
    return found if found and found.username == username else None


def find_near_username(connection: Connection, username: str) -> User | None:
    """Return the person with this username, or where there is none, with the next one.

    For callers whose time must not reveal which of the two it was.
    """
    return _one(connection, _whole.where(user.c.username == next_of(user.c.username, username)))


def email_is_taken(
    connection: Connection, org_id: UUID, email: str, *, by_other_than: UUID | None = None
) -> bool:
    """Return whether somebody of the organization has this address, however it is spelled."""
    query = select(user.c.id).where(user.c.org_id == org_id, user.c.email_key == email_key(email))
    return connection.execute(query).scalar_one_or_none() not in {None, by_other_than}


def find_near_email(connection: Connection, key: str) -> list[User]:
    """Return those who log in to the portal and have this address, two at most.

    Where there is nobody, those with the next address: for callers whose time must not reveal
    which of the two it was.
    """
    other = user.alias()
    smallest = select(func.min(other.c.email_key)).where(other.c.password_hash.is_not(None))
    from_there = smallest.where(other.c.email_key >= key).scalar_subquery()
    near = func.coalesce(from_there, smallest.scalar_subquery())
    query = _whole.where(user.c.email_key == near, user.c.password_hash.is_not(None)).limit(2)
    rows: Sequence[Sequence[object]] = connection.execute(query).all()
    return [_user(row) for row in rows]


def with_portal_access_and_email(connection: Connection, key: str) -> list[User]:
    """Return those who log in to the portal and have this address, of whatever organization."""
    query = _whole.where(user.c.email_key == key, _logs_in).order_by(user.c.username)
    rows: Sequence[Sequence[object]] = connection.execute(query).all()
    return [_user(row) for row in rows]


def of_organization(
    connection: Connection,
    org_id: UUID,
    *,
    where: Mapping[str, str] | None = None,
    after: After | None = None,
    limit: int | None = None,
    only_portal: bool = False,
) -> list[User]:
    """Return an organization's users, oldest first; `where` filters by columns' values.

    Its "search" is a part of the username, of a name, or of the email address. `only_portal`
    leaves those out who have no access to the portal.
    """
    query = _whole.where(user.c.org_id == org_id).order_by(user.c.created_at, user.c.id)
    if only_portal:
        query = query.where(user.c.username.is_not(None) | _logs_in)
    for name, value in (where or {}).items():
        if name == "search":
            searched = user.c["username", "email", "first_name", "last_name"]
            query = query.where(or_(*(has_text(each, value) for each in searched)))
        elif name == "email":
            # The second is the key of a row from before 0009 whose address another row has, too.
            query = query.where(user.c.email_key.in_((email_key(value), value.casefold())))
        else:
            query = query.where(user.c[name] == value)
    if after:
        later = user.c.created_at > after.created_at
        same = and_(user.c.created_at == after.created_at, user.c.id > after.id)
        query = query.where(or_(later, same))
    rows: Sequence[Sequence[object]] = connection.execute(query.limit(limit)).all()
    return [_user(row) for row in rows]


def active_administrators(connection: Connection, org_id: UUID) -> int:
    """Count who could still administer the organization: enabled, with access to the portal."""
    query = select(func.count()).where(
        user.c.org_id == org_id,
        user.c.role == "admin",
        user.c.disabled_at.is_(None),
        user.c.password_hash.is_not(None),
    )
    return connection.execute(query).scalar_one()


def add(connection: Connection, new: User) -> None:
    """Add a user."""
    values = {name: getattr(new, name) for name in COLUMNS}
    connection.execute(insert(user).values(_with_key(values)))


def change(connection: Connection, user_id: UUID, values: Mapping[str, object]) -> None:
    """Set columns of a person."""
    connection.execute(update(user).where(user.c.id == user_id).values(_with_key(dict(values))))


def remove(connection: Connection, user_id: UUID) -> None:
    """Delete a person and their sessions."""
    connection.execute(delete(user).where(user.c.id == user_id))


def _with_key(values: dict[str, object]) -> dict[str, object]:
    """Add the form in which addresses are compared: two spellings of one address are one."""
    if "email" in values:
        email = values["email"]
        values["email_key"] = email_key(email) if isinstance(email, str) else None
    return values


def _one(connection: Connection, query: Select[tuple[object, ...]]) -> User | None:
    row = connection.execute(query).one_or_none()
    return _user(row) if row else None


def _user(row: Sequence[object]) -> User:
    return User(**dict(zip(COLUMNS, row, strict=True)))  # type: ignore[arg-type]
