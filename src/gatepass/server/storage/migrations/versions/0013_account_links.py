"""People are invited by mail, confirm their address, and recover their account by a link."""

import sqlalchemy as sa
from alembic import op

from gatepass.server.storage.database import Timestamp

revision = "0013"
kind = "expand"
oldest_compatible = "0010"


def upgrade() -> None:
    """Add the confirmed addresses, the invitations, and the links that were mailed."""
    op.create_table(
        "confirmed_email",
        sa.Column(
            "person_id", sa.Uuid, sa.ForeignKey("person.id", ondelete="CASCADE"), primary_key=True
        ),
        sa.Column("email", sa.Text, nullable=False),
        sa.Column("confirmed_at", Timestamp, nullable=False),
    )
    op.create_table(
        "invitation",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("org_id", sa.Uuid, sa.ForeignKey("organization.id"), nullable=False),
        sa.Column("email", sa.Text, nullable=False),
        sa.Column("email_key", sa.Text, nullable=False),
        sa.Column("role", sa.Text, nullable=False),
        sa.Column("invited_by", sa.Text, nullable=False),
        sa.Column("created_at", Timestamp, nullable=False),
        sa.Column("expires_at", Timestamp, nullable=False),
        sa.UniqueConstraint("org_id", "email_key"),
    )
    op.create_table(
        "account_link",
        sa.Column("digest", sa.LargeBinary, primary_key=True),
        sa.Column("purpose", sa.Text, nullable=False),
        sa.Column("person_id", sa.Uuid, sa.ForeignKey("person.id", ondelete="CASCADE")),
        sa.Column("invitation_id", sa.Uuid, sa.ForeignKey("invitation.id", ondelete="CASCADE")),
        sa.Column("address", sa.Text, nullable=False),
        sa.Column("created_at", Timestamp, nullable=False),
        sa.Column("expires_at", Timestamp, nullable=False),
        sa.UniqueConstraint("person_id", "purpose"),
        sa.UniqueConstraint("invitation_id", "purpose"),
    )
    op.create_index("ix_account_link_expires_at", "account_link", ["expires_at"])
