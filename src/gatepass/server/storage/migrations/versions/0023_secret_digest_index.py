"""A reported secret is found by its digest among millions."""

from gatepass.server.storage.migrations.revisions import NewIndex

revision = "0023"
kind = "expand"
oldest_compatible = "0010"

index = NewIndex("ix_application_secret_digest", "application_secret", ("digest",))
