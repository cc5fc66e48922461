"""Applications rotate their own secrets, where an administrator allows it."""

import sqlalchemy as sa
from alembic import op

from gatepass.server.storage.database import Timestamp

revision = "0024"
kind = "expand"
oldest_compatible = "0010"


def upgrade() -> None:
    """Add the table of automatic rotation."""
    op.create_table(
        "automatic_rotation",
        sa.Column(
            "application_id",
            sa.Uuid,
            sa.ForeignKey("application.id", ondelete="CASCADE"),
            primary_key=True,
        ),
        sa.Column("is_on", sa.Boolean, nullable=False),
        sa.Column("interval_seconds", sa.Integer, nullable=False),
        sa.Column("overlap_seconds", sa.Integer, nullable=False),
        sa.Column("prepared", sa.Uuid),
        sa.Column("prepared_at", Timestamp),
        sa.Column("committed", sa.Uuid),
        sa.Column("committed_at", Timestamp),
        sa.Column("committed_from", sa.Text, nullable=False, server_default=""),
        sa.Column("replaced", sa.Uuid),
        sa.Column("replaced_end", Timestamp),
    )
