"""Leaked credentials can be reported; policies say what becomes of a leaked secret."""

import sqlalchemy as sa
from alembic import op

from gatepass.server.storage.database import Counter, Timestamp

revision = "0022"
kind = "expand"
oldest_compatible = "0010"


def upgrade() -> None:
    """Add the policy's fields, the reports that wait, and the secrets that leaked."""
    op.add_column("policy", sa.Column("leaked_secret", sa.Text))
    op.add_column("policy", sa.Column("leaked_secret_grace", sa.Integer))
    op.create_table(
        "leak_report",
        sa.Column("id", Counter, primary_key=True, autoincrement=True),
        sa.Column("received_at", Timestamp, nullable=False),
        sa.Column("source", sa.Text, nullable=False),
        sa.Column("channel", sa.Text, nullable=False),
        sa.Column("location", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("digest", sa.LargeBinary, nullable=False),
        sa.Column("application_id", sa.Uuid),
        sa.Column("client_id", sa.Text, nullable=False),
        sa.Column("expires_at", Timestamp),
    )
    op.create_table(
        "leaked_secret",
        sa.Column(
            "secret_id",
            sa.Uuid,
            sa.ForeignKey("application_secret.id", ondelete="CASCADE"),
            primary_key=True,
        ),
        sa.Column("reported_at", Timestamp, nullable=False),
        sa.Column("channel", sa.Text, nullable=False),
        sa.Column("location", sa.Text, nullable=False),
        sa.Column("has_tokens", sa.Boolean, nullable=False),
    )
