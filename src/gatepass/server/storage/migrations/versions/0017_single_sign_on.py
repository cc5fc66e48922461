"""People of an organization log in through its own OpenID provider."""

import sqlalchemy as sa
from alembic import op

from gatepass.server.storage.database import Timestamp

revision = "0017"
kind = "expand"
oldest_compatible = "0010"


def upgrade() -> None:
    """Add the providers, their domains, the connected accounts, and the attempts under way."""
    op.create_table(
        "single_sign_on",
        sa.Column("org_id", sa.Uuid, sa.ForeignKey("organization.id"), primary_key=True),
        sa.Column("issuer", sa.Text, nullable=False),
        sa.Column("client_id", sa.Text, nullable=False),
        sa.Column("secret", sa.LargeBinary, nullable=False),
        sa.Column("is_on", sa.Boolean, nullable=False),
        sa.Column("tested_at", Timestamp),
        sa.Column("adds_people", sa.Boolean, nullable=False),
        sa.Column("role_claim", sa.Text, nullable=False),
        sa.Column("roles", sa.Text, nullable=False),
        sa.Column("default_role", sa.Text, nullable=False),
        sa.Column("highest_role", sa.Text, nullable=False),
        sa.Column("emergency_id", sa.Uuid, sa.ForeignKey("person.id", ondelete="SET NULL")),
        sa.Column("changed_at", Timestamp, nullable=False),
    )
    op.create_table(
        "single_sign_on_domain",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("org_id", sa.Uuid, sa.ForeignKey("organization.id"), nullable=False),
        sa.Column("domain", sa.Text, nullable=False),
        sa.Column("token", sa.Text, nullable=False),
        sa.Column("created_at", Timestamp, nullable=False),
        sa.Column("proved_at", Timestamp),
        sa.Column("proved_domain", sa.Text, unique=True),
        sa.UniqueConstraint("org_id", "domain"),
    )
    _add_identities_and_attempts()


def _add_identities_and_attempts() -> None:
    op.create_table(
        "single_sign_on_identity",
        sa.Column("org_id", sa.Uuid, sa.ForeignKey("organization.id"), primary_key=True),
        sa.Column("issuer", sa.Text, primary_key=True),
        sa.Column("subject", sa.Text, primary_key=True),
        sa.Column(
            "person_id",
            sa.Uuid,
            sa.ForeignKey("person.id", ondelete="CASCADE"),
            nullable=False,
            unique=True,
        ),
        sa.Column("has_arrived", sa.Boolean, nullable=False),
        sa.Column("created_at", Timestamp, nullable=False),
        sa.Column("last_used_at", Timestamp),
    )
    op.create_table(
        "single_sign_on_attempt",
        sa.Column("digest", sa.LargeBinary, primary_key=True),
        sa.Column("org_id", sa.Uuid, sa.ForeignKey("organization.id"), nullable=False),
        sa.Column("purpose", sa.Text, nullable=False),
        sa.Column("issuer", sa.Text, nullable=False),
        sa.Column("client_id", sa.Text, nullable=False),
        sa.Column("browser", sa.LargeBinary, nullable=False),
        sa.Column("session_digest", sa.LargeBinary),
        sa.Column("person_id", sa.Uuid, sa.ForeignKey("person.id", ondelete="CASCADE")),
        sa.Column("content", sa.LargeBinary, nullable=False),
        sa.Column("created_at", Timestamp, nullable=False),
        sa.Column("expires_at", Timestamp, nullable=False),
    )
    op.create_index(
        "ix_single_sign_on_attempt_expires_at", "single_sign_on_attempt", ["expires_at"]
    )
