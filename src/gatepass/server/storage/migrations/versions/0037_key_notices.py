"""Reminders about keys are given once; a policy may want keys of new applications."""

import sqlalchemy as sa
from alembic import op

from gatepass.server.storage.database import Timestamp

revision = "0037"
kind = "expand"
oldest_compatible = "0010"


def upgrade() -> None:
    """Add the reminders about keys, and what a policy says of new applications."""
    op.create_table(
        "key_notice",
        sa.Column(
            "key_id",
            sa.Uuid,
            sa.ForeignKey("application_key.id", ondelete="CASCADE"),
            primary_key=True,
        ),
        sa.Column("expires_at", Timestamp, nullable=False),
        sa.Column("days", sa.Integer, nullable=False),
    )
    op.add_column("policy", sa.Column("new_applications", sa.Text))
