"""Logs people of production in to a sandbox that trusts production, and asks production of them."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from gatepass.server.domain.audit import store as audit
from gatepass.server.domain.audit.model import Actor, entry
from gatepass.server.domain.context import Context
from gatepass.server.domain.organizations import store as organizations
from gatepass.server.domain.organizations.model import Organization
from gatepass.server.domain.users import store as users
from gatepass.server.domain.users.model import User
from gatepass.server.domain.users.sessions import operations as sessions
from gatepass.server.domain.users.sessions import store as session_store
from gatepass.server.domain.users.sessions.linked import store
from gatepass.server.domain.users.sessions.linked.model import (
    CODE_LIFETIME,
    InvalidCode,
    LoginCode,
    new_code,
)
from gatepass.server.domain.users.sessions.model import SessionSettings, is_over, is_update_due
from gatepass.server.domain.users.sessions.opening import LoggedIn, open_session
from gatepass.server.domain.users.sessions.operations import LiveSession, Login, Visitor
from gatepass.server.domain.users.sessions.proofs import store as proofs
from gatepass.server.domain.users.sessions.proofs.model import Method
from gatepass.server.domain.users.transaction_steps import emit, record_audit
from gatepass.server.storage.database import Connection
from gatepass.server.storage.errors import NotFoundError
from gatepass.translation.message import Message
from gatepass.wire.errors import OAuthError
from gatepass.wire.secret import Secret


class _Identity(NamedTuple):
    """Somebody's session in production, and how and when they proved in it who they are."""

    live: LiveSession
    proofs: Mapping[Method, datetime]


def make_code(production: Context, login: Login, challenge: bytes) -> Secret:
    """Return a code with which the browser of this challenge gets into the sandbox, once.

    Raises OAuthError (503) where the database has not the tables for it yet.
    """
    code, now = new_code(), production.now()
    with production.database.write() as connection:
        _check_tables(production, connection)
        expires_at = now + CODE_LIFETIME
        new = LoginCode(code.digest(), login.session.id_digest, challenge, expires_at)
        store.add_code(connection, new, now)
    return code


def log_in(
    sandbox: Context,
    production: Context,
    settings: SessionSettings,
    visitor: Visitor,
    code: Secret,
    verifier: Secret | None,
) -> LoggedIn:
    """Open a session of the sandbox for the person whose session of production made the code.

    Adds their organization, and them with id and role alone, where the sandbox has not got them.
    Raises InvalidCode, and OAuthError (503) where a database has not the tables yet.
    """
    handle = _redeem(production, code, verifier)
    found = _find_identity(production, settings, handle)
    if found is None:
        raise InvalidCode
    with sandbox.database.write() as connection:
        _check_tables(sandbox, connection)
        now = sandbox.now()
        by = Actor(found.live.user.username or "", visitor.source)
        org_id = _add_organization(sandbox, connection, by, found.live.organization, now)
        _add_user(sandbox, connection, by, found.live.user, org_id, now)
        user = replace(found.live.user, org_id=org_id, email=None)  # only production mails them
        opened = open_session(sandbox, connection, visitor, user, list(found.proofs), now)
        digest = opened.session_id.digest()
        store.link_session(connection, digest, handle)
        _copy_proofs(connection, digest, found.proofs)
    return opened


def find(
    sandbox: Context, production: Context, settings: SessionSettings, session_id: Secret
) -> Login | None:
    """Return the login of a session of the sandbox while its session of production lasts.

    Role, name, policy and suspension are those that production has now. A visit counts in
    production, too, so that the two sessions do not end at different times.
    """
    digest, now = session_id.digest(), sandbox.now()
    with sandbox.database.read() as connection:
        if not sandbox.database.has(connection, store.REVISION):
            return None
        session = session_store.find(connection, digest)
        handle = store.handle_of(connection, digest)
    if session is None or handle is None or is_over(session, settings, now):
        return None
    found = _find_identity(production, settings, handle)
    if found is None:
        return None
    with sandbox.database.read() as connection:
        org_id = store.linked_to(connection, found.live.organization.id)
        own = organizations.find(connection, org_id)
        before = proofs.of_session(connection, digest)
    newer = {
        each: at for each, at in found.proofs.items() if each not in before or at > before[each]
    }
    if own is None:
        return None
    if newer or is_update_due(session, settings, now):
        with sandbox.database.write() as connection:
            session_store.change(connection, digest, {"last_seen_at": now})
            _copy_proofs(connection, digest, newer)
    return Login(
        session_id,
        session,
        replace(found.live.user, org_id=own.id),
        _in_force(own, found.live),
        found.live.policy,
        found.live.lacks_factor,
        found.live.language,
    )


def find_in_production(
    sandbox: Context, production: Context, settings: SessionSettings, login: Login
) -> Login | None:
    """Return the login in production that one in the sandbox came from, while it lasts."""
    with sandbox.database.read() as connection:
        handle = store.handle_of(connection, login.session.id_digest)
    found = _find_identity(production, settings, handle) if handle else None
    return Login(login.session_id, *found.live) if found else None


def _in_force(own: Organization, live: LiveSession) -> Organization:
    """Return the sandbox's organization as production has it: it may be suspended in either."""
    theirs = live.organization
    return replace(own, name=theirs.name, suspended_at=theirs.suspended_at or own.suspended_at)


