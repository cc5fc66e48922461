"""Applications may have settings of their own: to what their tokens are bound, and a profile."""

import sqlalchemy as sa
from alembic import op

revision = "0035"
kind = "expand"
oldest_compatible = "0010"


def upgrade() -> None:
    """Add the settings: a row for each application that has any."""
    op.create_table(
        "application_setting",
        sa.Column(
            "application_id",
            sa.Uuid,
            sa.ForeignKey("application.id", ondelete="CASCADE"),
            primary_key=True,
        ),
        sa.Column("dpop_bound_access_tokens", sa.Boolean, nullable=False),
        sa.Column("tls_client_certificate_bound_access_tokens", sa.Boolean, nullable=False),
        sa.Column("profile", sa.Text),
        sa.Column("introspection_signed_response_alg", sa.Text),
    )
