"""Organizations are listed and searched in order, without reading and sorting all rows."""

from gatepass.server.storage.migrations.revisions import NewIndex

revision = "0031"
kind = "expand"
oldest_compatible = "0010"

index = NewIndex(
    "ix_organization_list", "organization", ("created_at", "id", "name", "suspended_at")
)
