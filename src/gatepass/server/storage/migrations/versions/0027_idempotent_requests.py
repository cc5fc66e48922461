"""A request of the Admin API with an Idempotency-Key is done once."""

import sqlalchemy as sa
from alembic import op

revision = "0027"
kind = "expand"
oldest_compatible = "0010"


def upgrade() -> None:
    """Add the table of such requests and of their answers."""
    op.create_table(
        "idempotent_request",
        sa.Column("key_digest", sa.LargeBinary, primary_key=True),
        sa.Column("request_digest", sa.LargeBinary, nullable=False),
        sa.Column("answer", sa.LargeBinary, nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
    )
    op.create_index("ix_idempotent_request_at", "idempotent_request", ["at"])
