"""Opaque tokens have this name in every column.

Revision ID: 0010
"""

from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    """Rename the values of the columns."""
    op.execute("UPDATE server_key SET purpose = 'opaque' WHERE purpose = 'seal'")
    op.execute("UPDATE resource SET tokens = 'opaque' WHERE tokens = 'sealed'")
