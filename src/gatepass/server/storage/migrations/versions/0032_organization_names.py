"""Organizations are searched by an index of their names, which the servers fill."""

import sqlalchemy as sa
from alembic import op

from gatepass.server.storage.database import Timestamp

revision = "0032"
kind = "expand"
oldest_compatible = "0010"


def upgrade() -> None:
    """Add the blocks of names, what is in which, and up to where they are right."""
    op.create_table(
        "organization_name_block",
        sa.Column("first_at", Timestamp, primary_key=True),
        sa.Column("first_id", sa.Uuid, primary_key=True),
        sa.Column("number", sa.Integer, nullable=False, unique=True),
        sa.Column("suspended", sa.Text, nullable=False),
        sa.Column("names", sa.Text, nullable=False),
        sa.Column("ids", sa.LargeBinary, nullable=False),
    )
    op.create_table(
        "organization_name_gram",
        sa.Column("gram", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("segment", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("blocks", sa.LargeBinary, nullable=False),
    )
    op.create_table(
        "organization_name_index",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("audit_id", sa.BigInteger, nullable=False),
        sa.Column("filled_at", Timestamp),
        sa.Column("filled_id", sa.Uuid),
    )
