"""When an initial password was made, as it ends some days later."""

import sqlalchemy as sa
from alembic import op

from gatepass.server.storage.database import Timestamp

revision = "0006"


def upgrade() -> None:
    """Add the time; one from before was made when its account last changed, or earlier."""
    op.add_column("person", sa.Column("initial_password_at", Timestamp))
    op.execute("UPDATE person SET initial_password_at = updated_at WHERE must_change_password")
