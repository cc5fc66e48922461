"""Operator and organizations set policies; a session records how its person proved who they are."""

import sqlalchemy as sa
from alembic import op

from gatepass.server.storage.database import Timestamp

revision = "0014"
kind = "expand"
oldest_compatible = "0010"


def upgrade() -> None:
    """Add the policies, and the proofs of a session."""
    op.create_table(
        "policy",
        # Not a foreign key: the row of the operator has an id that no organization has.
        sa.Column("org_id", sa.Uuid, primary_key=True),
        sa.Column("second_factor", sa.Text),
        sa.Column("session_idle", sa.Integer),
        sa.Column("session_absolute", sa.Integer),
        sa.Column("registration", sa.Text),
        sa.Column("single_sign_on", sa.Text),
    )
    op.create_table(
        "proof",
        sa.Column(
            "session_digest",
            sa.LargeBinary,
            sa.ForeignKey("session.id_digest", ondelete="CASCADE"),
            primary_key=True,
        ),
        sa.Column("method", sa.Text, primary_key=True),
        sa.Column("at", Timestamp, nullable=False),
    )
