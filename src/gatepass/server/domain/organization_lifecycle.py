"""Create, suspend and resume an organization, with the users, sessions and tokens it has.

This is above the packages of the domain, as it changes several of them in one transaction.
"""

from dataclasses import replace
from typing import NamedTuple
from uuid import UUID, uuid4

from gatepass.server.domain.applications import store as applications
from gatepass.server.domain.applications.model import CLOCK_MARGIN
from gatepass.server.domain.audit import store as audit
from gatepass.server.domain.audit.model import Actor, entry
from gatepass.server.domain.changes import store as changes
from gatepass.server.domain.context import Context
from gatepass.server.domain.organizations import store
from gatepass.server.domain.organizations.model import Organization, check_name
from gatepass.server.domain.organizations.operations import check_is_partner
from gatepass.server.domain.users import initial_passwords
from gatepass.server.domain.users.initial_passwords import InitialPassword
from gatepass.server.domain.users.invitations import operations as invitations
from gatepass.server.domain.users.invitations.model import Invitation
from gatepass.server.domain.users.model import User
from gatepass.server.domain.users.passwords.hashing import run
from gatepass.server.domain.users.passwords.passwords import Hasher
from gatepass.server.domain.users.sessions import store as sessions
from gatepass.server.domain.users.transaction_steps import add_draft
from gatepass.server.storage.errors import NotFoundError
from gatepass.wire.secret import Secret


class Created(NamedTuple):
    """An organization, its first administrator, and the one sight of the initial password."""

    organization: Organization
    administrator: User
    initial_password: Secret


def create(
    context: Context, hasher: Hasher, by: Actor, name: str, username: str, email: str | None = None
) -> Created:
    """Create an organization with its first administrator."""
    initial = run(initial_passwords.new_password(hasher))
    return create_with_password(context, initial, by, name, username, email)


def create_with_password(
    context: Context,
    initial: InitialPassword,
    by: Actor,
    name: str,
    username: str,
    email: str | None = None,
) -> Created:
    """Create an organization with its first administrator, who has this initial password."""
    now = context.now()
    new = Organization(uuid4(), check_name(name), now)
    administrator = initial_passwords.draft_with_access(
        new.id, initial, now, username=username, email=email, role="admin"
    )
    with context.database.write() as connection:
        store.add(connection, new)
        add_draft(context, connection, by, administrator, now)
        record = entry(by, now, "organization.created", new.name, org_id=new.id)
        audit.record(connection, record)
        context.webhooks.emit(connection, "organization.created", now, org_id=new.id, name=new.name)
    return Created(new, administrator, initial.password)


def create_with_invitation(
    context: Context, by: Actor, name: str, email: str
) -> tuple[Organization, Invitation]:
    """Create an organization, and invite its first administrator by mail."""
    now = context.now()
    new = Organization(uuid4(), check_name(name), now)
    with context.database.write() as connection:
        store.add(connection, new)
        audit.record(connection, entry(by, now, "organization.created", new.name, org_id=new.id))
        context.webhooks.emit(connection, "organization.created", now, org_id=new.id, name=new.name)
        invited = invitations.add(context, connection, by, new, email, "admin", uuid4())
    return new, invited


def rename(context: Context, by: Actor, org_id: UUID, name: str) -> Organization:
    """Rename an organization, and return it. Names need not be unique.

    Raises OAuthError for an invalid name, NotFoundError where there is no such partner.
    """
    name = check_name(name)
    with context.database.write() as connection:
        check_is_partner(context, connection, org_id)
        found = store.find(connection, org_id)
        if found is None:
            raise NotFoundError(str(org_id))
        if found.name != name:
            store.rename(connection, org_id, name)
            now, before = context.now(), {"before": found.name}
            record = entry(by, now, "organization.renamed", name, org_id=org_id, **before)
            audit.record(connection, record)
            context.webhooks.emit(
                connection, "organization.renamed", now, org_id=org_id, name=name, **before
            )
    return replace(found, name=name)


def set_suspended(context: Context, by: Actor, org_id: UUID, *, suspended: bool) -> None:
    """Suspend an organization, or resume it; both revoke its tokens.

    The latter for what another process issued before it learned of the suspension. Sessions end
    with the resumption: until then they show nothing but that the organization is suspended.
    Raises NotFoundError where there is no such partner; the operating organization is none.
    """
    with context.database.write() as connection:
        check_is_partner(context, connection, org_id)
        now = context.now()
        now = max(now, applications.last_use(connection, org_id) or now)
        found = store.find(connection, org_id)
        if found is None:
            raise NotFoundError(str(org_id))
        if suspended == (found.suspended_at is not None):
            return
        store.set_suspended(connection, org_id, now if suspended else None)
        if not suspended:
            sessions.end_of_organization(connection, org_id)
        applications.void_tokens_of_organization(connection, org_id, now + CLOCK_MARGIN)
        action = "organization.suspended" if suspended else "organization.resumed"
        audit.record(connection, entry(by, now, action, found.name, org_id=org_id))
        context.webhooks.emit(connection, action, now, org_id=org_id, name=found.name)
        changes.record(connection, changes.ORGANIZATION, str(org_id), now)
    context.refresh()
