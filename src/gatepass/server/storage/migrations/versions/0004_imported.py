"""Applications that were another system's."""

import sqlalchemy as sa
from alembic import op

from gatepass.server.storage.database import Timestamp

revision = "0004"


def upgrade() -> None:
    """Add what is kept of an import."""
    op.add_column("application", sa.Column("imported_from", sa.Text))
    op.add_column("application_secret", sa.Column("encoded", sa.Text))
    op.create_index(
        "ix_application_secret_encoded",
        "application_secret",
        ["application_id"],
        sqlite_where=sa.text("encoded IS NOT NULL"),
        postgresql_where=sa.text("encoded IS NOT NULL"),
    )
    op.create_table(
        "imported",
        sa.Column("source", sa.Text, primary_key=True),
        sa.Column("client_id", sa.Text, primary_key=True),
        sa.Column("owner", sa.Text, nullable=False),
        sa.Column("org_id", sa.Uuid, nullable=False),
        sa.Column("fingerprint", sa.LargeBinary, nullable=False),
        sa.Column("at", Timestamp, nullable=False),
    )
    op.create_index("ix_imported_source_owner", "imported", ["source", "owner"])
