"""Registration of an application that has a key in place of a secret."""

from collections.abc import Callable
from datetime import datetime
from typing import NamedTuple

from gatepass.jose.keys.private_key import PrivateKey
from gatepass.jose.keys.public_key import ClientKey
from gatepass.server.domain.applications.keys.model import check_keys, check_name
from gatepass.server.domain.applications.keys.operations import GeneratedKey
from gatepass.server.domain.applications.keys.transaction_steps import add_keys
from gatepass.server.domain.applications.model import Application
from gatepass.server.domain.applications.operations import add_new
from gatepass.server.domain.audit.model import Actor
from gatepass.server.domain.context import Context
from gatepass.server.storage.database import Connection
from gatepass.translation.message import Message

FIRST_KEY = Message("First key")
Also = Callable[[Connection, GeneratedKey], None]


def nothing_else(_: Connection, __: GeneratedKey) -> None:
    """Write nothing along."""


class FirstKey(NamedTuple):
    """The keys that an application begins with: a JWK, a JWK Set or PEM, or else a pair for `alg`.

    `name` is what people call it, and `expires_at` its end, if it has one.
    """

    public: bytes
    alg: str = "ES256"
    name: str = FIRST_KEY
    expires_at: datetime | None = None


def register_with_key(
    context: Context, by: Actor, new: Application, key: FirstKey, also: Also = nothing_else
) -> Application:
    """Register an application that has no secret (`operations.new_application`).

    Where a pair is made for it, `also` gets that. Raises OAuthError as `operations.register`, and
    for a key that is none.
    """
    given, private = _keys(key)
    label, now = check_name(key.name), new.created_at
    with context.database.write() as connection:
        add_new(context, connection, by, new)
        keys = add_keys(
            context, connection, by, new, now, name=label, given=given, expires_at=key.expires_at
        )
        if private:
            also(connection, GeneratedKey(new.id, keys[0], private))
    context.refresh()
    return new


def _keys(key: FirstKey) -> tuple[list[ClientKey], PrivateKey | None]:
    """Return the keys in a text, or where it is empty a new one with its private part."""
    if key.public.strip():
        return check_keys(key.public), None
    private = PrivateKey.generate(key.alg)
    return [ClientKey.from_jwk(private.public_jwk())], private
