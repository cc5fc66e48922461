"""Guards that follow the revocation feed are kept, with how far behind each is."""

import sqlalchemy as sa
from alembic import op

from gatepass.server.storage.database import Timestamp

revision = "0034"
kind = "expand"
oldest_compatible = "0010"


def upgrade() -> None:
    """Add the table of guards."""
    op.create_table(
        "feed_follower",
        sa.Column("application_id", sa.Uuid, primary_key=True),
        sa.Column("source", sa.Text, primary_key=True),
        sa.Column("agent", sa.Text, primary_key=True),
        sa.Column("first_at", Timestamp, nullable=False),
        sa.Column("last_at", Timestamp, nullable=False),
        sa.Column("behind", sa.BigInteger),
    )
    op.create_index("ix_feed_follower_last_at", "feed_follower", ["last_at"])
