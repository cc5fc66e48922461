"""People see when, from where and with which program they logged in last."""

import sqlalchemy as sa
from alembic import op

from gatepass.server.storage.database import Timestamp

revision = "0015"
kind = "expand"
oldest_compatible = "0010"


def upgrade() -> None:
    """Add the last logins of each person."""
    op.create_table(
        "login",
        sa.Column(
            "person_id", sa.Uuid, sa.ForeignKey("person.id", ondelete="CASCADE"), primary_key=True
        ),
        sa.Column("at", Timestamp, primary_key=True),
        sa.Column("source", sa.Text, nullable=False),
        sa.Column("user_agent", sa.Text, nullable=False),
        sa.Column("methods", sa.Text, nullable=False),
    )
