"""One row that every server writes every ten seconds, to learn whether it can."""

import sqlalchemy as sa
from alembic import op

from gatepass.server.storage.database import Timestamp

revision = "0008"


def upgrade() -> None:
    """Add the table."""
    op.create_table(
        "heartbeat",
        sa.Column("id", sa.SmallInteger, primary_key=True, autoincrement=False),
        sa.Column("at", Timestamp, nullable=False),
    )
