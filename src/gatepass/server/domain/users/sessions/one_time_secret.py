"""What a page shows one time: encrypted in the session, with a key that only the cookie holds."""

import json
from collections.abc import Mapping
from datetime import datetime, timedelta

from gatepass.server.domain.context import Context
from gatepass.server.domain.users.sessions import store
from gatepass.server.domain.users.sessions.model import key
from gatepass.server.storage.database import Connection
from gatepass.server.storage.master_key import MasterKey, MasterKeyError
from gatepass.wire.secret import Secret

LIVES = timedelta(minutes=10)


def keep(
    connection: Connection,
    session_id: Secret,
    about: str,
    what: Mapping[str, str],
    now: datetime,
) -> None:
    """Keep `what` for the page `about` (in the transaction that makes it), for ten minutes."""
    # The key is the id itself and the row holds only its digest: without the cookie this
    # cannot be read, not from a backup and not by an operator.
    encrypted = MasterKey(key(session_id)).encrypt(json.dumps(what).encode(), _purpose(about))
    store.change(
        connection,
        session_id.digest(),
        {"once": encrypted, "once_expires_at": now + LIVES},
    )


def take(context: Context, session_id: Secret, about: str) -> dict[str, str] | None:
    """Return what is kept for the page `about` and forget it; None the second time, or too late."""
    with context.database.write() as connection:
        found = store.find(connection, session_id.digest())
        if found is None or found.once is None or found.once_expires_at is None:
            return None
        try:
            plain = MasterKey(key(session_id)).decrypt(found.once, _purpose(about))
        except MasterKeyError:  # kept for another page, which may still show it
            return None
        store.change(connection, found.id_digest, {"once": None, "once_expires_at": None})
    if context.now() >= found.once_expires_at:
        return None
    shown: dict[str, str] = json.loads(plain)
    return shown


def _purpose(about: str) -> str:
    return f"gatepass shown once: {about}"
