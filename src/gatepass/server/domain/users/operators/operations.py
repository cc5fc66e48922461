"""Operations on operators: each in one transaction with its audit entry.

`granter` is the operator who acts, or None for the command line of the server's machine, which may
do everything. Their own roles are read again in the transaction, so that a role that was taken
away gives nothing any more. The context is that of production: nowhere else are operators kept.
"""

from dataclasses import replace
from datetime import datetime
from uuid import UUID, uuid4

from gatepass.server.domain.audit import store as audit
from gatepass.server.domain.audit.model import Actor, entry
from gatepass.server.domain.context import Context
from gatepass.server.domain.organizations import store as organizations
from gatepass.server.domain.organizations.model import Organization, check_name
from gatepass.server.domain.organizations.policies import store as policies
from gatepass.server.domain.organizations.policies.model import StatedPolicy
from gatepass.server.domain.users import initial_passwords
from gatepass.server.domain.users import store as users
from gatepass.server.domain.users.initial_passwords import InitialPassword
from gatepass.server.domain.users.model import InvalidField, User, check_username
from gatepass.server.domain.users.notices import mails
from gatepass.server.domain.users.operators import store
from gatepass.server.domain.users.operators.model import (
    LAST_OWNER,
    Operator,
    Roles,
    check_first,
    check_may_set,
    described,
    merged,
    portal_role,
)
from gatepass.server.domain.users.sessions import store as sessions
from gatepass.server.domain.users.single_sign_on import enforcement
from gatepass.server.domain.users.transaction_steps import add_draft, notify, record_audit
from gatepass.server.storage.database import Connection
from gatepass.server.storage.errors import NotFoundError
from gatepass.translation.message import Message
from gatepass.wire.errors import OAuthError
from gatepass.wire.secret import Secret

_NOTHING: Roles = {}
_TAKEN = Message(
    "Somebody in production has this username: an operator, or a partner's user. They share the "
    "usernames, as they share the login. Choose another."
)
_NO_TABLES = Message(
    "There can be no operators yet: the database has the tables of the version before. Run "
    "`gatepass migrate` first."
)
_NOT_OPERATOR = Message("You are no operator any more.")


def find(context: Context, user_id: UUID) -> Operator | None:
    """Return the operator with this user id; None for others, and for one without any role."""
    with context.database.read() as connection:
        whose = users.find(connection, user_id)
        found = store.find(context.database, connection, whose) if whose else None
    return found if found and found.modes else None


def find_by_username(context: Context, username: str) -> Operator:
    """Return a person of the operating organization; raise NotFoundError for anybody else."""
    with context.database.read() as connection:
        whose = users.find_by_username(connection, username.strip().lower())
        found = store.find(context.database, connection, whose) if whose else None
    if found is None:
        raise NotFoundError(username)
    return found


def list_all(context: Context) -> list[Operator]:
    """Return everybody of the operating organization, oldest first, also those without a role."""
    with context.database.read() as connection:
        return store.list_all(context.database, connection)


def find_organization(context: Context) -> Organization:
    """Return the operating organization; raise NotFoundError before the first operator."""
    with context.database.read() as connection:
        org_id = organizations.find_operating(context.database, connection)
        found = organizations.find(connection, org_id) if org_id else None
    if found is None:
        raise NotFoundError("An operator")
    return found


def add(  # noqa: PLR0913 - as many as there are things to know of a new operator
    context: Context,
    by: Actor,
    granter: Operator | None,
    *,
    username: str,
    email: str | None,
    roles: Roles,
    initial: InitialPassword,
    organization: str,
    also: initial_passwords.Also = initial_passwords.write_nothing,
) -> tuple[Operator, Secret]:
    """Add an operator who logs in with an initial password; return them and the one sight of it.

    The first one makes the operating organization, with the name `organization`. Raises
    InvalidField, and OAuthError (403) for a role that the granter may not give.
    """
    username = check_username(username)
    with context.database.write() as connection:
        now = context.now()
        check_granter(context, connection, granter, _NOTHING, roles)
        if users.find_by_username(connection, username):
            raise InvalidField("username", _TAKEN, taken=True)
        org_id = open_organization(context, connection, by, roles, organization, now).id
        new = initial_passwords.draft_with_access(
            org_id, initial, now, username=username, email=email, role=portal_role(roles)
        )
        add_draft(context, connection, by, new, now)
        _put(connection, by, new, roles, now, "operator.added")
        also(connection, new, initial.password)
    return Operator(new, roles), initial.password


def set_roles(
    context: Context, by: Actor, granter: Operator | None, user_id: UUID, changed: Roles
) -> Operator:
    """Set the roles of the environments in `changed`; those of others stay. In force at once.

    Raises InvalidField where production would have no owner who can log in, and OAuthError (403)
    for a role that the granter may not give or take.
    """
    with context.database.write() as connection:
        now = context.now()
        found = find_member(context, connection, user_id)
        after = merged(found.roles, changed)
        check_granter(context, connection, granter, found.roles, after)
        if after == found.roles:
            return found
        if not Operator(found.user, after).is_owner():
            _check_stays(context, connection, found.user)
        was_owner, role = found.is_owner(), portal_role(after)
        users.change(connection, user_id, {"role": role, "updated_at": now})
        text = described(found.roles)
        _put(connection, by, found.user, after, now, "operator.roles_changed", before=text)
        user = replace(found.user, role=role)
        notify(context, connection, by, now, user, "role_changed", described(after))
        if role == "admin" and not was_owner:
            mails.tell_of_new_administrator(context, connection, by, user, now)
    return Operator(user, after)


