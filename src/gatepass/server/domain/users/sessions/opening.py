"""Opens a session for somebody who has proved who they are, by whatever method."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from gatepass.server.domain.audit import store as audit
from gatepass.server.domain.audit.model import Actor, entry
from gatepass.server.domain.context import Context
from gatepass.server.domain.users import store as users
from gatepass.server.domain.users.model import User
from gatepass.server.domain.users.notices import mails
from gatepass.server.domain.users.notices.languages import operations as languages
from gatepass.server.domain.users.sessions import store
from gatepass.server.domain.users.sessions.logins import store as logins
from gatepass.server.domain.users.sessions.logins.model import PastLogin
from gatepass.server.domain.users.sessions.model import new_id
from gatepass.server.domain.users.sessions.operations import LONGEST_AGENT, Visitor, add_session
from gatepass.server.domain.users.sessions.proofs import store as proofs
from gatepass.server.domain.users.sessions.proofs.model import Method
from gatepass.server.storage.database import Connection
from gatepass.wire.secret import Secret


class LoggedIn(NamedTuple):
    """A new session, the browser's new id, and who it is."""

    session_id: Secret
    device_id: Secret
    user: User


def open_session(
    context: Context,
    connection: Connection,
    visitor: Visitor,
    user: User,
    methods: Sequence[Method],
    now: datetime,
) -> LoggedIn:
    """Open a session in the caller's transaction, with a new session id and device id (ASVS 7.2.4).

    `methods` are those by which the person has just proved who they are. Writes the time of the
    login, the audit entry, and the mail about a browser that they have not used before.
    """
    session_id, device_id = new_id(), new_id()
    _tell_of_new_browser(context, connection, visitor, user, now)
    users.change(connection, user.id, {"last_login_at": now})
    add_session(connection, session_id, user, visitor, now)
    _record_proofs(context, connection, session_id, methods, now)
    _change_device(connection, visitor.device, device_id, user, now)
    languages.remember(context, connection, user.id, visitor.language)
    by = Actor(user.username or "", visitor.source, user.org_id)
    audit.record(connection, entry(by, now, "login", "", methods=" ".join(methods)))
    if context.database.has(connection, logins.REVISION):
        agent, how = visitor.agent[:LONGEST_AGENT], " ".join(methods)
        logins.record(connection, PastLogin(user.id, now, visitor.source, agent, how))
    return LoggedIn(session_id, device_id, user)


def open_again(context: Context, visitor: Visitor, user: User, flash: str | None = None) -> Secret:
    """Open a new session for somebody who has just changed their password; return its id."""
    session_id = new_id()
    with context.database.write() as connection:
        now = context.now()
        add_session(connection, session_id, user, visitor, now, flash)
        _record_proofs(context, connection, session_id, ["password"], now)
    return session_id


def _record_proofs(
    context: Context,
    connection: Connection,
    session_id: Secret,
    methods: Sequence[Method],
    now: datetime,
) -> None:
    """Write the proofs of a session that is being opened; nothing on the tables before them."""
    if context.database.has(connection, proofs.REVISION):
        for method in methods:
            proofs.record(connection, session_id.digest(), method, now)


def _tell_of_new_browser(
    context: Context, connection: Connection, visitor: Visitor, user: User, now: datetime
) -> None:
    """Add a mail, unless they logged in with this browser before, or never with any."""
    digest = visitor.device.digest() if visitor.device else b""
    if user.last_login_at and store.owner_of_device(connection, digest) != user.username:
        agent = visitor.agent[:LONGEST_AGENT]
        mails.tell(
            context, connection, user, "new_browser", now, source=visitor.source, agent=agent
        )


def _change_device(
    connection: Connection, old: Secret | None, new: Secret, user: User, now: datetime
) -> None:
    """Return the browser a new id; the old one is worth nothing from then on."""
    if old:
        store.forget_device(connection, old.digest())
    store.remember_device(connection, new.digest(), user.id, now)
