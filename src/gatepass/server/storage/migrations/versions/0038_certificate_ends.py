"""Reminders about certificates that expire: their ends, and which reminder was given."""

from base64 import b64decode

import sqlalchemy as sa
from alembic import op
from cryptography import x509

from gatepass.server.storage.database import Timestamp

revision = "0038"
kind = "expand"
oldest_compatible = "0010"


def upgrade() -> None:
    """Add both tables, and the ends of the certificates that are registered."""
    end = op.create_table(
        "certificate_end",
        sa.Column(
            "certificate_id",
            sa.Uuid,
            sa.ForeignKey("application_certificate.id", ondelete="CASCADE"),
            primary_key=True,
        ),
        sa.Column("works_from", Timestamp, nullable=False),
        sa.Column("expires_at", Timestamp, nullable=False),
    )
    op.create_index("ix_certificate_end_expires_at", "certificate_end", ["expires_at"])
    op.create_table(
        "certificate_notice",
        sa.Column(
            "certificate_id",
            sa.Uuid,
            sa.ForeignKey("application_certificate.id", ondelete="CASCADE"),
            primary_key=True,
        ),
        sa.Column("expires_at", Timestamp, nullable=False),
        sa.Column("days", sa.Integer, nullable=False),
    )
    registered = sa.table(
        "application_certificate", sa.column("id", sa.Uuid), sa.column("certificate", sa.Text)
    )
    query = sa.select(registered).where(registered.c.certificate.is_not(None))
    rows = []
    for row in op.get_bind().execute(query):
        try:
            found = x509.load_der_x509_certificate(b64decode(row.certificate))
        except ValueError:  # nothing that the server wrote; it authenticates nobody
            continue
        rows.append(
            {
                "certificate_id": row.id,
                "works_from": found.not_valid_before_utc,
                "expires_at": found.not_valid_after_utc,
            }
        )
    op.bulk_insert(end, rows)
