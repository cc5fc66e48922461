"""What can be done to an application: each in one transaction with its audit entry and change."""

import secrets
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import NamedTuple
from uuid import UUID, uuid4

from gatepass.server.domain.applications import lookup, store
from gatepass.server.domain.applications.fields.general import SCOPE
from gatepass.server.domain.applications.fields.model import FieldGroup
from gatepass.server.domain.applications.fields.values import check_values
from gatepass.server.domain.applications.listing import store as listing
from gatepass.server.domain.applications.listing.model import Found, ListPage, Sought, Wanted
from gatepass.server.domain.applications.model import (
    Application,
    ApplicationSecret,
    check_contact,
    check_lifetime,
    check_name,
    check_scope,
    new_client_id,
    new_secret,
)
from gatepass.server.domain.applications.settings import store as settings
from gatepass.server.domain.applications.transaction_steps import (
    begin_change,
    check_administrative,
    check_new,
    check_seen,
    emit,
    end_in_words,
    find_owned,
    record_change,
    void_tokens,
)
from gatepass.server.domain.audit.model import Actor
from gatepass.server.domain.catalogue.model import NEEDS_PASSWORD, Catalogue
from gatepass.server.domain.changes import store as changes
from gatepass.server.domain.changes import tombstones
from gatepass.server.domain.context import Context
from gatepass.server.domain.organizations import store as organizations
from gatepass.server.domain.token_policy import DEFAULT_LIFETIME
from gatepass.server.storage.database import Connection, has_revision
from gatepass.server.storage.errors import NotFoundError
from gatepass.translation.message import Message
from gatepass.wire.errors import OAuthError
from gatepass.wire.networks import Network
from gatepass.wire.scope import Scope
from gatepass.wire.secret import Secret

_NO_SCOPE = Scope(())


class Registered(NamedTuple):
    """An application and the one sight of its new secret."""

    application: Application
    secret: Secret


Also = Callable[[Connection, Registered], None]
"""What a caller writes along, in the same transaction."""


def nothing_else(_: Connection, __: Registered) -> None:
    """Write nothing along."""


def register(  # noqa: PLR0913 - a registration has that many parts
    context: Context,
    catalogue: Catalogue,
    by: Actor,
    org_id: UUID,
    *,
    name: str,
    scope: Scope | None = None,
    allowed: Scope | None = None,
    redirect_uris: tuple[str, ...] = (),
    token_lifetime: int = DEFAULT_LIFETIME,
    contact: str = "",
    networks: tuple[Network, ...] = (),
    secret_end: datetime | None = None,
    app_id: UUID | None = None,
    also: Also = nothing_else,
) -> Registered:
    """Register a confidential client-credentials application and give its first secret.

    Without a scope it has the catalogue's default; `allowed` is what a partner may choose. The
    secret works until `secret_end`; raises InvalidField where a policy does not allow that.

    With an `app_id` of the caller's, doing it twice makes one: the second is OAuthError (409).
    """
    now = context.now()
    secret, kept = new_secret(uuid4(), context.mode, secrets.token_bytes(32), now, secret_end)
    new = new_application(
        context,
        catalogue,
        by,
        org_id,
        name=name,
        scope=scope,
        allowed=allowed,
        redirect_uris=redirect_uris,
        token_lifetime=token_lifetime,
        contact=contact,
        networks=networks,
        app_id=app_id,
        its_secrets=(kept,),
    )
    with context.database.write() as connection:
        made = Registered(new, secret)
        along = partial(also, connection, made)
        add_new(context, connection, by, new, along, **end_in_words(secret_end))
    context.refresh()
    return made


def new_application(  # noqa: PLR0913 - as `register`
    context: Context,
    catalogue: Catalogue,
    by: Actor,
    org_id: UUID,
    *,
    name: str,
    scope: Scope | None = None,
    allowed: Scope | None = None,
    redirect_uris: tuple[str, ...] = (),
    token_lifetime: int = DEFAULT_LIFETIME,
    contact: str = "",
    networks: tuple[Network, ...] = (),
    app_id: UUID | None = None,
    its_secrets: tuple[ApplicationSecret, ...] = (),
) -> Application:
    """Return an application that is not stored yet; raise OAuthError for a value of `register`."""
    return Application(
        id=app_id or uuid4(),
        org_id=org_id,
        client_id=new_client_id(context.mode, secrets.token_bytes(16)),
        name=check_name(name),
        scope=check_scope(scope or catalogue.defaults, allowed or catalogue.selectable),
        token_lifetime=check_lifetime(token_lifetime),
        created_at=context.now(),
        created_by=by.name,
        secrets=its_secrets,
        redirect_uris=redirect_uris,
        contact=check_contact(contact),
        networks=networks,
    )


def add_new(
    context: Context,
    connection: Connection,
    by: Actor,
    new: Application,
    also: Callable[[], None] | None = None,
    /,
    **detail: str,
) -> None:
    """Store a new application, with its audit entry and event; raises as `register`."""
    if organizations.find(connection, new.org_id) is None:
        raise NotFoundError(str(new.org_id))
    if lookup.find(connection, new.id):
        raise OAuthError("invalid_request", Message("This is done already."), status=409)
    now = new.created_at
    check_new(context, connection, new, now)
    store.add(connection, new)
    if also:
        also()
    record_change(
        connection, by, now, new, "application.registered", scope=str(new.scope), **detail
    )
    emit(context, connection, new, "application.registered", now, scope=str(new.scope))


