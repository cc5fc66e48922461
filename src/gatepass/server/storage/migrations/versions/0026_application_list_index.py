"""An organization's applications are listed and searched without reading each of them whole."""

from gatepass.server.storage.migrations.revisions import NewIndex

revision = "0026"
kind = "expand"
oldest_compatible = "0010"

index = NewIndex(
    "ix_application_list",
    "application",
    ("org_id", "lower(name)", "id", "created_at", "client_id"),
)
