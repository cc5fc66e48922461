"""Registration of an application that authenticates otherwise than by a secret."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from gatepass.server.domain.applications.keys import operations as keys
from gatepass.server.domain.applications.keys.certificates import operations as certificates
from gatepass.server.domain.applications.keys.model import KeySetting
from gatepass.server.domain.applications.model import Application
from gatepass.server.domain.applications.operations import add_new, new_application
from gatepass.server.domain.audit.model import Actor
from gatepass.server.domain.catalogue.model import Catalogue
from gatepass.server.domain.context import Context
from gatepass.server.domain.token_policy import DEFAULT_LIFETIME
from gatepass.translation.message import Message
from gatepass.wire.networks import Network
from gatepass.wire.scope import Scope

FIRST_KEY = Message("First key")
FIRST_CERTIFICATE = Message("First certificate")
GiveMethod = Callable[[Context, Application], object]
"""What gives a new application its key or certificate, in the transaction that registers it."""


def register_without_secret(  # noqa: PLR0913 - a registration has that many parts
    context: Context,
    catalogue: Catalogue,
    by: Actor,
    org_id: UUID,
    *,
    give: GiveMethod,
    name: str,
    scope: Scope | None = None,
    allowed: Scope | None = None,
    redirect_uris: tuple[str, ...] = (),
    token_lifetime: int = DEFAULT_LIFETIME,
    contact: str = "",
    networks: tuple[Network, ...] = (),
    app_id: UUID | None = None,
) -> Application:
    """Register a confidential client-credentials application that has no secret.

    `give` gives it what it authenticates with: one of the functions below. The other parts are as
    those of `operations.register`, which it raises as, too.
    """
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
    )
    with context.database.outer_write() as connection:
        add_new(context, connection, by, new)
        give(replace(context, refresh=_later), new)
    context.refresh()
    return new


def public_keys(
    by: Actor, text: bytes, name: str = FIRST_KEY, end: datetime | None = None
) -> GiveMethod:
    """Return what adds the public keys in a text: a JWK, a JWK Set, or one in PEM."""
    return lambda context, new: keys.add(
        context, by, new.id, None, name=name, text=text, expires_at=end
    )


def new_pair(by: Actor, alg: str, also: keys.Also) -> GiveMethod:
    """Return what makes a pair and adds the public key; `also` gets the private one."""
    return lambda context, new: keys.generate(
        context, by, new.id, None, name=FIRST_KEY, alg=alg, also=also
    )


def published_keys(by: Actor, jwks_uri: str) -> GiveMethod:
    """Return what sets where the application publishes its keys."""
    setting = KeySetting(jwks_uri)
    return lambda context, new: keys.change_setting(context, by, new.id, None, setting)


def certificate(by: Actor, text: bytes, name: str = FIRST_CERTIFICATE) -> GiveMethod:
    """Return what adds a certificate in PEM, which is compared whole."""
    return lambda context, new: certificates.add(context, by, new.id, None, name=name, text=text)


def _later() -> None:
    """Do nothing: memory is refreshed after the commit."""
