"""What the operator does to the catalogue: each in one transaction with its audit entry."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace

from gatepass.jose.algorithms import Algorithm
from gatepass.server.domain.audit import store as audit
from gatepass.server.domain.audit.model import Actor, entry
from gatepass.server.domain.catalogue import store
from gatepass.server.domain.catalogue.model import (
    BUILT_IN,
    PARTNER_API,
    Catalogue,
    CataloguedScope,
    check_scope_name,
    check_standing,
    check_uri,
    check_words,
    purposes,
)
from gatepass.server.domain.changes import store as changes
from gatepass.server.domain.context import Context
from gatepass.server.domain.keys.operations import ensure
from gatepass.server.domain.token_policy import Tokens
from gatepass.server.storage.database import Connection
from gatepass.server.storage.errors import NotFoundError
from gatepass.translation.message import Message
from gatepass.wire.errors import OAuthError


def current(context: Context) -> Catalogue:
    """Return the catalogue as the database has it, which memory may learn of a moment later."""
    with context.database.read() as connection:
        return store.load(connection, context.token_policy)


def add_resource(
    context: Context,
    by: Actor,
    uri: str,
    name: str,
    tokens: Tokens | None = None,
    algorithm: Algorithm | None = None,
) -> None:
    """Add an API that tokens can be for; raise OAuthError where it is there already."""
    uri, name = check_uri(uri), check_words(name)
    with _change(context, by, "resource.added", uri) as (connection, catalogue):
        if uri in catalogue.resources:
            raise OAuthError(
                "invalid_target", Message("This resource is there already."), status=409
            )
        store.add_resource(connection, uri, name, tokens, algorithm)


def change_resource(context: Context, by: Actor, uri: str, values: dict[str, object]) -> None:
    """Change a resource's `name`, `tokens` or `algorithm`; it holds for new tokens."""
    if "name" in values:
        values = values | {"name": check_words(str(values["name"]))}
    with _change(context, by, "resource.changed", uri) as (connection, catalogue):
        _known_resource(catalogue, uri)
        store.change_resource(connection, _stored(catalogue, uri), values)


def remove_resource(context: Context, by: Actor, uri: str) -> None:
    """Remove a resource; raise OAuthError while it has scopes, and for the Partner API."""
    with _change(context, by, "resource.removed", uri) as (connection, catalogue):
        _known_resource(catalogue, uri)
        if uri == catalogue.partner_api:
            raise OAuthError("invalid_target", Message("The Partner API is part of the server."))
        scopes = catalogue.of_resource(uri)
        if scopes.names:
            raise OAuthError(
                "invalid_target", Message("Remove its scopes first: {scopes}.", scopes=str(scopes))
            )
        store.remove_resource(connection, uri)


def add_scope(context: Context, by: Actor, new: CataloguedScope) -> None:
    """Add a scope to a resource; raise OAuthError where the name is taken."""
    check_scope_name(new.name)
    new = replace(new, description=check_words(new.description))
    check_standing(new)
    with _change(context, by, "scope.added", new.name) as (connection, catalogue):
        if new.name in catalogue.scopes:
            raise OAuthError("invalid_scope", Message("This scope is there already."), status=409)
        _known_resource(catalogue, new.resource)
        store.add_scope(connection, new, catalogue.partner_api)


def change_scope(context: Context, by: Actor, name: str, values: dict[str, object]) -> None:
    """Change a scope's `description`, `is_default` or `is_restricted`."""
    if "description" in values:
        values = values | {"description": check_words(str(values["description"]))}
    with _change(context, by, "scope.changed", name) as (connection, catalogue):
        _known_scope(catalogue, name)
        check_standing(replace(catalogue.scopes[name], **values))  # type: ignore[arg-type]
        store.change_scope(connection, name, values)


def remove_scope(
    context: Context, by: Actor, name: str, count_applications: Callable[[Connection, str], int]
) -> None:
    """Remove a scope that no application has; raise OAuthError for one that the server needs.

    `count_applications` returns how many have it: the applications are above the catalogue.
    """
    with _change(context, by, "scope.removed", name) as (connection, catalogue):
        _known_scope(catalogue, name)
        if name in BUILT_IN:
            raise OAuthError(
                "invalid_scope", Message("The server itself needs the scope {name}.", name=name)
            )
        count = count_applications(connection, name)
        if count:
            raise OAuthError(
                "invalid_scope",
                Message.plural(
                    "{count} application has the scope {name}. Take it from it first.",
                    "{count} applications have the scope {name}. Take it from them first.",
                    count,
                    name=name,
                ),
            )
        store.remove_scope(connection, name)


@contextmanager
def _change(
    context: Context, by: Actor, action: str, subject: str
) -> Iterator[tuple[Connection, Catalogue]]:
    """Open a writing transaction on the catalogue as it is; keys for new forms are made in it."""
    with context.database.write() as connection:
        yield connection, store.load(connection, context.token_policy)
        now = context.now()
        needed = purposes(
            store.load(connection, context.token_policy), context.token_policy.algorithm
        )
        ensure(connection, context.master_key, context.mode, needed, now)
        audit.record(connection, entry(by, now, action, subject))
        changes.record(connection, changes.CATALOGUE, subject, now)
    context.refresh()


def _known_resource(catalogue: Catalogue, uri: str) -> None:
    if catalogue.admin_api and uri == catalogue.admin_api:
        raise OAuthError("invalid_target", Message("The Admin API is part of the server."))
    if uri not in catalogue.resources:
        raise NotFoundError(uri)


def _stored(catalogue: Catalogue, uri: str) -> str:
    return PARTNER_API if uri == catalogue.partner_api else uri


def _known_scope(catalogue: Catalogue, name: str) -> None:
    if name in catalogue.administrative:
        raise OAuthError(
            "invalid_scope", Message("The scope {name} is part of the server.", name=name)
        )
    if name not in catalogue.scopes:
        raise NotFoundError(name)
