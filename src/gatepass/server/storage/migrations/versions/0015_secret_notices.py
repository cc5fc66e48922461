"""Administrators are reminded before the last secret of an application expires."""

import sqlalchemy as sa
from alembic import op

from gatepass.server.storage.database import Timestamp

revision = "0015"
kind = "expand"
oldest_compatible = "0010"


def upgrade() -> None:
    """Add the reminders that were given."""
    op.create_table(
        "secret_notice",
        sa.Column(
            "secret_id",
            sa.Uuid,
            sa.ForeignKey("application_secret.id", ondelete="CASCADE"),
            primary_key=True,
        ),
        sa.Column("expires_at", Timestamp, nullable=False),
        sa.Column("days", sa.Integer, nullable=False),
    )
