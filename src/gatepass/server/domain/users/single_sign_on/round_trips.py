"""Round trips to a provider: bound to a browser and an environment, used once, for ten minutes."""

import json
from typing import NamedTuple
from uuid import UUID

from gatepass.server.domain.context import Context
from gatepass.server.domain.throttling import store as limits
from gatepass.server.domain.throttling.model import of_single_sign_on, too_many
from gatepass.server.domain.users.sessions.operations import Login, Visitor
from gatepass.server.domain.users.single_sign_on import store
from gatepass.server.domain.users.single_sign_on.model import (
    ATTEMPT_LIVES,
    Attempt,
    Provider,
    Purpose,
    new_token,
)
from gatepass.server.storage.master_key import MasterKeyError
from gatepass.wire.secret import Secret

_PURPOSE = "gatepass single sign-on round trip"


class RefusedError(Exception):
    """Somebody who came back is not let in; the message is for the log alone."""


class Begun(NamedTuple):
    """What a round trip needs of secrets, from its beginning to its end."""

    state: Secret
    nonce: Secret
    verifier: Secret
    next_path: str = ""


class Returned(NamedTuple):
    """A round trip that has come to its end: what it was for, and the provider it was to."""

    attempt: Attempt
    begun: Begun
    provider: Provider


def begin(
    context: Context,
    visitor: Visitor,
    provider: Provider,
    purpose: Purpose,
    *,
    login: Login | None = None,
    user_id: UUID | None = None,
    next_path: str = "",
) -> Begun:
    """Write down a round trip that begins in this browser, in `login` if it needs that session.

    Raises OAuthError (429) after too many from one network that nobody finished.
    """
    begun = Begun(new_token(), new_token(), new_token(), next_path)
    content = {
        "nonce": begun.nonce.value,
        "verifier": begun.verifier.value,
        "next": next_path,
    }
    with context.database.write() as connection:
        now = context.now()
        wait = limits.attempt(connection, [of_single_sign_on(visitor.source)], now)
        if not wait:
            new = Attempt(
                digest=begun.state.digest(),
                org_id=provider.org_id,
                purpose=purpose,
                issuer=provider.issuer,
                client_id=provider.client_id,
                browser=visitor.device.digest() if visitor.device else b"",
                session_digest=login.session.id_digest if login else None,
                user_id=user_id,
                content=context.master_key.encrypt(json.dumps(content).encode(), _PURPOSE),
                created_at=now,
                expires_at=now + ATTEMPT_LIVES,
            )
            store.add_attempt(connection, new)
    if wait:
        raise too_many(wait)
    return begun


def end(
    context: Context, visitor: Visitor, login: Login | None, org_id: UUID, state: Secret
) -> Returned:
    """Return the round trip of a state, which is used up; raise RefusedError for any other.

    A state that another browser or another session brings back is used up as well.
    """
    with context.database.write() as connection:
        if not context.database.has(connection, store.REVISION):
            raise RefusedError("single sign-on is not available")
        found = store.take_attempt(connection, state)
        provider = store.find(connection, org_id)
        now = context.now()
        if found and found.browser == (visitor.device.digest() if visitor.device else b""):
            limits.take_back(connection, [of_single_sign_on(visitor.source)])
    if found is None:
        raise RefusedError("the state is unknown, or was used")
    if now >= found.expires_at:
        raise RefusedError("the state has expired")
    if visitor.device is None or found.browser != visitor.device.digest():
        raise RefusedError("the state is of another browser")
    if found.session_digest and (not login or found.session_digest != login.session.id_digest):
        raise RefusedError("the state is of another session")
    if found.org_id != org_id or provider is None:
        raise RefusedError("the state is of another organization")
    if (found.issuer, found.client_id) != (provider.issuer, provider.client_id):
        raise RefusedError("the provider was changed meanwhile")
    if found.purpose != "test" and not provider.is_on:
        raise RefusedError("single sign-on is turned off")
    return Returned(found, _begun(context, state, found.content), provider)


def _begun(context: Context, state: Secret, content: bytes) -> Begun:
    try:
        plain = json.loads(context.master_key.decrypt_stored(content, _PURPOSE))
    except MasterKeyError:
        raise RefusedError("the master key has changed meanwhile") from None
    return Begun(state, Secret(plain["nonce"]), Secret(plain["verifier"]), plain["next"])
