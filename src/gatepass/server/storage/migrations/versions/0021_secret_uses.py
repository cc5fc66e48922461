"""People see from where each secret was used in the last 90 days."""

import sqlalchemy as sa
from alembic import op

from gatepass.server.storage.database import Timestamp

revision = "0021"
kind = "expand"
oldest_compatible = "0010"


def upgrade() -> None:
    """Add the addresses from which secrets were used."""
    op.create_table(
        "secret_use",
        sa.Column(
            "application_id",
            sa.Uuid,
            sa.ForeignKey("application.id", ondelete="CASCADE"),
            primary_key=True,
        ),
        sa.Column("secret_id", sa.Uuid, primary_key=True),
        sa.Column("source", sa.Text, primary_key=True),
        sa.Column("agent", sa.Text, nullable=False),
        sa.Column("last_four", sa.Text, nullable=False),
        sa.Column("at", Timestamp, nullable=False),
    )
    op.create_index("ix_secret_use_at", "secret_use", ["at"])
