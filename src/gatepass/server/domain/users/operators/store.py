"""The tables of operators' roles, and of those that an invitation gives."""

from collections.abc import Iterable, Sequence
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
)

from gatepass.server.domain.organizations import store as organizations
from gatepass.server.domain.users import store as users
from gatepass.server.domain.users.model import User
from gatepass.server.domain.users.operators.model import Operator, OperatorRole, Roles
from gatepass.server.domain.users.store import user
from gatepass.server.storage.database import Database, metadata
from gatepass.server.storage.statements import insert_many
from gatepass.wire.credential import Mode

REVISION = organizations.OPERATING_REVISION

operator_role = Table(
    "operator_role",
    metadata,
    Column(
        "person_id",
        Uuid,
        ForeignKey("person.id", ondelete="CASCADE"),
        key="user_id",
        primary_key=True,
    ),
    Column("environment", Text, primary_key=True),
    Column("role", Text, primary_key=True),
)
invited_role = Table(
    "invited_operator_role",
    metadata,
    Column(
        "invitation_id",
        Uuid,
        ForeignKey("invitation.id", ondelete="CASCADE"),
        primary_key=True,
    ),
    Column("environment", Text, primary_key=True),
    Column("role", Text, primary_key=True),
)


def find(database: Database, connection: Connection, whose: User) -> Operator | None:
    """Return a person of the operating organization with their roles; None for anybody else."""
    if organizations.find_operating(database, connection) != whose.org_id:
        return None
    return Operator(whose, roles_of(connection, whose.id))


def list_all(database: Database, connection: Connection) -> list[Operator]:
    """Return the people of the operating organization, oldest first."""
    org_id = organizations.find_operating(database, connection)
    if org_id is None:
        return []
    members = users.of_organization(connection, org_id)
    return [Operator(each, roles_of(connection, each.id)) for each in members]


def roles_of(connection: Connection, user_id: UUID) -> Roles:
    """Return somebody's roles."""
    found = operator_role.c
    return _roles(connection, select(found.environment, found.role).where(found.user_id == user_id))


def set_roles(connection: Connection, user_id: UUID, roles: Roles) -> None:
    """Write somebody's roles in place of those that they had."""
    connection.execute(delete(operator_role).where(operator_role.c.user_id == user_id))
    insert_many(connection, operator_role, [{"user_id": user_id, **row} for row in _rows(roles)])


def roles_of_invitation(database: Database, connection: Connection, invitation_id: UUID) -> Roles:
    """Return the roles that an invitation gives: none for one of a partner."""
    if not database.has(connection, REVISION):
        return {}
    found = invited_role.c
    query = select(found.environment, found.role).where(found.invitation_id == invitation_id)
    return _roles(connection, query)


def add_roles_of_invitation(connection: Connection, invitation_id: UUID, roles: Roles) -> None:
    """Write the roles that an invitation gives."""
    rows = [{"invitation_id": invitation_id, **row} for row in _rows(roles)]
    insert_many(connection, invited_role, rows)


def is_last_owner(database: Database, connection: Connection, whose: User) -> bool:
    """Return whether somebody alone could log in as an owner of production."""
    if not database.has(connection, REVISION):
        return False
    can = _owners_who_log_in()
    is_one: int = connection.execute(can.where(user.c.id == whose.id)).scalar_one()
    every: int = connection.execute(can).scalar_one()
    return is_one > 0 and every == 1


def _owners_who_log_in() -> Select[Any]:
    owns = operator_role.c.environment == Mode.LIVE.value, operator_role.c.role == "owner"
    return (
        select(func.count())
        .select_from(user.join(operator_role, operator_role.c.user_id == user.c.id))
        .where(*owns, user.c.disabled_at.is_(None), user.c.password_hash.is_not(None))
    )


def _roles(connection: Connection, query: Select[Any]) -> Roles:
    found: dict[Mode, set[OperatorRole]] = {}
    rows: Sequence[Sequence[Any]] = connection.execute(query).all()
    for environment, role in rows:
        found.setdefault(Mode(environment), set()).add(role)
    return {mode: frozenset(found[mode]) for mode in Mode if mode in found}


def _rows(roles: Roles) -> Iterable[dict[str, str]]:
    return [
        {"environment": mode.value, "role": role}
        for mode, own in roles.items()
        for role in sorted(own)
    ]
