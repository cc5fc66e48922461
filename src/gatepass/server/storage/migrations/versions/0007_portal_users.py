"""The scope `portal_users`, email addresses that wait to be confirmed, and notices to people."""

import sqlalchemy as sa
from alembic import op

from gatepass.server.storage.database import Timestamp
from gatepass.server.storage.errors import DatabaseError

revision = "0007"

_NAME = "portal_users"
_TAKEN = (
    f"A scope is named {_NAME}, which the server needs itself now. With the version before, take "
    "it from all applications and remove it (gatepass scope remove), then start this one again."
)


def upgrade() -> None:
    """Add the scope, which no application gets, the columns and the table."""
    _add_scope()
    for column in (
        sa.Column("pending_email", sa.Text),
        sa.Column("pending_email_at", Timestamp),
        sa.Column("pending_email_by", sa.Text),
    ):
        op.add_column("person", column)
    op.create_table(
        "notice",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column(
            "person_id",
            sa.Uuid,
            sa.ForeignKey("person.id", ondelete="CASCADE"),
            nullable=False,
            index=True,
        ),
        sa.Column("at", Timestamp, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("by", sa.Text, nullable=False),
        sa.Column("detail", sa.Text, nullable=False),
    )


def _add_scope() -> None:
    scope = sa.table(
        "scope",
        sa.column("name", sa.Text),
        sa.column("description", sa.Text),
        sa.column("is_default", sa.Boolean),
        sa.column("is_restricted", sa.Boolean),
        sa.column("resource", sa.Text),
    )
    found = op.get_bind().execute(sa.select(scope.c.name).where(scope.c.name == _NAME))
    if found.first() is not None:
        raise DatabaseError(_TAKEN)
    op.bulk_insert(
        scope,
        [
            {
                "name": _NAME,
                "description": "With write: change role and email address of people who log in"
                " to the portal, and delete them",
                "is_default": False,
                "is_restricted": False,
                "resource": "",
            }
        ],
    )
