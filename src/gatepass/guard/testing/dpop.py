"""A client's key for tokens that are bound to one, and its proofs (RFC 9449)."""

import secrets
from collections.abc import Callable, Mapping
from typing import Any

from gatepass.jose import compact, dpop
from gatepass.jose.keys.private_key import PrivateKey


class DPoPKey:
    """A key that was made for this object; `clock` is the time that its proofs name.

    `cnf` is the claim of a token that is bound to it: `issuer.mint("read", cnf=key.cnf)`.
    """

    def __init__(self, alg: str, clock: Callable[[], float]) -> None:
        self._key = PrivateKey.generate(alg)
        self._clock = clock
        self.jkt = self._key.kid
        self.cnf = {"jkt": self.jkt}

    def proof(
        self,
        method: str,
        url: str,
        token: str,
        *,
        header: Mapping[str, object] | None = None,
        **changed: object,
    ) -> str:
        """Return a good proof for a request with `token`; its query does not matter.

        `changed` are claims to add or to replace, as `nonce`, and `header` has members of its
        header; None leaves one out. Each proof has a `jti` of its own.
        """
        claims = {
            "jti": secrets.token_urlsafe(16),
            "htm": method,
            "htu": url.partition("#")[0].partition("?")[0],
            "iat": int(self._clock()),
            "ath": dpop.token_digest(token),
        } | changed
        public = {
            name: value
            for name, value in self._key.public_jwk().items()
            if name in {"kty", "crv", "x", "y", "n", "e"}
        }
        members = {"typ": dpop.TYPE, "alg": self._key.alg, "jwk": public} | dict(header or {})
        return compact.sign(_given(members), _given(claims), self._key.sign)

    def sign(self, message: bytes) -> bytes:
        """Return the signature for `message`, for a text that `proof` does not make."""
        return self._key.sign(message)

    def headers(self, method: str, url: str, token: str, **changed: Any) -> dict[str, str]:  # noqa: ANN401 - of `proof`
        """Return the headers of a request with `token` and a good proof; see `proof`."""
        proof = self.proof(method, url, token, **changed)
        return {"Authorization": f"DPoP {token}", "DPoP": proof}

    def auth(self, token: str, **changed: Any) -> Callable[[Any], Any]:  # noqa: ANN401 - of `proof`
        """Return what httpx2, httpx, requests and test clients by them take as `auth`.

        It sends `token` with a new proof in each request, and no second request for a nonce.
        """

        def sign(request: Any) -> Any:  # noqa: ANN401 - a request of any of them
            request.headers.update(self.headers(request.method, str(request.url), token, **changed))
            return request

        return sign


def _given(members: Mapping[str, object]) -> dict[str, object]:
    return {name: value for name, value in members.items() if value is not None}
