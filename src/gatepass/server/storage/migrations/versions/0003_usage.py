"""Usage and recent refusals; from where a secret was used; limits on asking for tokens."""

import sqlalchemy as sa
from alembic import op

from gatepass.server.storage.database import Counter, Timestamp

revision = "0003"


def upgrade() -> None:
    """Create the tables of usage, add the columns."""
    op.create_table(
        "usage",
        sa.Column("application_id", sa.Uuid, _of_an_application(), primary_key=True),
        sa.Column("span", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("start", Timestamp, primary_key=True, autoincrement=False),
        sa.Column("what", sa.Text, primary_key=True),
        sa.Column("times", sa.BigInteger, nullable=False),
    )
    op.create_index("ix_usage_span_start", "usage", ["span", "start"])
    op.create_table(
        "refusal",
        sa.Column("id", Counter, primary_key=True, autoincrement=True),
        sa.Column("application_id", sa.Uuid, _of_an_application(), nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("note", sa.Text, nullable=False),
        sa.Column("source", sa.Text, nullable=False),
        sa.Column("agent", sa.Text, nullable=False),
        sa.Column("times", sa.BigInteger, nullable=False),
        sa.Column("first_at", Timestamp, nullable=False),
        sa.Column("at", Timestamp, nullable=False, index=True),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_refusal_application_id_at", "refusal", ["application_id", "at"])
    op.add_column(
        "application", sa.Column("mint_mode", sa.Text, nullable=False, server_default="off")
    )
    op.add_column("application", sa.Column("mint_limit", sa.Integer))
    op.add_column("application_secret", sa.Column("last_used_from", sa.Text))
    op.add_column("application_secret", sa.Column("last_used_agent", sa.Text))
    op.add_column("application_secret", sa.Column("ends_on_use_of", sa.Uuid))


def _of_an_application() -> sa.ForeignKey:
    return sa.ForeignKey("application.id", ondelete="CASCADE")
