"""The guard and the client of Gatepass with each other: bound tokens, and nonces of the API."""

from collections.abc import Iterator
from typing import Annotated

import httpx2
import pytest
from fastapi import FastAPI
from starlette.middleware.base import RequestResponseEndpoint
from starlette.requests import Request
from starlette.responses import Response

from gatepass.client.httpx2 import BearerAuth
from gatepass.client.settings import ClientSettings
from gatepass.client.tokens.source import TokenSource
from gatepass.guard import DPoP
from gatepass.guard.fastapi import Guard, Principal
from gatepass.guard.testing import FakeIssuer
from gatepass.jose import dpop
from guard.http_server import serving


class Served:
    """An API, with a token endpoint beside it that binds tokens to the key of the proof."""

    def __init__(self, guard: Guard, issuer: FakeIssuer) -> None:
        self.app = FastAPI()
        self.tokens = 0
        self.statuses: list[int] = []
        self.app.middleware("http")(self._note)

        @self.app.post("/oauth2/token/")
        async def token(request: Request) -> dict[str, object]:
            self.tokens += 1
            proof = dpop.read(request.headers["DPoP"])
            token = issuer.mint("read", cnf={"jkt": proof.jkt})
            return {"access_token": token, "token_type": "DPoP", "expires_in": 3600}

        @self.app.get("/meters")
        def meters(caller: Annotated[Principal, guard.requires("read")]) -> str:
            return str(caller.confirmation and caller.confirmation.jkt)

    async def _note(self, request: Request, call_next: RequestResponseEndpoint) -> Response:
        response = await call_next(request)
        if request.url.path == "/meters":
            self.statuses.append(response.status_code)
        return response


@pytest.fixture
def served() -> Iterator[Served]:
    with FakeIssuer() as issuer:
        settings = DPoP(nonce_key=b"a key of the tests")
        options = issuer.options(dpop=settings, require_bound_tokens=True)
        with Guard(**options) as guard:
            yield Served(guard, issuer)


@pytest.mark.spec("RFC 9449", "9")
def test_a_client_learns_the_nonce_once_and_then_passes_each_time(served: Served) -> None:
    with serving(served.app) as address:
        settings = ClientSettings(f"{address}/oauth2/token/", "acme", "hush", dpop=True)
        auth = BearerAuth.sharing(TokenSource(settings))
        with httpx2.Client(auth=auth) as client:
            answers = [client.get(f"{address}/meters?page={page}") for page in range(3)]

    assert [each.status_code for each in answers] == [200, 200, 200]
    assert len({each.text for each in answers}) == 1
    assert served.statuses == [401, 200, 200, 200]
    assert served.tokens == 1
