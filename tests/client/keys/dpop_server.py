"""A token endpoint and an API that demand DPoP proofs, and check them by `gatepass.jose.dpop`."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Lock
from time import time

from client.fake_server import json_response
from gatepass.jose import dpop
from gatepass.loopback import LoopbackServer, Request, Response


@dataclass
class DpopServer:
    """Issues tokens bound to the key of the proof; a nonce is demanded where one is set."""

    url: str = ""
    nonce: str = ""  # of the token endpoint
    api_nonce: str = ""
    binds: bool = True
    revoked: set[str] = field(default_factory=set)
    bound: dict[str, str] = field(default_factory=dict)  # token -> jkt
    seen: set[str] = field(default_factory=set)
    token_requests: int = 0
    bodies: list[bytes] = field(default_factory=list)
    proofs: list[dpop.Proof] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    unasked: list[str] = field(default_factory=list)  # proofs without a token
    redirects: dict[str, str] = field(default_factory=dict)
    lock: Lock = field(default_factory=Lock)

    @property
    def token_url(self) -> str:
        return f"{self.url}/token"

    @property
    def api_url(self) -> str:
        return f"{self.url}/api"

    def respond(self, request: Request) -> Response:
        with self.lock:
            if request.path == "/token":
                return self._token(request)
            return self._api(request)

    def _token(self, request: Request) -> Response:
        self.token_requests += 1
        if not self.binds:
            return json_response(access_token="t-0", token_type="Bearer", expires_in=3600)
        try:
            proof = self._proof(request, self.nonce)
        except dpop.InvalidProofError as error:
            code = "use_dpop_nonce" if error.fault == "nonce" else "invalid_dpop_proof"
            return _with(json_response(400, error=code), "DPoP-Nonce", self.nonce)
        token = f"t-{len(self.bound) + 1}"
        self.bound[token] = proof.jkt
        return json_response(access_token=token, token_type="DPoP", expires_in=3600)

    def _api(self, request: Request) -> Response:
        self.bodies.append(request.body)
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if not scheme and "dpop" in request.headers:
            self.unasked.append(request.headers["dpop"])
        if scheme != "DPoP" or token not in self.bound or token in self.revoked:
            return self._refused("invalid_token")
        try:
            proof = self._proof(request, self.api_nonce, token)
        except dpop.InvalidProofError as error:
            return self._refused(
                "use_dpop_nonce" if error.fault == "nonce" else "invalid_dpop_proof"
            )
        if proof.jkt != self.bound[token]:
            return self._refused("invalid_token")
        if request.path in self.redirects:
            return Response(307, b"", {"Location": self.redirects[request.path]})
        return Response(200, b"body: " + request.body, {"X-Pass": token.removeprefix("t-")})

    def _proof(self, request: Request, nonce: str, token: str | None = None) -> dpop.Proof:
        proof = dpop.read(request.headers.get("dpop", ""))
        dpop.check(
            proof,
            method=request.method,
            url=f"{self.url}{request.path}",
            now=time(),
            longest_age=60,
            token=token,
            nonces=[nonce] if nonce else None,
        )
        if proof.jti in self.seen:
            raise dpop.InvalidProofError("malformed", "the proof was used before")
        self.seen.add(proof.jti)
        self.proofs.append(proof)
        return proof

    def _refused(self, error: str) -> Response:
        self.faults.append(error)
        challenge = {"WWW-Authenticate": f'DPoP error="{error}", algs="ES256"'}
        return _with(Response(401, b"no", challenge), "DPoP-Nonce", self.api_nonce)


def _with(response: Response, name: str, text: str) -> Response:
    more = {name: text} if text else {}
    return Response(response.status, response.body, {**response.headers, **more})


@contextmanager
def dpop_server() -> Iterator[DpopServer]:
    state = DpopServer()
    with LoopbackServer(state.respond) as server:
        state.url = server.url
        yield state
