"""People have second factors: passkeys, authenticator apps and recovery codes."""

from uuid import UUID

import sqlalchemy as sa
from alembic import op

from gatepass.server.storage.database import Timestamp

revision = "0016"
kind = "expand"
oldest_compatible = "0010"


def _person() -> "sa.Column[UUID]":
    owner = sa.ForeignKey("person.id", ondelete="CASCADE")
    return sa.Column("person_id", sa.Uuid, owner, nullable=False)


def upgrade() -> None:
    """Add the factors, the logins that wait for one, and the challenges that were answered."""
    op.create_table(
        "passkey",
        sa.Column("id", sa.Uuid, primary_key=True),
        _person(),
        sa.Column("credential_id", sa.LargeBinary, nullable=False, unique=True),
        sa.Column("public_key", sa.LargeBinary, nullable=False),
        sa.Column("sign_count", sa.BigInteger, nullable=False),
        sa.Column("domain", sa.Text, nullable=False),
        sa.Column("transports", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("created_at", Timestamp, nullable=False),
        sa.Column("last_used_at", Timestamp),
    )
    op.create_table(
        "authenticator_app",
        sa.Column("id", sa.Uuid, primary_key=True),
        _person(),
        sa.Column("encrypted", sa.LargeBinary, nullable=False),
        sa.Column("last_step", sa.BigInteger, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("created_at", Timestamp, nullable=False),
        sa.Column("last_used_at", Timestamp),
    )
    op.create_table(
        "recovery_code",
        sa.Column("digest", sa.LargeBinary, primary_key=True),
        _person(),
        sa.Column("created_at", Timestamp, nullable=False),
    )
    op.create_table(
        "pending_login",
        sa.Column("digest", sa.LargeBinary, primary_key=True),
        _person(),
        sa.Column("password_digest", sa.LargeBinary, nullable=False),
        sa.Column("expires_at", Timestamp, nullable=False),
    )
    op.create_table(
        "used_challenge",
        sa.Column("digest", sa.LargeBinary, primary_key=True),
        sa.Column("expires_at", Timestamp, nullable=False),
    )
    for table in ("passkey", "authenticator_app", "recovery_code", "pending_login"):
        op.create_index(f"ix_{table}_person_id", table, ["person_id"])
    for table in ("pending_login", "used_challenge"):
        op.create_index(f"ix_{table}_expires_at", table, ["expires_at"])
