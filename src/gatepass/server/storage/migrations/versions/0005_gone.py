"""Applications and keys that are gone, while tokens may still name them."""

import sqlalchemy as sa
from alembic import op

from gatepass.server.storage.database import Timestamp

revision = "0005"


def upgrade() -> None:
    """Add what the revocation feed reads."""
    op.create_table(
        "gone",
        sa.Column("kind", sa.Text, primary_key=True),
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("at", Timestamp, nullable=False),
    )
    op.create_index("ix_gone_at", "gone", ["at"])
    _partial_index("ix_application_voided", "application", "client_id", _VOIDED)
    _partial_index("ix_organization_suspended", "organization", "id", "suspended_at IS NOT NULL")


_VOIDED = "disabled_at IS NOT NULL OR tokens_void_before IS NOT NULL"


def _partial_index(name: str, table: str, column: str, where: str) -> None:
    op.create_index(
        name, table, [column], sqlite_where=sa.text(where), postgresql_where=sa.text(where)
    )
