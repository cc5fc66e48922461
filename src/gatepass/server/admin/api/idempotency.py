"""Requests that are sent twice and done once (draft-ietf-httpapi-idempotency-key-header)."""

import hashlib
import json
from datetime import datetime, timedelta

from gatepass.server.admin.operations.perform import Performed
from gatepass.server.storage.database import Connection
from gatepass.server.storage.idempotency import store
from gatepass.server.storage.idempotency.store import Kept
from gatepass.server.storage.master_key import MasterKey

KEPT = timedelta(hours=24)
SHORTEST, LONGEST = 16, 255
"""Characters of a key: a random one of 16 cannot be guessed, as what it encrypts needs."""

_PURPOSE = "gatepass idempotent answer"


class AnotherRequestError(Exception):
    """The key was used for another request."""


class Once:
    """Performs a request once, and gives the same answer when it comes again.

    The answer may hold a secret: it is encrypted with the key itself, of which the database has
    a digest alone. Whoever sends the key again reads it, and nobody else.
    """

    def __init__(self, client_id: str, key: str, request: object, now: datetime) -> None:
        self._key_digest = _digest("key", client_id, key)
        self._cipher = MasterKey(_digest("answer", client_id, key))
        self._request = _digest("request", json.dumps(request, sort_keys=True))
        self._now = now
        self.is_repeated = False

    def find(self, connection: Connection) -> Performed | None:
        """Return what came of it before; raise AnotherRequestError for another request."""
        found = store.find(connection, self._key_digest, self._now - KEPT)
        if found is None:
            return None
        if found.request_digest != self._request:
            raise AnotherRequestError
        self.is_repeated = True
        result, etag = json.loads(self._cipher.decrypt(found.answer, _PURPOSE))
        return Performed(result, etag)

    def keep(self, connection: Connection, performed: Performed) -> None:
        """Keep what came of it."""
        answer = json.dumps([performed.result, performed.etag]).encode()
        kept = Kept(self._request, self._cipher.encrypt(answer, _PURPOSE))
        store.add(connection, self._key_digest, kept, self._now, self._now - KEPT)


def _digest(*parts: str) -> bytes:
    return hashlib.sha256(json.dumps(["gatepass idempotency", *parts]).encode()).digest()
