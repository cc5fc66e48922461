"""Registration of an application that has a key in place of a secret."""

from collections.abc import Callable
from datetime import datetime
from uuid import UUID

from gatepass.jose.keys.private_key import PrivateKey
from gatepass.jose.keys.public_key import ClientKey
from gatepass.server.domain.applications.keys.model import check_keys, check_name
from gatepass.server.domain.applications.keys.operations import GeneratedKey
from gatepass.server.domain.applications.keys.transaction_steps import add_keys
from gatepass.server.domain.applications.model import Application
from gatepass.server.domain.applications.operations import add_new, new_application
from gatepass.server.domain.audit.model import Actor
from gatepass.server.domain.catalogue.model import Catalogue
from gatepass.server.domain.context import Context
from gatepass.server.domain.token_policy import DEFAULT_LIFETIME
from gatepass.server.storage.database import Connection
from gatepass.translation.message import Message
from gatepass.wire.networks import Network
from gatepass.wire.scope import Scope

FIRST_KEY = Message("First key")
Also = Callable[[Connection, GeneratedKey], None]


def nothing_else(_: Connection, __: GeneratedKey) -> None:
    """Write nothing along."""


def register_with_key(  # noqa: PLR0913 - a registration has that many parts
    context: Context,
    catalogue: Catalogue,
    by: Actor,
    org_id: UUID,
    *,
    name: str,
    public_key: bytes,
    alg: str = "ES256",
    key_name: str = FIRST_KEY,
    key_end: datetime | None = None,
    scope: Scope | None = None,
    allowed: Scope | None = None,
    redirect_uris: tuple[str, ...] = (),
    token_lifetime: int = DEFAULT_LIFETIME,
    contact: str = "",
    networks: tuple[Network, ...] = (),
    app_id: UUID | None = None,
    also: Also = nothing_else,
) -> Application:
    """Register a confidential client-credentials application that has no secret.

    Its keys are those in `public_key`, a JWK, a JWK Set or PEM. Where that is empty a pair is made
    for `alg`, and `also` gets it. The other parts are as those of `operations.register`, which it
    raises as, too.
    """
    given, private = _keys(public_key, alg)
    label = check_name(key_name)
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
    with context.database.write() as connection:
        add_new(context, connection, by, new)
        now = new.created_at
        keys = add_keys(
            context, connection, by, new, now, name=label, given=given, expires_at=key_end
        )
        if private:
            also(connection, GeneratedKey(new.id, keys[0], private))
    context.refresh()
    return new


def _keys(public_key: bytes, alg: str) -> tuple[list[ClientKey], PrivateKey | None]:
    """Return the keys in a text, or where it is empty a new one with its private part."""
    if public_key.strip():
        return check_keys(public_key), None
    private = PrivateKey.generate(alg)
    return [ClientKey.from_jwk(private.public_jwk())], private
