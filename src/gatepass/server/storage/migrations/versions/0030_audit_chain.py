"""Entries of the audit trail are linked by digests, and checkpoints of the chain are signed."""

import sqlalchemy as sa
from alembic import op

from gatepass.server.storage.database import Timestamp

revision = "0030"
kind = "expand"
oldest_compatible = "0010"


def upgrade() -> None:
    """Add the links, the checkpoints, and how far entries were forwarded.

    The first entry after this begins the chain: those from before are not covered by it.
    """
    op.create_table(
        "audit_link",
        sa.Column("number", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("audit_id", sa.BigInteger, nullable=False, unique=True),
        sa.Column("digest", sa.LargeBinary, nullable=False),
        sa.Column("salts", sa.LargeBinary, nullable=False),
        sa.Column("field_digests", sa.LargeBinary, nullable=False),
        sa.Column("erased_by", sa.BigInteger),
    )
    op.create_table(
        "audit_checkpoint",
        sa.Column("number", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("at", Timestamp, nullable=False),
        sa.Column("statement", sa.Text, nullable=False),
        sa.Column("public_key", sa.Text, nullable=False),
    )
    op.create_table(
        "audit_forward",
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("audit_id", sa.BigInteger, nullable=False),
        sa.Column("holder", sa.Text, nullable=False),
        sa.Column("held_until", Timestamp, nullable=False),
    )