def change(
    context: Context,
    by: Actor,
    app_id: UUID,
    org_id: UUID | None,
    *,
    allowed: Scope = _NO_SCOPE,
    seen: Mapping[str, str] | None = None,
    **values: object,
) -> None:
    """Change editable fields, all of them or none; `table.GROUPS` has their names and checks.

    A new `scope` consists of `allowed` scopes and of those that the application already has.
    `seen` are the values, as forms show them, that whoever changes them has seen.

    Raises OAuthError for a value that is not allowed, for a field that `by` may not change, and
    where a value is no longer the one that was seen.
    """
    with begin_change(context, app_id, org_id) as (connection, application, now):
        check_seen(application, seen)
        after, groups = check_values(by, application, allowed, values)
        check_administrative(context, connection, after)
        write(connection, by, now, application, after, groups)


def choose_scope(  # noqa: PLR0913 - who, what, and what was seen
    context: Context,
    catalogue: Catalogue,
    by: Actor,
    app_id: UUID,
    chosen: Scope,
    org_id: UUID | None,
    *,
    seen: Mapping[str, str] | None = None,
    has_proof: bool = False,
) -> None:
    """Set what its next tokens may allow, of what a partner may choose.

    What only the operator grants is neither given nor lost by it. What is granted with a
    password is given only where the administrator has just proved who they are. Scopes that stay
    keep their places, as the first one's resource is what tokens are for where none is asked for.
    """
    with begin_change(context, app_id, org_id) as (connection, application, now):
        check_seen(application, seen)
        had = application.scope.names
        kept = tuple(name for name in had if name in chosen or name not in catalogue.offered)
        scope = Scope(kept + chosen.without(Scope(kept)).names)
        grantable = catalogue.offered if has_proof else catalogue.selectable
        check_scope(scope, Scope(tuple(dict.fromkeys((*grantable.names, *kept)))))
        after = replace(application, scope=scope)
        check_administrative(context, connection, after)
        write(connection, by, now, application, after, [SCOPE])


def revoke_tokens(context: Context, by: Actor, app_id: UUID, org_id: UUID | None) -> None:
    """Make every token that the application holds invalid."""
    with begin_change(context, app_id, org_id) as (connection, application, now):
        void_tokens(context, connection, by, application, now)


def set_enabled(
    context: Context, by: Actor, app_id: UUID, *, enabled: bool, org_id: UUID | None
) -> None:
    """Disable an application, which revokes its tokens, or enable it again.

    Both revoke what was issued before: another process may issue tokens until it has learned
    of the disabling.
    """
    with begin_change(context, app_id, org_id) as (connection, application, now):
        if enabled == (application.disabled_at is None):
            return
        revoked_before = application.next_revocation(now)
        state = {"disabled_at": None if enabled else now, "tokens_revoked_before": revoked_before}
        store.change(connection, app_id, state)
        action = "application.enabled" if enabled else "application.disabled"
        record_change(connection, by, now, application, action)
        emit(context, connection, application, action, now)


def delete(context: Context, by: Actor, app_id: UUID, org_id: UUID | None) -> None:
    """Delete an application; its credentials and tokens become invalid."""
    with begin_change(context, app_id, org_id) as (connection, application, now):
        store.remove(connection, app_id)
        tombstones.record_deletion(connection, changes.CLIENT_GONE, application.client_id, now)
        record_change(connection, by, now, application, "application.deleted")
        emit(context, connection, application, "application.deleted", now)


def find(context: Context, app_id: UUID, org_id: UUID | None) -> Application:
    """Return an application of `org_id` (None: of any); raise NotFoundError for another."""
    with context.database.read() as connection:
        return find_owned(connection, app_id, org_id)


def find_by_client_id(context: Context, client_id: str) -> Application | None:
    """Return the application with this client id, None if there is none."""
    with context.database.read() as connection:
        return lookup.find_by_client_id(connection, client_id)


def list_page(context: Context, org_id: UUID, wanted: Wanted) -> ListPage:
    """Return a page of the list of an organization's applications."""
    with context.database.read() as connection:
        return listing.find_page(context.database, connection, org_id, wanted, context.now())


def search(
    context: Context, sought: Sought, *, after: UUID | None, limit: int
) -> tuple[list[Found], bool]:
    """Return up to `limit` applications after an id, and whether there are more."""
    with context.database.read() as connection:
        found = listing.search(connection, sought, after, limit + 1)
    return found[:limit], len(found) > limit


def names(context: Context, org_id: UUID) -> list[tuple[UUID, str, str]]:
    """Return id, name and client id of each application of an organization."""
    with context.database.read() as connection:
        return listing.names(connection, org_id)


def of_organization(context: Context, org_id: UUID) -> list[Application]:
    """Return an organization's applications, newest first."""
    with context.database.read() as connection:
        return lookup.of_organization(connection, org_id)


def write(
    connection: Connection,
    by: Actor,
    now: datetime,
    before: Application,
    after: Application,
    groups: Iterable[FieldGroup],
) -> None:
    """Store changed fields; removing a scope that is granted with a password revokes all tokens."""
    for group in groups:
        if group.is_setting:
            _check_settings(connection)
            settings.put(connection, before.id, after.settings)
        else:
            store.change(connection, before.id, group.columns(after))
        record_change(connection, by, now, before, group.action, **group.details(after))
    if NEEDS_PASSWORD & set(before.scope.without(after.scope).names):
        store.void_tokens(connection, before, now)


def _check_settings(connection: Connection) -> None:
    if not has_revision(connection, settings.REVISION):
        raise OAuthError(
            "temporarily_unavailable",
            Message(
                "This cannot be changed yet: the operator has not migrated the database "
                "(gatepass migrate). Nothing was changed."
            ),
        )
