"""The first tables."""

import sqlalchemy as sa
from alembic import op

from gatepass.server.storage.database import Counter, Timestamp

revision = "0001"


def upgrade() -> None:
    """Create every table."""
    _partners()
    _applications()
    _sessions()
    _records()


def _partners() -> None:
    op.create_table(
        "organization",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("created_at", Timestamp, nullable=False),
        sa.Column("suspended_at", Timestamp),
    )
    op.create_table(
        "person",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("org_id", sa.Uuid, sa.ForeignKey("organization.id"), nullable=False),
        sa.Column("username", sa.Text, unique=True),
        sa.Column("email", sa.Text),
        sa.Column("email_key", sa.Text),
        sa.Column("role", sa.Text, nullable=False),
        sa.Column("external_user_id", sa.Text),
        sa.Column("first_name", sa.Text),
        sa.Column("last_name", sa.Text),
        sa.Column("street_and_number", sa.Text),
        sa.Column("street_add_info", sa.Text),
        sa.Column("zip_code", sa.Text),
        sa.Column("town", sa.Text),
        sa.Column("country_iso2", sa.Text),
        sa.Column("created_at", Timestamp, nullable=False),
        sa.Column("updated_at", Timestamp, nullable=False),
        sa.Column("disabled_at", Timestamp),
        sa.Column("password_hash", sa.Text),
        sa.Column("must_change_password", sa.Boolean, nullable=False),
        sa.Column("password_changed_at", Timestamp),
        sa.Column("last_login_at", Timestamp),
        sa.UniqueConstraint("org_id", "email_key"),
    )


def _applications() -> None:
    op.create_table(
        "application",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("org_id", sa.Uuid, sa.ForeignKey("organization.id"), nullable=False, index=True),
        sa.Column("client_id", sa.Text, nullable=False, unique=True),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("client_type", sa.Text, nullable=False),
        sa.Column("grant_type", sa.Text, nullable=False),
        sa.Column("redirect_uris", sa.Text, nullable=False),
        sa.Column("scope", sa.Text, nullable=False),
        sa.Column("token_lifetime", sa.Integer, nullable=False),
        sa.Column("created_at", Timestamp, nullable=False),
        sa.Column("created_by", sa.Text, nullable=False),
        sa.Column("disabled_at", Timestamp),
        sa.Column("tokens_void_before", Timestamp),
        sa.Column("last_used_at", Timestamp),
        sa.Column("last_used_from", sa.Text),
        sa.Column("last_used_agent", sa.Text),
    )
    op.create_table(
        "application_secret",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column(
            "application_id",
            sa.Uuid,
            sa.ForeignKey("application.id", ondelete="CASCADE"),
            nullable=False,
            index=True,
        ),
        sa.Column("digest", sa.LargeBinary, nullable=False),
        sa.Column("last_four", sa.Text, nullable=False),
        sa.Column("created_at", Timestamp, nullable=False),
        sa.Column("expires_at", Timestamp),
        sa.Column("last_used_at", Timestamp),
    )
    op.create_table(
        "revocation",
        sa.Column("token_id", sa.LargeBinary, primary_key=True),
        sa.Column("expires_at", Timestamp, nullable=False, index=True),
    )
    op.create_table(
        "sealing_key",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("encrypted", sa.LargeBinary, nullable=False),
        sa.Column("created_at", Timestamp, nullable=False),
    )


def _sessions() -> None:
    op.create_table(
        "session",
        sa.Column("id_digest", sa.LargeBinary, primary_key=True),
        sa.Column(
            "person_id",
            sa.Uuid,
            sa.ForeignKey("person.id", ondelete="CASCADE"),
            nullable=False,
            index=True,
        ),
        sa.Column("created_at", Timestamp, nullable=False),
        sa.Column("last_seen_at", Timestamp, nullable=False),
        sa.Column("source", sa.Text, nullable=False),
        sa.Column("user_agent", sa.Text, nullable=False),
        sa.Column("flash", sa.Text),
        sa.Column("once", sa.LargeBinary),
        sa.Column("once_expires_at", Timestamp),
    )
    op.create_table(
        "device",
        sa.Column("id_digest", sa.LargeBinary, primary_key=True),
        sa.Column(
            "person_id",
            sa.Uuid,
            sa.ForeignKey("person.id", ondelete="CASCADE"),
            nullable=False,
            index=True,
        ),
        sa.Column("last_seen_at", Timestamp, nullable=False),
    )
    op.create_table(
        "throttle",
        sa.Column("key", sa.Text, primary_key=True),
        sa.Column("failures", sa.Integer, nullable=False),
        sa.Column("last_failed_at", Timestamp, nullable=False),
    )


def _records() -> None:
    op.create_table(
        "change",
        sa.Column("seq", Counter, primary_key=True, autoincrement=True),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("subject", sa.Text, nullable=False),
        sa.Column("at", Timestamp, nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "audit",
        sa.Column("id", Counter, primary_key=True, autoincrement=True),
        sa.Column("at", Timestamp, nullable=False, index=True),
        sa.Column("org_id", sa.Uuid),
        sa.Column("actor", sa.Text, nullable=False),
        sa.Column("action", sa.Text, nullable=False),
        sa.Column("subject", sa.Text, nullable=False),
        sa.Column("result", sa.Text, nullable=False),
        sa.Column("source", sa.Text, nullable=False),
        sa.Column("detail", sa.Text, nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_audit_org_id_id", "audit", ["org_id", "id"])
