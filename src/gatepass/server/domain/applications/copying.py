"""Copies the settings of an application to a new one or to another one; never its credentials."""

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from hashlib import sha256
from typing import NamedTuple, TypedDict
from uuid import UUID

from gatepass.server.domain.applications import operations
from gatepass.server.domain.applications.fields import table
from gatepass.server.domain.applications.fields.model import Field, FieldGroup
from gatepass.server.domain.applications.fields.values import texts_of
from gatepass.server.domain.applications.keys.registration import (
    GiveMethod,
    register_without_secret,
)
from gatepass.server.domain.applications.model import Application, check_scope
from gatepass.server.domain.applications.operations import Also, Registered
from gatepass.server.domain.applications.transaction_steps import (
    begin_change,
    check_administrative,
    find_owned,
    record_change,
)
from gatepass.server.domain.audit.model import Actor
from gatepass.server.domain.catalogue.model import NEEDS_PASSWORD, Catalogue
from gatepass.server.domain.context import Context
from gatepass.server.storage.database import Connection
from gatepass.translation.message import Message
from gatepass.wire.errors import OAuthError
from gatepass.wire.networks import Network
from gatepass.wire.scope import Scope

_NAME = "name"  # of each application its own
GROUPS: tuple[FieldGroup, ...] = tuple(
    group for group in table.GROUPS if all(field.name != _NAME for field in group.fields)
)
"""What is copied: all that can be edited, except for the name."""


class Source(NamedTuple):
    """The application whose settings are copied, and the name of its environment."""

    application: Application
    environment: str


class Difference(NamedTuple):
    """A field of three applications, as text: of the source, of the target, and as it will be."""

    field: Field
    source: str
    before: str
    after: str

    @property
    def is_change(self) -> bool:
        """Return whether the target will have another value."""
        return self.before != self.after


class ChangedMeanwhileError(OAuthError):
    """One of the applications is not as it was shown."""

    def __init__(self) -> None:
        super().__init__(
            "invalid_request",
            Message(
                "The settings were changed meanwhile. Nothing was copied: look at the differences "
                "again."
            ),
            status=409,
        )


def scope_of_copy(source: Scope, offered: Scope, had: Scope) -> Scope:
    """Return the scope of a target that `had` another one.

    What only the operator grants is neither copied nor lost. The source's order is kept, as
    the first scope's resource is what tokens are for where none is asked for.
    """
    taken = Scope(tuple(name for name in source.names if name in offered))
    granted = had.without(offered)
    return Scope((*taken.names, *granted.without(taken).names))


def left_out(source: Scope, offered: Scope, had: Scope) -> Scope:
    """Return the scopes of the source that the target does not get."""
    return source.without(scope_of_copy(source, offered, had))


def revokes_tokens(source: Application, target: Application, offered: Scope) -> bool:
    """Return whether the copy removes a scope of the target whose removal revokes its tokens."""
    after = scope_of_copy(source.scope, offered, target.scope)
    return not NEEDS_PASSWORD.isdisjoint(target.scope.without(after).names)


def copied(source: Application, target: Application, offered: Scope) -> Application:
    """Return the target with the settings of the source."""
    values = {
        field.name: getattr(source, field.name)
        for group in GROUPS
        for field in group.fields
        if field.name != "scope"
    }
    return replace(target, **values, scope=scope_of_copy(source.scope, offered, target.scope))


def differences(source: Application, target: Application, offered: Scope) -> list[Difference]:
    """Return each field that is copied, in the order of the application's page."""
    shown = [texts_of(each) for each in (source, target, copied(source, target, offered))]
    return [
        Difference(field, *(each[field.name] for each in shown))
        for group in GROUPS
        for field in group.fields
    ]


def state(*applications: Application) -> str:
    """Return a digest of the settings that a page has shown, to notice that one was changed."""
    shown = [[str(each.id), texts_of(each)] for each in applications]
    return sha256(json.dumps(shown, sort_keys=True).encode()).hexdigest()[:32]


