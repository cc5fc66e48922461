"""One row that every server writes every ten seconds, to learn whether it can.

Revision ID: 0008
"""

import sqlalchemy as sa
from alembic import op

from gatepass.server.storage.database import Timestamp

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Add the table."""
    op.create_table(
        "heartbeat",
        sa.Column("id", sa.SmallInteger, primary_key=True, autoincrement=False),
        sa.Column("at", Timestamp, nullable=False),
    )
