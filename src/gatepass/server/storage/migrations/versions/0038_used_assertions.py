"""Assertions that applications signed are accepted once, by all processes."""

import sqlalchemy as sa
from alembic import op

from gatepass.server.storage.database import Counter, Timestamp

revision = "0038"
kind = "expand"
oldest_compatible = "0010"


def upgrade() -> None:
    """Add the assertions that were used, those of one transaction in one row."""
    op.create_table(
        "used_assertions",
        sa.Column("seq", Counter, primary_key=True, autoincrement=True),
        sa.Column("uses", sa.LargeBinary, nullable=False),
        sa.Column("expires_at", Timestamp, nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_used_assertions_expires_at", "used_assertions", ["expires_at"])
