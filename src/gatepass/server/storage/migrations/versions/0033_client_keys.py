"""Applications may have public keys, and assertions that they signed are accepted once."""

import sqlalchemy as sa
from alembic import op

from gatepass.server.storage.database import Counter, Timestamp

revision = "0033"
kind = "expand"
oldest_compatible = "0010"


def upgrade() -> None:
    """Add the keys, how an application uses them, and which assertions were used."""
    op.create_table(
        "application_key",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column(
            "application_id",
            sa.Uuid,
            sa.ForeignKey("application.id", ondelete="CASCADE"),
            nullable=False,
        ),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("jwk", sa.Text, nullable=False),
        sa.Column("created_at", Timestamp, nullable=False),
        sa.Column("created_by", sa.Text, nullable=False),
        sa.Column("expires_at", Timestamp),
        sa.Column("last_used_at", Timestamp),
        sa.Column("last_used_from", sa.Text),
        sa.Column("last_used_agent", sa.Text),
    )
    op.create_index("ix_application_key_application_id", "application_key", ["application_id"])
    op.create_table(
        "application_key_setting",
        sa.Column(
            "application_id",
            sa.Uuid,
            sa.ForeignKey("application.id", ondelete="CASCADE"),
            primary_key=True,
        ),
        sa.Column("jwks_uri", sa.Text, nullable=False),
        sa.Column("legacy_audience", sa.Boolean, nullable=False),
    )
    op.create_table(
        "used_assertions",
        sa.Column("seq", Counter, primary_key=True, autoincrement=True),
        sa.Column("uses", sa.LargeBinary, nullable=False),
        sa.Column("expires_at", Timestamp, nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_used_assertions_expires_at", "used_assertions", ["expires_at"])
