"""Clients that authenticate with a key: the keys, and the assertions that they sign."""

import secrets
from datetime import datetime
from typing import NamedTuple

from gatepass.jose import compact
from gatepass.jose.keys.private_key import PrivateKey
from gatepass.server.domain.applications.keys import operations
from gatepass.server.domain.audit.model import OPERATOR
from gatepass.server.tokens.assertion import TYPE
from gatepass.wire.credential import Mode
from server.fixtures import LIVE, URL, Client, InProcessServer


class KeyClient(NamedTuple):
    """A registered application with a key that the server made."""

    client: Client
    key: PrivateKey
    now: int
    mode: Mode = LIVE

    def assertion(
        self,
        header: dict[str, object] | None = None,
        key: PrivateKey | None = None,
        **claims: object,
    ) -> str:
        """Return an assertion; a header or a claim of None is left out."""
        signer = key or self.key
        head = {"alg": signer.alg, "kid": self.key.kid, "typ": "JWT", **(header or {})}
        body: dict[str, object] = {
            "iss": self.client.client_id,
            "sub": self.client.client_id,
            "aud": URL[self.mode],
            "exp": self.now + 60,
            "iat": self.now,
            "jti": secrets.token_urlsafe(16),
            **claims,
        }
        kept = {name: value for name, value in body.items() if value is not None}
        return compact.sign(
            {name: value for name, value in head.items() if value is not None}, kept, signer.sign
        )

    def form(self, text: str = "", **more: str) -> dict[str, str]:
        """Return the parameters that authenticate, with a new assertion unless one is given."""
        return {
            "client_assertion_type": TYPE,
            "client_assertion": text or self.assertion(),
            **more,
        }


def with_key(
    server: InProcessServer,
    client: Client | None = None,
    alg: str = "ES256",
    mode: Mode = LIVE,
    expires_at: datetime | None = None,
) -> KeyClient:
    """Register an application, unless one is given, and give it a key."""
    owner = client or server.register(mode)
    made = operations.generate(
        server.environment(mode).context,
        OPERATOR,
        owner.application.id,
        None,
        name="Key",
        alg=alg,
        expires_at=expires_at,
    )
    return KeyClient(owner, made.private, int(server.environment(mode).clock()), mode)