def find_organization(sandbox: Context, production_id: UUID) -> UUID | None:
    """Return the sandbox's organization of one of production; None on the tables from before."""
    with sandbox.database.read() as connection:
        if not sandbox.database.has(connection, store.REVISION):
            return None
        return store.linked_to(connection, production_id)


def log_out(sandbox: Context, production: Context, by: Actor, login: Login) -> None:
    """End a session of the sandbox, and the session of production that it came from."""
    digest = login.session.id_digest
    with sandbox.database.read() as connection:
        handle = store.handle_of(connection, digest)
    sessions.log_out(sandbox, by, login)
    with production.database.write() as connection:
        theirs = store.session_of(connection, handle) if handle else None
        user = users.find(connection, login.user.id)
        if theirs is None or user is None:
            return
        session_store.end(connection, theirs)
        in_production = replace(by, org_id=user.org_id)
        audit.record(connection, entry(in_production, production.now(), "logout", ""))


def link_organization(
    sandbox: Context, by: Actor, production_id: UUID, org_id: UUID
) -> Organization:
    """Let people of an organization of production work in this one; return it.

    Raises NotFoundError where the sandbox has not got it.
    """
    with sandbox.database.write() as connection:
        _check_tables(sandbox, connection)
        own = _find_own(connection, org_id)
        store.link_organization(connection, production_id, org_id)
        detail = {"production_id": str(production_id)}
        record = entry(by, sandbox.now(), "organization.linked", own.name, org_id=org_id, **detail)
        audit.record(connection, record)
    return own


def unlink_organization(sandbox: Context, by: Actor, org_id: UUID) -> Organization:
    """End the link of an organization; raise NotFoundError where it has none."""
    with sandbox.database.write() as connection:
        _check_tables(sandbox, connection)
        own = _find_own(connection, org_id)
        if not store.unlink_organization(connection, org_id):
            raise NotFoundError(f"A link of {own.name}")
        record = entry(by, sandbox.now(), "organization.unlinked", own.name, org_id=org_id)
        audit.record(connection, record)
    return own


def _find_own(connection: Connection, org_id: UUID) -> Organization:
    found = organizations.find(connection, org_id)
    if found is None:
        raise NotFoundError(str(org_id))
    return found


def _redeem(production: Context, code: Secret, verifier: Secret | None) -> UUID:
    """Use a code up; return a handle of the session that made it, or raise InvalidCode."""
    if verifier is None:
        raise InvalidCode
    with production.database.write() as connection:
        _check_tables(production, connection)
        found = store.take_code(connection, code, verifier.digest(), production.now())
        if found:
            return store.add_handle(connection, found.session_digest)
    raise InvalidCode


def _find_identity(
    production: Context, settings: SessionSettings, handle: UUID
) -> _Identity | None:
    with production.database.read() as connection:
        digest = store.session_of(connection, handle)
    live = sessions.find_live(production, settings, digest) if digest else None
    if live is None or live.user.must_change_password or live.operator:
        return None  # operators act in the sandbox from production, not as one of its partners
    with production.database.read() as connection:
        return _Identity(live, proofs.of_session(connection, live.session.id_digest))


def _add_organization(
    sandbox: Context, connection: Connection, by: Actor, theirs: Organization, now: datetime
) -> UUID:
    """Return the sandbox's organization of one of production, after adding it where it is new."""
    org_id = store.linked_to(connection, theirs.id)
    if organizations.find(connection, org_id) is None:
        organizations.add(connection, Organization(org_id, theirs.name, now))
        record = entry(by, now, "organization.created", theirs.name, org_id=org_id)
        audit.record(connection, record)
        said = {"name": theirs.name}
        sandbox.webhooks.emit(connection, "organization.created", now, org_id=org_id, **said)
    return org_id


def _add_user(
    sandbox: Context, connection: Connection, by: Actor, theirs: User, org_id: UUID, now: datetime
) -> None:
    """Add a person with id, organization and role alone, or bring these up to date.

    An account of the sandbox's own with this id, as in a copy of production, keeps the rest.
    """
    found = users.find(connection, theirs.id)
    if found is None:
        new = User(theirs.id, org_id, theirs.role, now, now)
        users.add(connection, new)
        record_audit(connection, by, now, new, "person.added", role=new.role)
        emit(sandbox, connection, new, "user.added", now)
    elif not found.has_portal_access and (found.org_id, found.role) != (org_id, theirs.role):
        values = {"org_id": org_id, "role": theirs.role, "updated_at": now}
        users.change(connection, found.id, values)


def _copy_proofs(
    connection: Connection, session_digest: bytes, made: Mapping[Method, datetime]
) -> None:
    """Give a session the proofs of production, with the times at which they were made."""
    for method, at in made.items():
        proofs.record(connection, session_digest, method, at)


def _check_tables(context: Context, connection: Connection) -> None:
    if not context.database.has(connection, store.REVISION):
        raise OAuthError(
            "temporarily_unavailable",
            Message("The sandbox cannot be entered until the operator has run: gatepass migrate."),
            log_detail=f"the {context.name} database has no tables for one identity yet",
            status=503,
        )
