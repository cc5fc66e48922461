"""Operators, the people of the company that runs the server, have roles in each environment."""

import sqlalchemy as sa
from alembic import op

revision = "0028"
kind = "expand"
oldest_compatible = "0010"


def upgrade() -> None:
    """Add the tables of the operating organization and of the roles of its people."""
    op.create_table(
        "operating_organization",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("org_id", sa.Uuid, sa.ForeignKey("organization.id"), nullable=False, unique=True),
    )
    op.create_table(
        "operator_role",
        sa.Column(
            "person_id",
            sa.Uuid,
            sa.ForeignKey("person.id", ondelete="CASCADE"),
            primary_key=True,
        ),
        sa.Column("environment", sa.Text, primary_key=True),
        sa.Column("role", sa.Text, primary_key=True),
    )
    op.create_table(
        "invited_operator_role",
        sa.Column(
            "invitation_id",
            sa.Uuid,
            sa.ForeignKey("invitation.id", ondelete="CASCADE"),
            primary_key=True,
        ),
        sa.Column("environment", sa.Text, primary_key=True),
        sa.Column("role", sa.Text, primary_key=True),
    )
