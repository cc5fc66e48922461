"""Applications may authenticate with certificates (RFC 8705)."""

import sqlalchemy as sa
from alembic import op

from gatepass.server.storage.database import Timestamp

revision = "0036"
kind = "expand"
oldest_compatible = "0010"


def upgrade() -> None:
    """Add what certificates of applications are recognised by."""
    op.create_table(
        "application_certificate",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column(
            "application_id",
            sa.Uuid,
            sa.ForeignKey("application.id", ondelete="CASCADE"),
            nullable=False,
        ),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("certificate", sa.Text),
        sa.Column("member", sa.Text),
        sa.Column("value", sa.Text),
        sa.Column("created_at", Timestamp, nullable=False),
        sa.Column("created_by", sa.Text, nullable=False),
        sa.Column("last_used_at", Timestamp),
        sa.Column("last_used_from", sa.Text),
        sa.Column("last_used_agent", sa.Text),
    )
    op.create_index(
        "ix_application_certificate_application_id", "application_certificate", ["application_id"]
    )
