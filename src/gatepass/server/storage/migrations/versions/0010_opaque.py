"""Opaque tokens have this name in every column."""

from alembic import op

revision = "0010"


def upgrade() -> None:
    """Rename the values of the columns."""
    op.execute("UPDATE server_key SET purpose = 'opaque' WHERE purpose = 'seal'")
    op.execute("UPDATE resource SET tokens = 'opaque' WHERE tokens = 'sealed'")
