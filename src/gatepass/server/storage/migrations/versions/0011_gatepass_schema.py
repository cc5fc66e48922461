"""The database says which programs can work with its tables."""

import sqlalchemy as sa
from alembic import op

from gatepass.server.storage.database import Timestamp

revision = "0011"
kind = "expand"
oldest_compatible = "0010"


def upgrade() -> None:
    """Add the table."""
    op.create_table(
        "gatepass_schema",
        sa.Column("id", sa.SmallInteger, primary_key=True, autoincrement=False),
        sa.Column("revision", sa.Text, nullable=False),
        sa.Column("oldest_compatible", sa.Text, nullable=False),
        sa.Column("program", sa.Text, nullable=False),
        sa.Column("migrated_at", Timestamp, nullable=False),
        sa.Column("environment", sa.Text),
    )
