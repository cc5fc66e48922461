"""Keys that rotate, a catalogue of scopes and resources, and more to say of an application."""

import sqlalchemy as sa
from alembic import op

from gatepass.server.storage.database import Timestamp

revision = "0002"

_PARTNER_API = ""
_SCOPES = (
    ("read", "See the organization and its users", True, False),
    ("write", "Create, change and delete users", True, False),
    ("introspection", "Ask what any access token is worth", False, True),
)


def upgrade() -> None:
    """Make the tables, and move the sealing keys into theirs."""
    _keys()
    _catalogue()
    op.add_column("application", sa.Column("contact", sa.Text, nullable=False, server_default=""))
    op.add_column("application", sa.Column("networks", sa.Text, nullable=False, server_default=""))


def _keys() -> None:
    op.create_table(
        "server_key",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("purpose", sa.Text, nullable=False),
        sa.Column("encrypted", sa.LargeBinary, nullable=False),
        sa.Column("created_at", Timestamp, nullable=False),
        sa.Column("active_from", Timestamp, nullable=False),
        sa.Column("ended_at", Timestamp),
    )
    op.execute(
        "INSERT INTO server_key (id, purpose, encrypted, created_at, active_from)"
        " SELECT id, 'seal', encrypted, created_at, created_at FROM sealing_key"
    )
    op.drop_table("sealing_key")


def _catalogue() -> None:
    resource = op.create_table(
        "resource",
        sa.Column("uri", sa.Text, primary_key=True),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("tokens", sa.Text),
        sa.Column("algorithm", sa.Text),
    )
    scope = op.create_table(
        "scope",
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("description", sa.Text, nullable=False),
        sa.Column("is_default", sa.Boolean, nullable=False),
        sa.Column("is_restricted", sa.Boolean, nullable=False),
        sa.Column("resource", sa.Text, sa.ForeignKey("resource.uri"), nullable=False),
    )
    op.bulk_insert(resource, [{"uri": _PARTNER_API, "name": "Partner API"}])
    op.bulk_insert(
        scope,
        [
            {
                "name": name,
                "description": description,
                "is_default": is_default,
                "is_restricted": is_restricted,
                "resource": _PARTNER_API,
            }
            for name, description, is_default, is_restricted in _SCOPES
        ],
    )
