"""What is done with notices outside of another operation's transaction."""

from uuid import UUID

from gatepass.server.domain.context import Context
from gatepass.server.domain.users.notices import store
from gatepass.server.domain.users.notices.model import Notice
from gatepass.server.storage.errors import NotFoundError


def of_user(context: Context, user_id: UUID) -> list[Notice]:
    """Return the notices that a person has not dismissed, newest first."""
    with context.database.read() as connection:
        return store.of_user(connection, user_id)


def dismiss(context: Context, user_id: UUID, notice_id: UUID) -> None:
    """Remove a notice that its person has read; raise NotFoundError for any other."""
    with context.database.write() as connection:
        if not store.remove(connection, user_id, notice_id):
            raise NotFoundError(str(notice_id))
