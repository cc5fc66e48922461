"""Which provider somebody is sent to."""

from uuid import UUID

from gatepass.server.domain.context import Context
from gatepass.server.domain.throttling import store as limits
from gatepass.server.domain.throttling.model import of_single_sign_on, too_many
from gatepass.server.domain.users.model import InvalidField, check_email
from gatepass.server.domain.users.sessions.operations import Visitor
from gatepass.server.domain.users.single_sign_on import store
from gatepass.server.domain.users.single_sign_on.model import Provider, domain_of
from gatepass.translation.message import Message

UNKNOWN = Message(
    "No organization logs in here with addresses of this domain. Check the address, or log in with "
    "your username and password."
)


def find_on(context: Context, org_id: UUID) -> Provider | None:
    """Return the provider of an organization, if it is turned on."""
    with context.database.read() as connection:
        if not context.database.has(connection, store.REVISION):
            return None
        found = store.find(connection, org_id)
    return found if found and found.is_on else None


def owner_of_domain(context: Context, name: str) -> UUID | None:
    """Return the organization that has proved a domain of email addresses, None for none."""
    with context.database.read() as connection:
        if not context.database.has(connection, store.REVISION):
            return None
        return store.owner_of(connection, name.strip().lower())


def is_any_on(context: Context) -> bool:
    """Return whether anybody comes from a provider."""
    with context.database.read() as connection:
        return context.database.has(connection, store.REVISION) and store.is_any_on(connection)


def find_by_email(context: Context, visitor: Visitor, email: str) -> Provider:
    """Return the provider of an address's domain; accounts are not looked at.

    Raises InvalidField for an address of no organization's domain, and OAuthError (429) after too
    many of those.
    """
    domain = domain_of(check_email(email))
    with context.database.write() as connection:
        found, wait = None, 0
        if context.database.has(connection, store.REVISION):
            owner = store.owner_of(connection, domain)
            found = store.find(connection, owner) if owner else None
        if found is None or not found.is_on:
            counted = [of_single_sign_on(visitor.source)]
            wait = limits.attempt(connection, counted, context.now())
    if wait:
        raise too_many(wait)
    if found is None or not found.is_on:
        raise InvalidField("email", UNKNOWN)
    return found
