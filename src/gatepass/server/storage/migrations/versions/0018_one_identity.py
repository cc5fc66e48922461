"""A sandbox that trusts production's accounts: login codes, linked sessions and organizations."""

import sqlalchemy as sa
from alembic import op

from gatepass.server.storage.database import Timestamp

revision = "0018"
kind = "expand"
oldest_compatible = "0010"


def upgrade() -> None:
    """Add the codes that let people of production in to the sandbox, and what is linked."""
    op.create_table(
        "login_code",
        sa.Column("digest", sa.LargeBinary, primary_key=True),
        sa.Column(
            "session_digest",
            sa.LargeBinary,
            sa.ForeignKey("session.id_digest", ondelete="CASCADE"),
            nullable=False,
        ),
        sa.Column("challenge", sa.LargeBinary, nullable=False),
        sa.Column("expires_at", Timestamp, nullable=False),
    )
    op.create_index("ix_login_code_session_digest", "login_code", ["session_digest"])
    op.create_table(
        "session_handle",
        sa.Column("handle", sa.Uuid, primary_key=True),
        sa.Column(
            "session_digest",
            sa.LargeBinary,
            sa.ForeignKey("session.id_digest", ondelete="CASCADE"),
            nullable=False,
        ),
    )
    op.create_index("ix_session_handle_session_digest", "session_handle", ["session_digest"])
    op.create_table(
        "linked_session",
        sa.Column(
            "session_digest",
            sa.LargeBinary,
            sa.ForeignKey("session.id_digest", ondelete="CASCADE"),
            primary_key=True,
        ),
        sa.Column("handle", sa.Uuid, nullable=False),
    )
    op.create_table(
        "linked_organization",
        sa.Column("production_id", sa.Uuid, primary_key=True),
        sa.Column("org_id", sa.Uuid, sa.ForeignKey("organization.id"), nullable=False, unique=True),
    )
