"""The policies' table: a row for the operator, and one for each organization that states one."""

from dataclasses import asdict
from uuid import UUID

from sqlalchemy import Column, Connection, Integer, Table, Text, Uuid, select

from gatepass.server.domain.organizations.policies.model import (
    OPERATOR,
    Policy,
    StatedPolicy,
    in_force,
)
from gatepass.server.storage.database import Database, metadata
from gatepass.server.storage.statements import upsert

REVISION = "0014"
"""The revision of the tables that has this one."""
REVISION_TO_WRITE = "0037"
"""The revision that has every column: on older tables policies are read, not changed."""

policy = Table(
    "policy",
    metadata,
    Column("org_id", Uuid, primary_key=True),
    Column("second_factor", Text),
    Column("session_idle", Integer),
    Column("session_absolute", Integer),
    Column("registration", Text),
    Column("single_sign_on", Text),
    Column("secret_lifetime", Integer),
    Column("leaked_secret", Text),
    Column("leaked_secret_grace", Integer),
    Column("new_applications", Text),
)
_LATER = {
    policy.c.secret_lifetime: "0019",
    policy.c.leaked_secret: "0022",
    policy.c.leaked_secret_grace: "0022",
    policy.c.new_applications: "0037",
}
"""The revisions of the columns that the table did not have at first."""


def find(database: Database, connection: Connection, owner: UUID) -> StatedPolicy:
    """Return what an organization, or OPERATOR, states; nothing where it has stated nothing."""
    return next(iter(_find(database, connection, owner)), StatedPolicy())


def put(connection: Connection, owner: UUID, stated: StatedPolicy) -> None:
    """Write what an organization, or OPERATOR, states, in place of what it stated before."""
    upsert(connection, policy, org_id=owner, **asdict(stated))


def find_in_force(database: Database, connection: Connection, org_id: UUID) -> Policy:
    """Return the policy that holds for an organization: for each field the stricter value.

    The defaults, where the tables are those of the version before.
    """
    if not database.has(connection, REVISION):
        return Policy()
    return in_force(*_find(database, connection, OPERATOR, org_id))


def _find(database: Database, connection: Connection, *owners: UUID) -> list[StatedPolicy]:
    columns = [
        column
        for column in policy.c
        if column.name != "org_id" and database.has(connection, _LATER.get(column, REVISION))
    ]
    query = select(*columns).where(policy.c.org_id.in_(owners))
    return [StatedPolicy(**row) for row in connection.execute(query).mappings()]
