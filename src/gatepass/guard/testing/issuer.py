"""The fake issuer: what a test uses of it."""

import json
import secrets
from collections.abc import Mapping
from typing import Any, Self

from gatepass.guard.core.guard import Guard
from gatepass.guard.issuer.credentials import Credentials
from gatepass.guard.revocation.feed import Feed
from gatepass.guard.revocation.interface import State
from gatepass.guard.testing.certificate import ClientCertificate
from gatepass.guard.testing.clock import Clock
from gatepass.guard.testing.dpop import DPoPKey
from gatepass.guard.testing.revocation_list import RevocationList
from gatepass.guard.testing.server import Endpoints
from gatepass.jose import base64url, signing
from gatepass.jose.algorithms import Algorithm
from gatepass.jose.signing import SigningKey
from gatepass.wire import basic
from gatepass.wire.secret import Secret

RESOURCE = "https://api.example.com"
CLIENT_ID = "test-application"
ORG_ID = "test-organization"
HOUR = 3600

_KID = "fake-issuer"  # of the foreign key too, so that what refuses its tokens is the signature
_FOREIGN_ISSUER = "https://another-issuer.example.com"
_FOREIGN_AUDIENCE = "https://another-api.example.com"


class FakeIssuer:
    """Issues tokens for `resource`, good and bad ones, and answers the guard's questions.

    It listens on loopback until `close`, or the end of its `with`. JWTs are signed by
    `algorithm` (ES256, EdDSA, PS256 or RS256) with a key that was made for this object alone.
    `clock` is the issuer's time and, by `options`, the guard's: advance it to see tokens expire.

    `url` is the issuer's name; `client_id` and `client_secret` are the guard's own, for guards
    in other processes.
    """

    def __init__(self, resource: str = RESOURCE, *, algorithm: Algorithm = "ES256") -> None:
        self.resource = resource
        self.clock = Clock()
        self.client_id = "the-api"
        self.client_secret = secrets.token_urlsafe()
        self._revocations = RevocationList()
        self._key = SigningKey(algorithm, signing.generate(algorithm), _KID)
        self._foreign_key = SigningKey(algorithm, signing.generate(algorithm), _KID)
        self._endpoints = Endpoints(
            self._revocations,
            {"keys": [self._key.public_jwk()]},
            basic.write(self.client_id, Secret(self.client_secret)),
            self.clock,
        )
        self.url = self._endpoints.url
        self._guards: list[Guard] = []

    def options(self, **changed: Any) -> dict[str, Any]:  # noqa: ANN401 - any setting
        """Return the settings of a guard, of any adapter, with which it takes this issuer's tokens.

        With them, revocations are known at once, in this process. `changed` are settings to add
        or to replace: `revocations=None` for a guard without a feed.
        """
        return {
            "issuer": self.url,
            "resource": self.resource,
            "client_id": self.client_id,
            "client_secret": self.client_secret,
            "revocations": self._revocations,
            "clock": self.clock,
        } | changed

    @property
    def environ(self) -> dict[str, str]:
        """The variables from which a guard in another process has its credentials."""
        return {"GATEPASS_CLIENT_ID": self.client_id, "GATEPASS_CLIENT_SECRET": self.client_secret}

    def guard(self, **changed: Any) -> Guard:  # noqa: ANN401 - any setting
        """Make a guard that knows no framework; it is closed with the issuer."""
        made = Guard(**self.options(**changed))
        self._guards.append(made)
        return made

    def feed(self) -> Feed:
        """Make a follower of the issuer's feed over HTTP, as APIs have it; the caller closes it.

        Tests of everything else are quicker and steadier with what `options` gives.
        """
        return Feed(self.url, Credentials(self.client_id, Secret(self.client_secret)))

    def mint(self, scope: str = "read", **changed: Any) -> str:  # noqa: ANN401 - any claim
        """Return a good JWT; see `claims` for the arguments."""
        claims = self.claims(scope, **changed)
        return self._given(_signed(self._key, claims), claims)

    def opaque(self, scope: str = "read", **changed: Any) -> str:  # noqa: ANN401 - any claim
        """Return a good opaque token, which guards introspect."""
        return self._given(secrets.token_urlsafe(32), self.claims(scope, **changed))

    def dpop_key(self, alg: str = "ES256") -> DPoPKey:
        """Make a client's key, for tokens bound to it: `mint(cnf=key.cnf)`."""
        return DPoPKey(alg, self.clock)

    def client_certificate(self, name: str = CLIENT_ID) -> ClientCertificate:
        """Make a client's certificate, for tokens bound to it: `mint(cnf=certificate.cnf)`."""
        return ClientCertificate(name)

    def expired(self, scope: str = "read", **changed: Any) -> str:  # noqa: ANN401 - any claim
        """Return a JWT that expired a minute ago."""
        return self.mint(scope, expires_in=-60, **changed)

    def wrong_audience(self, scope: str = "read", **changed: Any) -> str:  # noqa: ANN401 - any claim
        """Return a good JWT for another API."""
        return self.mint(scope, audience=_FOREIGN_AUDIENCE, **changed)

    def revoked(self, scope: str = "read", **changed: Any) -> str:  # noqa: ANN401 - any claim
        """Return a JWT that is revoked."""
        token = self.mint(scope, **changed)
        self.revoke(token)
        return token

    def of_another_issuer(self, scope: str = "read", **changed: Any) -> str:  # noqa: ANN401 - any claim
        """Return a JWT that another issuer has signed in its own name."""
        return _signed(self._foreign_key, self.claims(scope, iss=_FOREIGN_ISSUER, **changed))

    def forged(self, scope: str = "read", **changed: Any) -> str:  # noqa: ANN401 - any claim
        """Return a JWT in this issuer's name, signed with another key."""
        return _signed(self._foreign_key, self.claims(scope, **changed))

    def unsigned(self, scope: str = "read", **changed: Any) -> str:  # noqa: ANN401 - any claim
        """Return a JWT without a signature: `alg` is `none`."""
        claims = self.claims(scope, **changed)
        header = signing.encode_header("none", "at+jwt", _KID)
        return f"{header}.{base64url.encode(json.dumps(claims).encode())}."

    def claims(
        self,
        scope: str = "read",
        *,
        client_id: str = CLIENT_ID,
        org_id: str = ORG_ID,
        audience: str | None = None,
        expires_in: int = HOUR,
        **more: object,
    ) -> dict[str, object]:
        """Return the claims of a token that is issued now (RFC 9068 §2.2).

        `expires_in` is in seconds; an expired token was issued an hour before its end. `more`
        are claims to add or to replace by their names; None leaves one out.
        """
        now = int(self.clock())
        issued_at = now if expires_in > 0 else now + expires_in - HOUR
        claims: dict[str, object] = {
            "iss": self.url,
            "aud": audience or self.resource,
            "sub": client_id,
            "client_id": client_id,
            "org_id": org_id,
            "scope": scope,
            "iat": issued_at,
            "exp": now + expires_in,
            "jti": f"{issued_at * 1000:012x}{secrets.token_hex(16)}",
        }
        return {name: value for name, value in (claims | more).items() if value is not None}

    def revoke(self, token: str) -> None:
        """Revoke a token that was given here; raise KeyError for another."""
        self._revocations.revoke(token)

    @property
    def is_away(self) -> bool:
        """Whether every question is answered by an error; set it to have a bad day."""
        return self._endpoints.is_away

    @is_away.setter
    def is_away(self, is_away: bool) -> None:
        self._endpoints.is_away = is_away

    @property
    def feed_state(self) -> State:
        """The state of the feed for guards with `options`: "fresh", or set it to "stale"."""
        return self._revocations.feed_state

    @feed_state.setter
    def feed_state(self, state: State) -> None:
        self._revocations.feed_state = state

    def close(self) -> None:
        """Stop listening, and close the guards that were made here."""
        for guard in self._guards:
            guard.close()
        self._endpoints.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()

    def _given(self, token: str, claims: dict[str, object]) -> str:
        self._revocations.issued[token] = claims
        return token


def _signed(key: SigningKey, claims: Mapping[str, object]) -> str:
    return key.sign(json.dumps(claims, separators=(",", ":")).encode())
