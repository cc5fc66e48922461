"""Keys of clients that bind their tokens to one, and the DPoP proofs that they make (RFC 9449)."""

import secrets
import time
from collections.abc import Callable, Mapping

from httpx2 import Response

from gatepass.jose import compact, dpop
from gatepass.jose.keys.private_key import PrivateKey
from gatepass.server.domain.applications import operations
from gatepass.server.domain.audit.model import OPERATOR
from gatepass.wire.credential import Mode
from gatepass.wire.metadata import TOKEN
from server.fixtures import GRANT, LIVE, URL, Client, InProcessServer


class Prover:
    """A client's key; it tells the time by the server's clock, or by `now`."""

    def __init__(self, server: InProcessServer | None = None, alg: str = "ES256") -> None:
        self.private = PrivateKey.generate(alg)
        self.jkt = self.private.kid
        self.now: Callable[[], float] = server.clock if server else time.time

    def proof(
        self,
        claims: Mapping[str, object] | None = None,
        header: Mapping[str, object] | None = None,
        *,
        method: str = "POST",
        url: str = URL[LIVE] + TOKEN,
        token: str | None = None,
    ) -> str:
        """Return a proof; of `claims` and `header` a member that is None is left out."""
        public = self.private.public_jwk()
        jwk = {name: public[name] for name in ("kty", "crv", "x", "y", "n", "e") if name in public}
        body: dict[str, object] = {
            "jti": secrets.token_urlsafe(16),
            "htm": method,
            "htu": url,
            "iat": int(self.now()),
            "ath": None if token is None else dpop.token_digest(token),
            **(claims or {}),
        }
        head = {"typ": dpop.TYPE, "alg": self.private.alg, "jwk": jwk, **(header or {})}
        return compact.sign(_given(head), _given(body), self.private.sign)


def _given(members: Mapping[str, object]) -> dict[str, object]:
    return {name: value for name, value in members.items() if value is not None}


def ask(
    server: InProcessServer, by: Client, *proofs: str, mode: Mode = LIVE, **form: str
) -> Response:
    """Ask for a token with these DPoP headers."""
    headers = [("DPoP", each) for each in proofs]
    return server.post(TOKEN, mode, by=by, headers=headers, data=GRANT | form)


def require(server: InProcessServer, client: Client, mode: Mode = LIVE) -> Client:
    """Require proofs of an application; return it."""
    environment = server.environment(mode)
    operations.change(
        environment.context, OPERATOR, client.application.id, None, dpop_bound_access_tokens=True
    )
    environment.catch_up()
    return client
