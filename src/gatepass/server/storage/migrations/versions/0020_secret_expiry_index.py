"""Secrets that expire soon are found among millions."""

from gatepass.server.storage.migrations.revisions import NewIndex

revision = "0020"
kind = "expand"
oldest_compatible = "0010"

index = NewIndex(
    "ix_application_secret_expires_at",
    "application_secret",
    ("expires_at",),
    where="expires_at IS NOT NULL",
)
