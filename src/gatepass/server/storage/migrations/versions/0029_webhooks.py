"""What happens is sent to endpoints of others: webhooks."""

import sqlalchemy as sa
from alembic import op

from gatepass.server.storage.database import Counter, Timestamp

revision = "0029"
kind = "expand"
oldest_compatible = "0010"


def upgrade() -> None:
    """Add endpoints, events, deliveries, their numbers, and which rise was told of last."""
    op.create_table(
        "webhook_endpoint",
        sa.Column("id", sa.Uuid, primary_key=True),
        _reference("org_id", "organization", nullable=True),
        sa.Column("url", sa.Text, nullable=False),
        sa.Column("events", sa.Text, nullable=False),
        sa.Column("description", sa.Text, nullable=False),
        sa.Column("created_at", Timestamp, nullable=False),
        sa.Column("created_by", sa.Text, nullable=False),
        sa.Column("disabled_at", Timestamp),
        sa.Column("disabled_because", sa.Text, nullable=False),
        sa.Column("failures", sa.Integer, nullable=False),
        sa.Column("failing_since", Timestamp),
        sa.Column("succeeded_at", Timestamp),
        sa.Column("previous_until", Timestamp),
        sa.Column("secret", sa.LargeBinary, nullable=False),
        sa.Column("previous", sa.LargeBinary),
        sa.Column("rests_until", Timestamp),
        sa.Column("leased_until", Timestamp),
    )
    op.create_index("ix_webhook_endpoint_org_id", "webhook_endpoint", ["org_id"])
    _add_deliveries()
    op.create_table(
        "refusal_rise",
        _reference("application_id", "application", primary_key=True),
        sa.Column("at", Timestamp, nullable=False),
    )


def _add_deliveries() -> None:
    op.create_table(
        "webhook_event",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("at", Timestamp, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("org_id", sa.Uuid),
        sa.Column("client_id", sa.Text, nullable=False),
        sa.Column("subject", sa.Text, nullable=False),
        sa.Column("data", sa.Text, nullable=False),
    )
    op.create_index("ix_webhook_event_at", "webhook_event", ["at"])
    op.create_table(
        "webhook_delivery",
        sa.Column("id", Counter, primary_key=True, autoincrement=True),
        _reference("endpoint_id", "webhook_endpoint"),
        _reference("event_id", "webhook_event"),
        sa.Column("sequence", Counter, nullable=False),
        sa.Column("give_up_at", Timestamp, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("due_at", Timestamp),
        sa.Column("tried_at", Timestamp),
        sa.Column("delivered_at", Timestamp),
        sa.Column("failed_at", Timestamp),
        sa.Column("status", sa.Integer),
        sa.Column("milliseconds", sa.Integer),
        sa.Column("error", sa.Text, nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_webhook_delivery_event_id", "webhook_delivery", ["event_id"])
    op.create_index("ix_webhook_delivery_due_at", "webhook_delivery", ["due_at"])
    op.create_index(
        "ix_webhook_delivery_endpoint_id_due_at", "webhook_delivery", ["endpoint_id", "due_at"]
    )
    op.create_table(
        "webhook_sequence",
        _reference("endpoint_id", "webhook_endpoint", primary_key=True),
        sa.Column("subject", sa.Text, primary_key=True),
        sa.Column("number", Counter, nullable=False),
    )


def _reference(
    name: str, table: str, *, nullable: bool = False, primary_key: bool = False
) -> sa.Column[object]:
    return sa.Column(
        name,
        sa.Uuid,
        sa.ForeignKey(f"{table}.id", ondelete="CASCADE"),
        nullable=nullable,
        primary_key=primary_key,
    )
