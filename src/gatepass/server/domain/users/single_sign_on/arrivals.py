"""People who come back from the provider: logged in, connected, or given an account."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID, uuid4

from gatepass.server.domain.audit import bounded
from gatepass.server.domain.audit.model import Actor, Entry
from gatepass.server.domain.context import Context
from gatepass.server.domain.organizations import store as organizations
from gatepass.server.domain.users import store as users
from gatepass.server.domain.users.model import InvalidField, Role, User
from gatepass.server.domain.users.notices import mails
from gatepass.server.domain.users.passwords.passwords import Hasher
from gatepass.server.domain.users.sessions.opening import LoggedIn, open_session
from gatepass.server.domain.users.sessions.operations import Login, Visitor
from gatepass.server.domain.users.sessions.proofs import store as proofs
from gatepass.server.domain.users.sessions.proofs.model import FRESH
from gatepass.server.domain.users.single_sign_on import enforcement, store
from gatepass.server.domain.users.single_sign_on.model import (
    Claims,
    Identity,
    Provider,
    domain_of,
    host_of,
    role_of,
    username_candidates,
)
from gatepass.server.domain.users.single_sign_on.round_trips import RefusedError, Returned
from gatepass.server.domain.users.transaction_steps import (
    add_draft,
    find_in_organization,
    is_last_administrator,
    notify,
    record_audit,
)
from gatepass.server.storage.database import Connection
from gatepass.translation.message import Message


class _Arrival(NamedTuple):
    """Somebody who comes back, within a transaction."""

    context: Context
    hasher: Hasher
    connection: Connection
    source: str
    provider: Provider
    claims: Claims
    now: datetime


def log_in(
    context: Context, hasher: Hasher, visitor: Visitor, returned: Returned, claims: Claims
) -> LoggedIn:
    """Open a session for whoever is connected with the subject, or may have an account.

    Where the round trip began with the right password of an account that is not connected yet, it
    is connected now. Raises RefusedError.
    """
    with context.database.write() as connection:
        now = context.now()
        provider = _still_on(connection, returned.provider)
        arrival = _Arrival(context, hasher, connection, visitor.source, provider, claims, now)
        found = store.find_identity(connection, provider.org_id, claims.issuer, claims.subject)
        whose = returned.attempt.user_id
        if whose is not None:
            if found is None:
                _connect(arrival, whose)
            elif found.user_id != whose:
                raise RefusedError("the subject is connected with another account")
            user = users.find(connection, whose)
        elif found is not None:
            user = users.find(connection, found.user_id)
        else:
            user = _add(arrival)
        if user is None or user.org_id != provider.org_id:
            raise RefusedError("the account is gone")
        if user.disabled_at or user.password_hash is None:
            raise RefusedError("the account is disabled")
        user = _with_role(arrival, user)
        store.use_identity(connection, user.id, now)
        made = open_session(context, connection, visitor, user, ["single_sign_on"], now)
        _date_proof(context, connection, made.session_id.digest(), claims.auth_time, now)
    return made


def connect(
    context: Context, hasher: Hasher, by: Actor, login: Login, returned: Returned, claims: Claims
) -> None:
    """Connect the account of a session with the subject that came back; raise RefusedError."""
    with context.database.write() as connection:
        now = context.now()
        provider = _still_on(connection, returned.provider)
        found = store.find_identity(connection, provider.org_id, claims.issuer, claims.subject)
        if found is not None and found.user_id != login.user.id:
            raise RefusedError("the subject is connected with another account")
        arrival = _Arrival(context, hasher, connection, by.source, provider, claims, now)
        _connect(arrival, login.user.id)
        _date_proof(context, connection, login.session.id_digest, claims.auth_time, now)


def prove(context: Context, login: Login, returned: Returned, claims: Claims) -> None:
    """Note that the person of a session has just logged in at the provider; raise RefusedError.

    The ID token must have said when (`max_age`), and be of the subject of this account.
    """
    with context.database.write() as connection:
        now = context.now()
        provider = _still_on(connection, returned.provider)
        found = store.find_identity(connection, provider.org_id, claims.issuer, claims.subject)
        if found is None or found.user_id != login.user.id:
            raise RefusedError("another subject came back than the session's")
        if claims.auth_time is None:
            raise RefusedError("the provider does not say when the person logged in")
        store.use_identity(connection, login.user.id, now)
        _date_proof(context, connection, login.session.id_digest, claims.auth_time, now)


def record_test(context: Context, by: Actor, returned: Returned) -> None:
    """Note that a round trip to the provider worked as it is set up."""
    with context.database.write() as connection:
        now = context.now()
        provider = store.find(connection, returned.provider.org_id)
        if provider is None or provider != returned.provider:
            raise RefusedError("the provider was changed meanwhile")
        store.change(connection, provider.org_id, {"tested_at": now})
        action = "single_sign_on.tested"
        _audit(context, connection, by, now, action, host_of(provider.issuer))


def disconnect(context: Context, by: Actor, org_id: UUID, user_id: UUID) -> None:
    """Disconnect an account from the provider.

    Raises InvalidField where its owner could then not log in.
    """
    with context.database.write() as connection:
        now = context.now()
        user = find_in_organization(connection, org_id, user_id)
        found = store.identity_of(connection, user_id)
        if found is None:
            return
        if enforcement.is_in_force(context.database, connection, user):
            raise InvalidField(
                "", Message("Your organization requires this connection."), taken=True
            )
        if not enforcement.has_own_password(context.database, connection, user):
            raise InvalidField(
                "",
                Message(
                    "Your account has no password of its own yet. Set one first: by a link to your "
                    "confirmed address, or an administrator gives you an initial one."
                ),
                taken=True,
            )
        store.remove_identity(connection, user_id)
        host = host_of(found.issuer)
        record_audit(connection, by, now, user, "person.disconnected", provider=host)
        mails.tell(context, connection, user, "single_sign_on_disconnected", now, detail=host)


def record_refusal(context: Context, visitor: Visitor, org_id: UUID) -> None:
    """Write that somebody was refused who came from the provider; the reason is in the log."""
    with context.database.write() as connection:
        if organizations.find(connection, org_id) is None:
            return
        refused = Entry(
            at=context.now(),
            org_id=org_id,
            actor="unknown",
            action="single_sign_on.refused",
            result="refused",
            source=visitor.source,
        )
        bounded.record(connection, context.audit_limit, refused)


def _still_on(connection: Connection, provider: Provider) -> Provider:
    """Return the provider as it is now; raise RefusedError where nobody may come from it."""
    found = store.find(connection, provider.org_id)
    if found is None or not found.is_on:
        raise RefusedError("single sign-on is turned off")
    if (found.issuer, found.client_id) != (provider.issuer, provider.client_id):
        raise RefusedError("the provider was changed meanwhile")
    organization = organizations.find(connection, provider.org_id)
    if organization is None or organization.suspended_at:
        raise RefusedError("the organization is suspended")
    return found


def _connect(arrival: _Arrival, user_id: UUID) -> None:
    context, hasher, connection, source, provider, claims, now = arrival
    user = find_in_organization(connection, provider.org_id, user_id)
    before = store.identity_of(connection, user.id)
    if before and before.issuer == claims.issuer and before.subject != claims.subject:
        raise RefusedError("the account is connected with another subject")
    new = Identity(
        provider.org_id, claims.issuer, claims.subject, user.id, has_arrived=False, created_at=now
    )
    if user.must_change_password:
        # An initial password, which others know, is not to log in any more.
        users.change(connection, user.id, {**_no_password(hasher), "updated_at": now})
        new = new._replace(has_arrived=True)
    store.add_identity(connection, new)
    by = Actor(user.username or "", source, user.org_id)
    host = host_of(claims.issuer)
    record_audit(connection, by, now, user, "person.connected", provider=host)
    mails.tell(context, connection, user, "single_sign_on_connected", now, detail=host)


def _add(arrival: _Arrival) -> User:
    """Give an account to somebody new; raise RefusedError where they may have none.

    The address must be verified by the provider, and in a domain that the organization has proved.
    An account that has the address is not touched: its owner connects it.
    """
    context, hasher, connection, source, provider, claims, now = arrival
    if not provider.adds_people:
        raise RefusedError("the subject is not connected, and nobody gets an account on arrival")
    if claims.email is None or not claims.email_verified:
        raise RefusedError("the email address is missing or not verified")
    domain = domain_of(claims.email)
    if not domain or store.owner_of(connection, domain) != provider.org_id:
        raise RefusedError("the domain of the email address is not proved")
    role: Role = role_of(provider, claims) or provider.default_role
    new = User(
        id=uuid4(),
        org_id=provider.org_id,
        role=role,
        created_at=now,
        updated_at=now,
        username=_free_username(connection, claims.email),
        email=claims.email,
        first_name=_name(claims, "given_name"),
        last_name=_name(claims, "family_name"),
        **_no_password(hasher),  # type: ignore[arg-type]
    )
    by = Actor(host_of(claims.issuer), source, provider.org_id)
    try:
        add_draft(context, connection, by, new, now)
    except InvalidField:
        raise RefusedError("an account that is not connected has the email address") from None
    identity = Identity(
        provider.org_id, claims.issuer, claims.subject, new.id, has_arrived=True, created_at=now
    )
    store.add_identity(connection, identity)
    return new


def _with_role(arrival: _Arrival, user: User) -> User:
    """Give somebody the role that the provider's claims say; the last administrator keeps theirs.

    So does the emergency administrator. A claim that is gone lowers the role.
    """
    context, _, connection, _, provider, claims, now = arrival
    role = role_of(provider, claims)
    if role is None or role == user.role or user.id == provider.emergency_id:
        return user
    if is_last_administrator(connection, user):
        return user
    changed = replace(user, role=role, updated_at=now)
    users.change(connection, user.id, {"role": role, "updated_at": now})
    by = Actor(host_of(provider.issuer), "", user.org_id)
    record_audit(connection, by, now, user, "person.role_changed", role=role)
    notify(context, connection, by, now, changed, "role_changed", role)
    if role == "admin":
        mails.tell_of_new_administrator(context, connection, by, changed, now)
    return changed


def _date_proof(
    context: Context,
    connection: Connection,
    session_digest: bytes,
    auth_time: datetime | None,
    now: datetime,
) -> None:
    """Date the proof of a session: somebody may have logged in at the provider hours ago.

    Without the provider's word it is no fresh proof.
    """
    if context.database.has(connection, proofs.REVISION):
        at = min(auth_time, now) if auth_time else now - FRESH - timedelta(seconds=1)
        proofs.record(connection, session_digest, "single_sign_on", at)


def _no_password(hasher: Hasher) -> dict[str, object]:
    """Return the columns of an account that no password opens, and that counts as one that can.

    A hash of no password, as the version before lets nobody have a session who has none.
    """
    return {
        "password_hash": hasher.hash_of_nothing(),
        "must_change_password": False,
        "initial_password_at": None,
        "password_changed_at": None,
    }


def _free_username(connection: Connection, email: str) -> str:
    for each in username_candidates(email):
        if users.find_by_username(connection, each) is None:
            return each
    raise RefusedError("every username for the email address is taken")


def _name(claims: Claims, claim: str) -> str | None:
    value = claims.every.get(claim)
    is_name = isinstance(value, str) and value.isprintable() and 0 < len(value) <= 100
    return str(value) if is_name else None


def _audit(
    context: Context, connection: Connection, by: Actor, now: datetime, action: str, subject: str
) -> None:
    done = Entry(now, by.org_id, by.name, action, subject, source=by.source)
    bounded.record(connection, context.audit_limit, done)