def register_copy(  # noqa: PLR0913 - a registration has that many parts
    context: Context,
    catalogue: Catalogue,
    by: Actor,
    org_id: UUID,
    source: Source,
    *,
    name: str,
    secret_end: datetime | None,
    app_id: UUID,
    also: Also,
) -> Registered:
    """Register an application with the settings of another one, and with credentials of its own.

    Raises OAuthError where none of the scopes can be chosen here, and as `operations.register`.
    """
    original = source.application

    def also_written(connection: Connection, made: Registered) -> None:
        also(connection, made)
        _write_copy(connection, catalogue, by, made.application, source)

    return operations.register(
        context,
        catalogue,
        by,
        org_id,
        **_parts(original, catalogue),
        name=name,
        secret_end=secret_end,
        app_id=app_id,
        also=also_written,
    )


def register_copy_without_secret(  # noqa: PLR0913 - as `register_copy`
    context: Context,
    catalogue: Catalogue,
    by: Actor,
    org_id: UUID,
    source: Source,
    *,
    name: str,
    give: GiveMethod,
    app_id: UUID,
) -> Application:
    """Register a copy as `register_copy` does, with what `give` gives it in place of a secret."""

    def give_and_copy(inner: Context, new: Application) -> None:
        give(inner, new)
        with inner.database.write() as connection:
            _write_copy(connection, catalogue, by, new, source)

    return register_without_secret(
        context,
        catalogue,
        by,
        org_id,
        **_parts(source.application, catalogue),
        name=name,
        give=give_and_copy,
        app_id=app_id,
    )


class _Parts(TypedDict):
    """What a registration takes of the source."""

    scope: Scope
    allowed: Scope
    token_lifetime: int
    contact: str
    networks: tuple[Network, ...]
    redirect_uris: tuple[str, ...]


def _parts(original: Application, catalogue: Catalogue) -> _Parts:
    """Return what a registration takes of the source; raise OAuthError where no scope is left."""
    offered = catalogue.offered
    return {
        "scope": check_scope(scope_of_copy(original.scope, offered, Scope(())), offered),
        "allowed": offered,
        "token_lifetime": original.token_lifetime,
        "contact": original.contact,
        "networks": original.networks,
        "redirect_uris": original.redirect_uris,
    }


def _write_copy(
    connection: Connection, catalogue: Catalogue, by: Actor, new: Application, source: Source
) -> None:
    """Write what a registration does not take, and who was copied."""
    now = new.created_at
    after = copied(source.application, new, catalogue.offered)
    operations.write(connection, by, now, new, after, _changed(new, after))
    _record(connection, by, now, new, source)


def copy_settings(
    context: Context,
    catalogue: Catalogue,
    by: Actor,
    org_id: UUID,
    *,
    source_id: UUID,
    target_id: UUID,
    shown: str,
) -> int:
    """Give an application the settings of another one of the organization; return how many change.

    `shown` is the `state` of both, of the page on which somebody chose this. Raises
    ChangedMeanwhileError where it is another one now, NotFoundError for another organization's.
    """
    offered = catalogue.offered
    with begin_change(context, target_id, org_id) as (connection, target, now):
        source = find_owned(connection, source_id, org_id)
        if state(source, target) != shown:
            raise ChangedMeanwhileError
        after = copied(source, target, offered)
        changed = _changed(target, after)
        check_scope(after.scope, after.scope)  # it has one at least
        check_administrative(context, connection, after)
        operations.write(connection, by, now, target, after, changed)
        if changed:
            _record(connection, by, now, target, Source(source, context.name))
    return len(changed)


def _changed(before: Application, after: Application) -> Sequence[FieldGroup]:
    return [group for group in GROUPS if group.columns(before) != group.columns(after)]


def _record(
    connection: Connection, by: Actor, now: datetime, target: Application, source: Source
) -> None:
    original = source.application
    record_change(
        connection,
        by,
        now,
        target,
        "application.copied",
        source=original.name,
        source_client_id=original.client_id,
        environment=source.environment,
    )
