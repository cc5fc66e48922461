"""Choosing a language, and remembering the one that a browser asked for."""

from uuid import UUID

from gatepass.server.domain.audit import store as audit
from gatepass.server.domain.audit.model import Actor, entry
from gatepass.server.domain.context import Context
from gatepass.server.domain.users.notices.languages import store
from gatepass.server.storage.database import Connection
from gatepass.translation.message import Message
from gatepass.wire.errors import OAuthError

LANGUAGE = "language"
"""The value of a mail that names the language of its reader; it may be empty."""

_NOT_YET = Message(
    "This is not possible until the update of the server is complete. Try again later."
)


def choose(context: Context, by: Actor, user_id: UUID, code: str) -> None:
    """Set the language of a person's pages and mail; an empty one means that of the browser.

    Raises OAuthError (503) where the database has not the table yet.
    """
    with context.database.write() as connection:
        if not context.database.has(connection, store.REVISION):
            raise OAuthError("temporarily_unavailable", _NOT_YET)
        if store.find(connection, user_id).chosen == code:
            return
        store.change(connection, user_id, chosen=code)
        chosen = code or "of the browser"
        now = context.now()
        audit.record(
            connection, entry(by, now, "person.language_changed", by.name, language=chosen)
        )


def remember(context: Context, connection: Connection, user_id: UUID, code: str) -> None:
    """Note the language that somebody's browser asked for at a login; mail is written in it."""
    has_table = context.database.has(connection, store.REVISION)
    if code and has_table and store.find(connection, user_id).browser != code:
        store.change(connection, user_id, browser=code)


def chosen_by(context: Context, connection: Connection, user_id: UUID) -> str:
    """Return the language that a person has chosen; empty: that of the browser."""
    if not context.database.has(connection, store.REVISION):
        return ""
    return store.find(connection, user_id).chosen


def of_mail(context: Context, connection: Connection, user_id: UUID) -> str:
    """Return the language of mail to a person; empty where it is not known."""
    if not context.database.has(connection, store.REVISION):
        return ""
    found = store.find(connection, user_id)
    return found.chosen or found.browser
