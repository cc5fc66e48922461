"""Messages, such as mail, are written with the change that they tell of, and sent afterwards."""

import sqlalchemy as sa
from alembic import op

from gatepass.server.storage.database import Counter, Timestamp

revision = "0012"
kind = "expand"
oldest_compatible = "0010"


def upgrade() -> None:
    """Add the outbox."""
    op.create_table(
        "outbox",
        sa.Column("id", Counter, primary_key=True, autoincrement=True),
        sa.Column("channel", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("address", sa.Text, nullable=False),
        sa.Column("content", sa.LargeBinary, nullable=False),
        sa.Column("created_at", Timestamp, nullable=False),
        sa.Column("give_up_at", Timestamp, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("due_at", Timestamp),
        sa.Column("sent_at", Timestamp),
        sa.Column("failed_at", Timestamp),
        sa.Column("error", sa.Text, nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_outbox_channel_due_at", "outbox", ["channel", "due_at"])