def set_enabled(
    context: Context, by: Actor, granter: Operator | None, user_id: UUID, *, enabled: bool
) -> None:
    """Disable an operator, or enable them again; both end their sessions.

    Raises InvalidField for the last owner, and OAuthError (403) where they have a role in an
    environment that the granter does not own.
    """
    with context.database.write() as connection:
        now = context.now()
        found = _find_to_manage(context, connection, granter, user_id)
        if not enabled:
            _check_stays(context, connection, found.user)
        sessions.end_of_user(connection, user_id)
        users.change(connection, user_id, {"disabled_at": None if enabled else now})
        action = "person.enabled" if enabled else "person.disabled"
        record_audit(connection, by, now, found.user, action)


def remove(context: Context, by: Actor, granter: Operator | None, user_id: UUID) -> None:
    """Delete an operator, with their sessions; raises as `set_enabled` does."""
    with context.database.write() as connection:
        now = context.now()
        found = _find_to_manage(context, connection, granter, user_id)
        _check_stays(context, connection, found.user)
        users.remove(connection, user_id)
        text = described(found.roles)
        record_audit(connection, by, now, found.user, "operator.removed", roles=text)


def reset(
    context: Context,
    by: Actor,
    granter: Operator | None,
    user_id: UUID,
    *,
    initial: InitialPassword,
    also: initial_passwords.Also = initial_passwords.write_nothing,
) -> tuple[User, Secret]:
    """Set a new initial password for an operator, and end their sessions.

    Raises OAuthError (403) where they have a role in an environment that the granter does not own:
    who sets somebody's password can log in as them.
    """

    def check_and_write(connection: Connection, user: User, password: Secret) -> None:
        _find_to_manage(context, connection, granter, user_id)
        also(connection, user, password)

    with context.database.read() as connection:
        org_id = find_member(context, connection, user_id).user.org_id
    return initial_passwords.give_access(
        context, by, org_id, user_id, None, initial=initial, also=check_and_write
    )


def open_organization(
    context: Context,
    connection: Connection,
    by: Actor,
    roles: Roles,
    name: str,
    now: datetime,
) -> Organization:
    """Return the operating organization, made here for its first person, in the transaction.

    Its policy requires a second factor. Raises InvalidField where its first person is to be no
    owner, and OAuthError (503) on the tables of the version before.
    """
    if not context.database.has(connection, store.REVISION):
        raise OAuthError("temporarily_unavailable", _NO_TABLES)
    if not any(each.is_owner() for each in store.list_all(context.database, connection)):
        check_first(roles)
    org_id = organizations.find_operating(context.database, connection)
    found = organizations.find(connection, org_id) if org_id else None
    if found:
        return found
    new = Organization(uuid4(), check_name(name), now)
    organizations.add(connection, new)
    organizations.set_operating(connection, new.id)
    policies.put(connection, new.id, StatedPolicy(second_factor="required"))
    record = entry(by, now, "organization.created", new.name, org_id=new.id)
    audit.record(connection, record)
    return new


def check_granter(
    context: Context,
    connection: Connection,
    granter: Operator | None,
    before: Roles,
    after: Roles,
) -> None:
    """Raise OAuthError (403) where the granter, as they are now, may not change these roles."""
    current = read_again(context, connection, granter) if granter else None
    check_may_set(current, before, after)


def read_again(context: Context, connection: Connection, granter: Operator) -> Operator:
    """Return the granter as they are now; raise OAuthError (403) where they act no more."""
    user = users.find(connection, granter.user.id)
    found = store.find(context.database, connection, user) if user else None
    if found is None or found.user.disabled_at:
        raise OAuthError("invalid_request", _NOT_OPERATOR, status=403)
    return found


def find_member(context: Context, connection: Connection, user_id: UUID) -> Operator:
    """Return a person of the operating organization; raise NotFoundError for anybody else."""
    user = users.find(connection, user_id)
    found = store.find(context.database, connection, user) if user else None
    if found is None:
        raise NotFoundError(str(user_id))
    return found


def _find_to_manage(
    context: Context, connection: Connection, granter: Operator | None, user_id: UUID
) -> Operator:
    """Return somebody whose account the granter may change: they own what the other acts in."""
    found = find_member(context, connection, user_id)
    check_granter(context, connection, granter, found.roles, _NOTHING)
    return found


def _check_stays(context: Context, connection: Connection, user: User) -> None:
    """Raise InvalidField where somebody must stay an owner who can log in."""
    if store.is_last_owner(context.database, connection, user):
        raise InvalidField("role", LAST_OWNER, taken=True)
    enforcement.check_not_emergency_administrator(context.database, connection, user)


def _put(
    connection: Connection,
    by: Actor,
    user: User,
    roles: Roles,
    now: datetime,
    action: str,
    **detail: str,
) -> None:
    store.set_roles(connection, user.id, roles)
    record_audit(connection, by, now, user, action, roles=described(roles), **detail)
