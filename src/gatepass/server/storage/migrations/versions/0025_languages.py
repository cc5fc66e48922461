"""People read pages and mail in a language of their own."""

import sqlalchemy as sa
from alembic import op

revision = "0025"
kind = "expand"
oldest_compatible = "0010"


def upgrade() -> None:
    """Add the table of languages."""
    op.create_table(
        "language",
        sa.Column(
            "person_id",
            sa.Uuid,
            sa.ForeignKey("person.id", ondelete="CASCADE"),
            primary_key=True,
        ),
        sa.Column("chosen", sa.Text, nullable=False, server_default=""),
        sa.Column("browser", sa.Text, nullable=False, server_default=""),
    )
