"""A small OpenID provider on loopback that can be told to answer wrongly, for hostile cases."""

import json
from base64 import urlsafe_b64encode
from collections.abc import Callable
from hashlib import sha256
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from gatepass.jose.algorithms import Algorithm
from gatepass.jose.signing import SigningKey, generate
from gatepass.loopback import LoopbackServer, Request, Response
from gatepass.wire import basic

CLIENT_ID, CLIENT_SECRET = "gatepass", "s3cret~of+the/client"
ANNA = {"sub": "a1b2c3", "email": "anna@acme.example", "email_verified": True}
_ALGORITHM: Algorithm = "ES256"

Change = Callable[[dict[str, Any]], dict[str, Any]]


def new_key(kid: str = "first") -> SigningKey:
    return SigningKey(_ALGORITHM, generate(_ALGORITHM), kid)


_KEY = new_key()


class FakeProvider:
    """Whoever is in `person` logs in at once; the other attributes change what is answered."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._server = LoopbackServer(self._respond)
        self.issuer = self._server.url
        self.reset(clock)

    def reset(self, clock: Callable[[], float]) -> None:
        """Be as new, at the same address."""
        self._clock = clock
        self.person: dict[str, Any] = dict(ANNA)
        self.userinfo: dict[str, Any] | None = None
        self.changed: dict[str, Any] = {}  # claims of the ID token; None leaves one out
        self.metadata: dict[str, Any] = {}  # members; None leaves one out
        self.key = _KEY
        self.published = [self.key]
        self.answers: dict[str, Response] = {}  # by path, in place of what is right
        self.requests: list[str] = []
        self.forms: list[dict[str, str]] = []
        self._codes: dict[str, dict[str, str]] = {}
        self._made = 0

    def close(self) -> None:
        self._server.close()

    def authorize(self, url: str, **changed: str | None) -> dict[str, str]:
        """Log the person in who was sent to this URL; return the query of the way back."""
        asked = dict(parse_qsl(urlsplit(url).query))
        assert asked["response_type"] == "code"
        assert asked["code_challenge_method"] == "S256"
        self._made += 1
        code = f"code-{self._made}"
        self._codes[code] = asked
        answer = {"code": code, "state": asked["state"], "iss": self.issuer, **changed}
        return {name: value for name, value in answer.items() if value is not None}

    def _respond(self, request: Request) -> Response:
        path = urlsplit(request.path).path
        self.requests.append(path)
        if path in self.answers:
            return self.answers[path]
        if path == "/.well-known/openid-configuration":
            return _json(self._metadata())
        if path == "/jwks":
            return _json({"keys": [each.public_jwk() for each in self.published]})
        if path == "/token":
            return self._token(request)
        if path == "/me" and self.userinfo is not None:
            return _json(self.userinfo)
        return Response(404)

    def _metadata(self) -> dict[str, Any]:
        members = {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/auth",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/jwks",
            "userinfo_endpoint": f"{self.issuer}/me" if self.userinfo is not None else None,
            "response_types_supported": ["code"],
            "authorization_response_iss_parameter_supported": True,
            **self.metadata,
        }
        return {name: value for name, value in members.items() if value is not None}

    def _token(self, request: Request) -> Response:
        form = dict(parse_qsl(request.body.decode()))
        self.forms.append(form)
        asked = self._codes.pop(form.get("code", ""), None)
        credentials = form.get("client_id"), form.get("client_secret")
        if "authorization" in request.headers:
            client_id, secret = basic.read(request.headers["authorization"].partition(" ")[2])
            credentials = client_id, secret.value
        if credentials != (CLIENT_ID, CLIENT_SECRET):
            return _json({"error": "invalid_client"}, 401)
        challenge = sha256(form.get("code_verifier", "").encode()).digest()
        is_right = asked is not None and asked["redirect_uri"] == form.get("redirect_uri")
        sent = urlsafe_b64encode(challenge).rstrip(b"=").decode()
        if asked is None or not is_right or asked["code_challenge"] != sent:
            return _json({"error": "invalid_grant"}, 400)
        return _json({"access_token": "at", "token_type": "Bearer", "id_token": self.token(asked)})

    def token(self, asked: dict[str, str]) -> str:
        now = int(self._clock())
        claims: dict[str, Any] = {
            "iss": self.issuer,
            "aud": CLIENT_ID,
            "iat": now,
            "exp": now + 300,
            "nonce": asked["nonce"],
            **self.person,
        }
        if "max_age" in asked:
            claims["auth_time"] = now
        claims = {**claims, **self.changed}
        kept = {name: value for name, value in claims.items() if value is not None}
        return self.key.sign(json.dumps(kept).encode(), "JWT")


def _json(members: dict[str, Any], status: int = 200) -> Response:
    return Response(status, json.dumps(members).encode(), {"content-type": "application/json"})
