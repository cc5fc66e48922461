"""A token endpoint on loopback that verifies assertions as `gatepass.server.tokens` asks for."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Lock
from time import time
from urllib.parse import parse_qsl

from client.fake_server import json_response
from gatepass.jose import compact
from gatepass.jose.keys.private_key import PrivateKey
from gatepass.jose.keys.public_key import ClientKey
from gatepass.loopback import LoopbackServer, Request, Response

CLIENT_ID = "acme-billing"
TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
WELL_KNOWN = "/.well-known/oauth-authorization-server"


@dataclass
class KeyServer:
    """Issues tokens to who signs with one of `keys`, for `audience`, each `jti` once."""

    url: str = ""
    keys: list[ClientKey] = field(default_factory=list)
    audience: str = ""  # of an assertion; the issuer where it is empty
    publishes: bool = True
    answers: list[Response] = field(default_factory=list)  # before all others
    seen: set[str] = field(default_factory=set)
    assertions: list[compact.Jws] = field(default_factory=list)
    forms: list[dict[str, str]] = field(default_factory=list)
    documents: list[str] = field(default_factory=list)
    date: str = ""
    lock: Lock = field(default_factory=Lock)

    @property
    def token_url(self) -> str:
        return f"{self.url}/oauth2/token/"

    def register(self, key: PrivateKey) -> None:
        self.keys.append(ClientKey.from_jwk(key.public_jwk()))

    def respond(self, request: Request) -> Response:
        with self.lock:
            answer = self._respond(request)
        dated = {"Date": self.date} if self.date else {}
        return Response(answer.status, answer.body, {**answer.headers, **dated})

    def _respond(self, request: Request) -> Response:
        if request.method == "GET":
            self.documents.append(request.path)
            if self.publishes and request.path == WELL_KNOWN:
                return json_response(issuer=self.url, token_endpoint=self.token_url)
            return json_response(404, error="none")
        form = dict(parse_qsl(request.body.decode()))
        self.forms.append(form)
        jws = compact.parse(form["client_assertion"])
        self.assertions.append(jws)
        if self.answers:
            return self.answers.pop(0)
        if self._is_right(form, jws):
            self.seen.add(str(jws.claims["jti"]))
            return json_response(access_token="t0ken", token_type="Bearer", expires_in=3600)
        return json_response(401, error="invalid_client")

    def _is_right(self, form: dict[str, str], jws: compact.Jws) -> bool:
        claims, expires_at = jws.claims, compact.number(jws.claims, "exp")
        return (
            form["client_assertion_type"] == TYPE
            and claims["iss"] == claims["sub"] == form["client_id"] == CLIENT_ID
            and claims["aud"] == (self.audience or self.url)
            and claims["jti"] not in self.seen
            and expires_at is not None
            and 0 < expires_at - time() <= 120
            and any(
                key.verify(jws.alg, jws.message, jws.signature)
                for key in self.keys
                if not jws.kid or jws.kid == key.kid
            )
        )


@contextmanager
def key_server() -> Iterator[KeyServer]:
    state = KeyServer()
    with LoopbackServer(state.respond) as server:
        state.url = server.url
        yield state


def header_of(text: str) -> dict[str, object]:
    """Return the header of a JWS in compact form."""
    from gatepass.jose import base64url

    members = json.loads(base64url.decode(text.partition(".")[0]))
    assert isinstance(members, dict)
    return members
