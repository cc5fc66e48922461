"""Secrets end: a policy limits how long they live, and administrators are reminded before."""

import sqlalchemy as sa
from alembic import op

from gatepass.server.storage.database import Timestamp

revision = "0019"
kind = "expand"
oldest_compatible = "0010"


def upgrade() -> None:
    """Add the policy's field, and the reminders that were given."""
    op.add_column("policy", sa.Column("secret_lifetime", sa.Integer))
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
