"""The catalogue's tables."""

from dataclasses import asdict, replace

from sqlalchemy import (
    Boolean,
    Column,
    Connection,
    ForeignKey,
    Table,
    Text,
    delete,
    insert,
    select,
    update,
)

from gatepass.jose.algorithms import Algorithm
from gatepass.server.domain.catalogue import admin_scopes
from gatepass.server.domain.catalogue.model import PARTNER_API, Catalogue, CataloguedScope, Resource
from gatepass.server.domain.token_policy import TokenPolicy, Tokens, form_of
from gatepass.server.storage.database import metadata

resource = Table(
    "resource",
    metadata,
    Column("uri", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("tokens", Text),
    Column("algorithm", Text),
)

scope = Table(
    "scope",
    metadata,
    Column("name", Text, primary_key=True),
    Column("description", Text, nullable=False),
    Column("is_default", Boolean, nullable=False),
    Column("is_restricted", Boolean, nullable=False),
    Column("resource", Text, ForeignKey("resource.uri"), nullable=False),
)


def load(connection: Connection, policy: TokenPolicy) -> Catalogue:
    """Return the catalogue; `policy` has the environment's defaults."""
    resources = {}
    for row in connection.execute(select(resource).order_by(resource.c.uri)):
        uri = row.uri or policy.partner_api
        form = form_of(row.tokens or policy.tokens, row.algorithm or policy.algorithm)
        resources[uri] = Resource(uri, row.name, row.tokens, row.algorithm, form)
    scopes = {
        # The Partner API's first, and of these read before write.
        row.name: CataloguedScope(
            row.name,
            row.description,
            row.is_default,
            row.is_restricted,
            row.resource or policy.partner_api,
        )
        for row in connection.execute(select(scope).order_by(scope.c.resource, scope.c.name))
    }
    if policy.admin_api:
        form = form_of(policy.tokens, policy.algorithm)
        resources[policy.admin_api] = admin_scopes.resource(policy.admin_api, form)
        scopes |= {each.name: each for each in admin_scopes.scopes(policy.admin_api)}
    return Catalogue(policy.partner_api, resources, scopes, policy.admin_api)


def add_resource(
    connection: Connection, uri: str, name: str, tokens: Tokens | None, algorithm: Algorithm | None
) -> None:
    """Add a resource."""
    connection.execute(
        insert(resource).values(uri=uri, name=name, tokens=tokens, algorithm=algorithm)
    )


def change_resource(connection: Connection, uri: str, values: dict[str, object]) -> None:
    """Set columns of a resource."""
    connection.execute(update(resource).where(resource.c.uri == uri).values(**values))


def remove_resource(connection: Connection, uri: str) -> None:
    """Delete a resource that has no scopes any more."""
    connection.execute(delete(resource).where(resource.c.uri == uri))


def add_scope(connection: Connection, new: CataloguedScope, partner_api: str) -> None:
    """Add a scope."""
    stored = replace(new, resource=PARTNER_API) if new.resource == partner_api else new
    connection.execute(insert(scope).values(**asdict(stored)))


def change_scope(connection: Connection, name: str, values: dict[str, object]) -> None:
    """Set columns of a scope."""
    connection.execute(update(scope).where(scope.c.name == name).values(**values))


def remove_scope(connection: Connection, name: str) -> None:
    """Delete a scope."""
    connection.execute(delete(scope).where(scope.c.name == name))
