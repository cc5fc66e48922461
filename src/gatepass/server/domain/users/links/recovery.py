"""Recovery of an account whose password was forgotten, by a link to its confirmed address.

A request looks nobody up: it is written down, and answered a moment later by the thread that sends
mail. So neither the answer nor its time tells whether anybody has the address.
"""

import json
from collections.abc import Iterable
from typing import NamedTuple
from uuid import UUID

import structlog

from gatepass.server.domain.audit.model import Actor
from gatepass.server.domain.changes.outbox import store as outbox
from gatepass.server.domain.changes.outbox.model import Message as Mail
from gatepass.server.domain.context import Context
from gatepass.server.domain.organizations import store as organizations
from gatepass.server.domain.organizations.model import Organization
from gatepass.server.domain.throttling import store as limits
from gatepass.server.domain.throttling.model import of_recovery
from gatepass.server.domain.users import store as users
from gatepass.server.domain.users.links import store
from gatepass.server.domain.users.links.model import LIFETIMES, InvalidLink, Link
from gatepass.server.domain.users.model import User, check_email, email_key
from gatepass.server.domain.users.notices import mails
from gatepass.server.domain.users.notices.languages import operations as languages
from gatepass.server.domain.users.passwords import passwords
from gatepass.server.domain.users.passwords.hashing import Steps
from gatepass.server.domain.users.passwords.passwords import Hasher
from gatepass.server.domain.users.sessions import store as sessions
from gatepass.server.domain.users.single_sign_on import enforcement
from gatepass.server.domain.users.transaction_steps import record_audit
from gatepass.server.storage.database import Connection
from gatepass.translation.message import Message
from gatepass.wire.errors import OAuthError
from gatepass.wire.secret import Secret

REQUEST = "recovery"
"""The kind of a message that asks for links to an address."""

log = structlog.get_logger("gatepass.server")


class Recoverable(NamedTuple):
    """Whose account a link recovers."""

    user: User
    organization: Organization


def request(context: Context, source: str, address: str) -> None:
    """Write down that links are to be mailed to an address.

    Raises InvalidField for what is no address, and OAuthError (429) after too many requests from
    one network. More requests for one address than its mailbox should bear are dropped in
    silence: the last link that was sent keeps working.
    """
    address = check_email(address)
    now = context.now()
    of_source, of_address = of_recovery(email_key(address), source)
    with context.database.write() as connection:
        wait = limits.attempt(connection, [of_source], now)
        is_dropped = not wait and limits.attempt(connection, [of_address], now)
        if not wait and not is_dropped:
            context.outbox.add_request(connection, address, REQUEST, {"source": source}, now)
    if (wait or is_dropped) and context.log_limit.allow(
        "recovery.throttled", source, context.clock()
    ):
        log.warning("recovery.throttled", environment=context.name, source=source)
    if wait:
        raise OAuthError(
            "temporarily_unavailable",
            Message("Too many requests from your network. Try again in {wait} seconds.", wait=wait),
            log_detail="throttled",
            status=429,
            retry_after=wait,
        )


def answer(context: Context, asked: Mail) -> None:
    """Mail a link for each account with the address of a request: once, whoever else tries."""
    now = context.now()
    with context.database.write() as connection:
        if not outbox.remove(connection, asked.id) or now >= asked.give_up_at:
            return
        by_address: dict[str, list[list[str]]] = {}
        reads: dict[str, str] = {}
        for user, organization in _recoverable_by(context, connection, asked.address):
            # To the address as it was confirmed, not as a stranger spelled it.
            address = user.email or ""
            token = store.add_of_user(connection, "recover", user.id, address, now)
            account = [user.username or "", organization.name, token.value]
            by_address.setdefault(address, []).append(account)
            reads[address] = languages.of_mail(context, connection, user.id)
            stranger = Actor("unknown", asked.values["source"], user.org_id)
            record_audit(connection, stranger, now, user, "person.recovery_requested")
        until = now + LIFETIMES["recover"]
        for address, accounts in by_address.items():
            values = {
                "accounts": json.dumps(accounts),
                "at": f"{now:%Y-%m-%d %H:%M} UTC",
                languages.LANGUAGE: reads[address],
            }
            context.outbox.add_mail(connection, address, "recovery", values, now, until)


def end(context: Context, connection: Connection, user_id: UUID) -> None:
    """End a person's link, as their password or address changes otherwise.

    Without mail nothing reads the tables of links: they may not be there before `gatepass migrate`.
    """
    if context.outbox.sends_mail:
        store.remove_of_user(connection, "recover", user_id)


def find(context: Context, token: Secret) -> Recoverable:
    """Return whose link it is; raise InvalidLink where it recovers nobody's account."""
    if not context.outbox.sends_mail:
        raise InvalidLink
    with context.database.read() as connection:
        link = store.find(connection, "recover", token, context.now())
        return _of_link(context, connection, link)


def set_password(
    context: Context, hasher: Hasher, source: str, token: Secret, new: Secret
) -> Steps[None]:
    """Set a new password, which uses up the link and ends every session.

    Raises InvalidLink, InvalidField for a password that is not accepted, and OAuthError (503)
    where too many wait to be hashed; the link can then be used again. Does NOT log anybody in:
    whatever a login needs beside the password, it still needs.
    """
    found = find(context, token)
    passwords.check(new, own_names(found))
    hashed = yield lambda: hasher.hash(new)
    with context.database.write() as connection:
        now = context.now()
        user, _ = _of_link(context, connection, store.take(connection, "recover", token, now))
        changed = {
            "password_hash": hashed,
            "must_change_password": False,
            "initial_password_at": None,
            "password_changed_at": now,
            "updated_at": now,
        }
        users.change(connection, user.id, changed)
        sessions.end_of_user(connection, user.id)
        by = Actor(user.username or "", source, user.org_id)
        record_audit(connection, by, now, user, "person.password_recovered")
        mails.tell(context, connection, user, "password_changed", now)


def own_names(found: Recoverable) -> tuple[str | None, ...]:
    """Return the names that the password of this account may not consist of."""
    user = found.user
    return user.username, user.email, found.organization.name, user.first_name, user.last_name


def _recoverable_by(
    context: Context, connection: Connection, address: str
) -> Iterable[Recoverable]:
    for user in users.with_portal_access_and_email(connection, email_key(address)):
        organization = organizations.find(connection, user.org_id)
        if organization and _is_recoverable(context, connection, user, organization):
            yield Recoverable(user, organization)


def _of_link(context: Context, connection: Connection, link: Link | None) -> Recoverable:
    user = users.find(connection, link.user_id) if link and link.user_id else None
    organization = organizations.find(connection, user.org_id) if user else None
    if link is None or user is None or organization is None or user.email != link.address:
        raise InvalidLink
    if not _is_recoverable(context, connection, user, organization):
        raise InvalidLink
    return Recoverable(user, organization)


def _is_recoverable(
    context: Context, connection: Connection, user: User, organization: Organization
) -> bool:
    """Return whether a link may let somebody set a password.

    Not those who must come from their organization's provider: it would let them in beside it.
    """
    if enforcement.is_in_force(context.database, connection, user):
        return False
    has_access = user.password_hash is not None and user.disabled_at is None
    return has_access and not organization.suspended_at and store.is_confirmed(connection, user)
