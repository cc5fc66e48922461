"""Applications of the operating organization that call the Admin API: what owners do with them.

No operation is among these, so no program reaches them. `granter` is the operator who acts, as
they are in the transaction; the context is that of production, where all of them are. Who sees a
secret acts with it, so each scope of the application must be of an environment that they own.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TypedDict
from uuid import UUID

from gatepass.server.domain.applications import operations
from gatepass.server.domain.applications.keys.registration import (
    GiveMethod,
    register_without_secret,
)
from gatepass.server.domain.applications.model import Application, check_scope
from gatepass.server.domain.applications.operations import Also, Registered, nothing_else
from gatepass.server.domain.applications.secrets import operations as secrets
from gatepass.server.domain.audit.model import Actor
from gatepass.server.domain.catalogue import admin_scopes
from gatepass.server.domain.catalogue.model import Catalogue
from gatepass.server.domain.context import Context
from gatepass.server.domain.organizations import operations as organizations
from gatepass.server.domain.users.operators.model import Operator
from gatepass.server.domain.users.operators.operations import read_again
from gatepass.server.storage.errors import NotFoundError
from gatepass.translation.message import Message
from gatepass.wire.credential import ENVIRONMENTS, Mode
from gatepass.wire.errors import OAuthError
from gatepass.wire.networks import Network
from gatepass.wire.scope import Scope

_NOTHING = Scope(())
_LACKS = Message(
    "It reaches {environment}, and you are no owner there. Ask one who owns each environment that "
    "it reaches."
)


class _Terms(TypedDict):
    """What a registration takes besides the credentials."""

    name: str
    scope: Scope
    allowed: Scope
    token_lifetime: int
    networks: tuple[Network, ...]
    app_id: UUID


def list_all(context: Context) -> list[Application]:
    """Return the applications that have scopes of the Admin API, the newest first."""
    own = organizations.find_operating(context)
    found = operations.of_organization(context, own) if own else []
    return [each for each in found if is_administrative(each)]


def find(context: Context, app_id: UUID) -> Application:
    """Return one of them; raise NotFoundError for any other application."""
    own = organizations.find_operating(context)
    if own is None:
        raise NotFoundError(str(app_id))
    found = operations.find(context, app_id, own)
    if not is_administrative(found):
        raise NotFoundError(str(app_id))
    return found


def is_administrative(application: Application) -> bool:
    """Return whether an application has scopes of the Admin API, which are then all it has."""
    return any(name in admin_scopes.NAMES for name in application.scope.names)


def modes_of(scope: Scope) -> frozenset[Mode]:
    """Return the environments that scopes of the Admin API reach."""
    reached = admin_scopes.environments_of(scope.names)
    return frozenset(mode for mode in Mode if ENVIRONMENTS[mode] in reached)


def grantable(catalogue: Catalogue, granter: Operator) -> Scope:
    """Return the scopes that an operator may grant: those of environments that they own."""
    return Scope(
        tuple(
            name
            for name in catalogue.administrative.names
            if all(granter.is_owner(mode) for mode in modes_of(Scope((name,))))
        )
    )


def register(  # noqa: PLR0913 - a registration has that many parts
    context: Context,
    catalogue: Catalogue,
    by: Actor,
    granter: Operator,
    *,
    name: str,
    scope: Scope,
    networks: tuple[Network, ...],
    secret_end: datetime | None,
    app_id: UUID,
    also: Also = nothing_else,
    give: GiveMethod | None = None,
) -> None:
    """Register one; raises as `operations.register`, and OAuthError (403) for what they lack.

    With `give` it gets what that gives in place of a secret.
    """
    with _by_owner(context, granter, modes_of(scope)) as inner:
        own = organizations.find_operating(context)
        if own is None:
            raise NotFoundError("An operator")
        who = (inner, catalogue, by, own)
        terms: _Terms = {
            "name": name,
            "scope": check_scope(scope, catalogue.administrative),
            "allowed": catalogue.administrative,
            "token_lifetime": admin_scopes.LONGEST_LIFETIME,
            "networks": networks,
            "app_id": app_id,
        }
        if give:
            register_without_secret(*who, **terms, give=give)
        else:
            operations.register(*who, **terms, secret_end=secret_end, also=also)
    context.refresh()


def set_scope(
    context: Context,
    catalogue: Catalogue,
    by: Actor,
    granter: Operator,
    app_id: UUID,
    scope: Scope,
    seen: dict[str, str] | None = None,
) -> None:
    """Set its scopes; raises OAuthError (403) where they lack what it has, gets or loses."""
    check_scope(scope, catalogue.administrative)
    with _of_owner(context, granter, app_id, also=scope) as inner:
        allowed = catalogue.administrative
        operations.change(inner, by, app_id, None, allowed=allowed, seen=seen, scope=scope)
    context.refresh()


def set_networks(
    context: Context,
    by: Actor,
    granter: Operator,
    app_id: UUID,
    networks: tuple[Network, ...],
) -> None:
    """Set from where its requests may come."""
    with _of_owner(context, granter, app_id) as inner:
        operations.change(inner, by, app_id, None, networks=networks)
    context.refresh()


def rotate(  # noqa: PLR0913 - who, what, how, and what else is written
    context: Context,
    by: Actor,
    granter: Operator,
    app_id: UUID,
    overlap: timedelta | None,
    *,
    secret_end: datetime | None,
    secret_id: UUID,
    also: Also = nothing_else,
) -> Registered:
    """Make a new secret; raises as `secrets.rotate`."""
    with _of_owner(context, granter, app_id) as inner:
        made = secrets.rotate(
            inner,
            by,
            app_id,
            overlap,
            None,
            secret_end=secret_end,
            secret_id=secret_id,
            also=also,
        )
    context.refresh()
    return made


def revoke_tokens(context: Context, by: Actor, granter: Operator, app_id: UUID) -> None:
    """Revoke every token that it has."""
    with _of_owner(context, granter, app_id) as inner:
        operations.revoke_tokens(inner, by, app_id, None)
    context.refresh()


def set_enabled(
    context: Context, by: Actor, granter: Operator, app_id: UUID, *, enabled: bool
) -> None:
    """Disable it, which revokes its tokens, or enable it again."""
    with _of_owner(context, granter, app_id) as inner:
        operations.set_enabled(inner, by, app_id, enabled=enabled, org_id=None)
    context.refresh()


def delete(context: Context, by: Actor, granter: Operator, app_id: UUID) -> None:
    """Delete it; its credentials and tokens become invalid."""
    with _of_owner(context, granter, app_id) as inner:
        operations.delete(inner, by, app_id, None)
    context.refresh()


def owns(granter: Operator, scope: Scope) -> bool:
    """Return whether an operator owns each environment that some scopes reach."""
    return all(granter.is_owner(mode) for mode in modes_of(scope))


@contextmanager
def _of_owner(
    context: Context, granter: Operator, app_id: UUID, also: Scope = _NOTHING
) -> Iterator[Context]:
    """Open the transaction of a change of an application, whose scopes the granter all owns."""
    with _by_owner(context, granter, modes_of(also)) as inner:
        _check_owns(context, granter, modes_of(find(inner, app_id).scope))
        yield inner


@contextmanager
def _by_owner(context: Context, granter: Operator, modes: frozenset[Mode]) -> Iterator[Context]:
    """Open a transaction in which the granter is an owner of the environments."""
    with context.database.outer_write():
        _check_owns(context, granter, modes)
        yield replace(context, refresh=_later)


def _check_owns(context: Context, granter: Operator, modes: frozenset[Mode]) -> None:
    with context.database.read() as connection:
        current = read_again(context, connection, granter)
    for mode in Mode:
        if mode in modes and not current.is_owner(mode):
            raise OAuthError(
                "invalid_request",
                _LACKS.with_values(environment=ENVIRONMENTS[mode]),
                log_detail=f"not an owner of {ENVIRONMENTS[mode]}",
                status=403,
            )


def _later() -> None:
    """Do nothing: memory is refreshed after the commit."""
