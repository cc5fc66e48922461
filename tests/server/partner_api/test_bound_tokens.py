"""Bound tokens at the server's own APIs, where proofs need nonces, and with certificates."""

import re
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import cycle
from types import SimpleNamespace
from typing import Any

import pytest
from httpx2 import Response

from certificates import certificate
from gatepass.admin.client import Admin
from gatepass.admin.connection import Connection
from gatepass.client.httpx2 import BearerAuth
from gatepass.client.settings import ClientSettings
from gatepass.client.tokens.source import TokenSource
from gatepass.guard.testing import DPoPKey
from gatepass.server.domain.applications import operations as applications
from gatepass.server.domain.audit.model import OPERATOR
from gatepass.wire.metadata import ADMIN_API, PARTNER_API, TOKEN
from guard.hostile_requests import HOSTILE, Call, at
from server.admin.client.in_process_sender import InProcessSender
from server.admin.operator_program import Program, every_scope
from server.direct import DirectClient
from server.fixtures import GRANT, LIVE, URL, Client, InProcessServer, basic, open_passive_server
from server.mutual_tls import send

SHOWN, OTHER = certificate(), certificate()
# Of the guard's table, without those whose tokens only a test's issuer makes.
WRONG = {
    **{
        how: each
        for how, each in HOSTILE.items()
        if how not in {"an expired token", "bound to something unknown"}
    },
    "for another host": (
        at(lambda url: url.replace("localhost", "api.example.org")),
        "invalid_dpop_proof",
    ),
}


class Key(DPoPKey):
    """A key whose proofs have the nonce of the server, unless they have another one."""

    def __init__(self, server: InProcessServer) -> None:
        super().__init__("ES256", time.time)  # as the guard's clock
        self._server = server

    def proof(
        self,
        method: str,
        url: str,
        token: str,
        *,
        header: Mapping[str, object] | None = None,
        **changed: object,
    ) -> str:
        nonce = self._server.environment().proofs.nonce(self._server.clock())
        return super().proof(method, url, token, header=header, **{"nonce": nonce, **changed})


@dataclass
class Api:
    """An API of the server, and an application that may call it."""

    server: InProcessServer
    client: Client
    path: str
    key: Key = field(init=False)

    def __post_init__(self) -> None:
        self.key = Key(self.server)

    @property
    def url(self) -> str:
        return URL[LIVE] + self.path

    def bound(self) -> str:
        """Return a token that is bound to the key."""
        now = int(self.server.clock())
        proof = self.key.proof("POST", URL[LIVE] + TOKEN, "", ath=None, iat=now)
        headers = {"DPoP": proof}
        answer = self.server.post(TOKEN, by=self.client, data=GRANT, headers=headers)
        token: str = answer.json()["access_token"]
        return token

    def get(self, headers: list[tuple[str, str]], path: str = "") -> Response:
        return self.server.send("GET", path or self.path, headers=headers)

    def proven(self, token: str, **changed: object) -> list[tuple[str, str]]:
        return list(self.key.headers("GET", self.url, token, **changed).items())

    @property
    def nonce(self) -> str:
        return self.server.environment().proofs.nonce(self.server.clock())


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[InProcessServer]:
    data = tmp_path_factory.mktemp("nonces") / "data"
    with open_passive_server(data, production={"dpop_nonces": True}) as opened:
        yield opened


@pytest.fixture(scope="module", params=["partner", "admin"])
def api(request: pytest.FixtureRequest, server: InProcessServer) -> Api:
    if request.param == "admin":
        client = Program(server, *every_scope()).client
        return Api(server, client, f"{ADMIN_API}/production/organizations")
    client = server.register()
    return Api(server, client, f"{PARTNER_API}/org/{client.application.org_id}/users")


def challenge(answer: Response) -> str:
    return answer.headers.get("WWW-Authenticate", "")


@pytest.mark.spec("RFC 9449", "9")
@pytest.mark.parametrize("nonce", [None, "", "another", 7])
def test_without_the_nonce_a_proof_is_refused_with_the_one_to_use(api: Api, nonce: object) -> None:
    token = api.bound()
    first = api.get(api.proven(token, nonce=nonce))
    second = api.get(api.proven(token, nonce=first.headers["DPoP-Nonce"]))

    expected = "use_dpop_nonce" if nonce != 7 else "invalid_dpop_proof"
    assert first.status_code == 401
    assert challenge(first).startswith("DPoP ")
    assert f'error="{expected}"' in challenge(first)
    assert second.status_code == 200


@pytest.mark.spec("RFC 9449", "8.2")
def test_each_answer_to_a_proof_has_the_next_nonce_and_no_other_answer_has_one(api: Api) -> None:
    token, plain = api.bound(), api.server.token(api.client)
    given = api.proven(token)
    missing = f"{api.path}/none"
    of_proofs = [
        api.get(given),
        api.get(given),
        api.get(api.proven(token, htu=URL[LIVE] + missing), missing),
        api.get([("Authorization", "DPoP x")]),
    ]
    others = [
        api.get([]),
        api.get([("Authorization", f"Bearer {plain}")]),
        api.get([("Authorization", f"Bearer {token}")]),
    ]

    assert [each.status_code for each in of_proofs] == [200, 401, 404, 401]
    assert [each.headers.get_list("DPoP-Nonce") for each in of_proofs] == [[api.nonce]] * 4
    assert [each.status_code for each in others] == [401, 200, 401]
    assert ["DPoP-Nonce" in each.headers for each in others] == [False] * 3


@pytest.mark.spec("RFC 9449", "4.3")
@pytest.mark.spec("RFC 9449", "7.2")
def test_a_bound_token_is_refused_in_each_way_to_send_it_wrongly(api: Api) -> None:
    token, plain = api.bound(), api.server.token(api.client)
    tokens = cycle([api.bound(), token])  # a new one each time, as far as it matters
    issuer: Any = SimpleNamespace(
        mint=lambda cnf=None: next(tokens) if cnf else plain, clock=time.time
    )
    call = Call(issuer, api.key, Key(api.server), api.url)
    answers = {how: api.get(make(call)) for how, (make, _) in WRONG.items()}

    def error(answer: Response) -> str:
        found = re.search('error="([a-z_]+)"', challenge(answer))
        return found[1] if found else ""

    assert {how: (each.status_code, error(each)) for how, each in answers.items()} == {
        how: (401, expected) for how, (_, expected) in WRONG.items()
    }
    assert api.get(api.proven(token)).status_code == 200


@pytest.mark.spec("RFC 9449", "9")
def test_the_python_client_passes_with_one_request_more(server: InProcessServer) -> None:
    client = server.register()
    server.clock.advance(max(0.0, time.time() - server.clock()))  # the client's is the real one
    sender = InProcessSender(server)
    settings = ClientSettings(URL[LIVE] + TOKEN, client.client_id, client.secret, dpop=True)
    source = TokenSource(settings, sender)
    assert server.loop
    http = DirectClient(server.app, server.loop, base_url=URL[LIVE])
    path = f"{PARTNER_API}/org/{client.application.org_id}/users"

    answers = [http.get(path, auth=BearerAuth.sharing(source)) for _ in range(2)]

    assert [each.status_code for each in answers] == [200, 200]
    assert [each.method for each in sender.sent] == ["POST", "POST"]


@pytest.mark.spec("RFC 9449", "9")
def test_the_admin_client_passes_with_one_request_more(server: InProcessServer) -> None:
    program = Program(server, *every_scope())
    server.clock.advance(max(0.0, time.time() - server.clock()))
    sender, url, client = InProcessSender(server), URL[LIVE], program.client
    settings = ClientSettings(
        url + TOKEN, client.client_id, client.secret, "", url + ADMIN_API, dpop=True
    )
    source = TokenSource(settings, sender)
    admin = Admin.over(Connection(url, "production", source, sender, random=lambda: 0.0))

    for _ in range(2):
        assert next(iter(admin.organizations.list())).name
    sent = [each.headers.get("authorization", "").partition(" ")[0] for each in sender.sent]
    assert sent == ["Basic", "Basic", "DPoP", "DPoP"]


@pytest.mark.spec("RFC 8705", "3")
def test_a_token_bound_to_a_certificate_is_accepted_with_it_alone(api: Api) -> None:
    server, client = api.server, api.client
    context, app_id = server.environment().context, client.application.id
    applications.change(
        context, OPERATOR, app_id, None, tls_client_certificate_bound_access_tokens=True
    )
    server.environment().applications.clear()
    by = {"Authorization": basic(client.client_id, client.secret.value)}
    issued = send(server, "POST", TOKEN, SHOWN, headers=by, data=GRANT)
    bearer = {"Authorization": f"Bearer {issued.json()['access_token']}"}
    dpop = {"Authorization": f"DPoP {issued.json()['access_token']}"}

    def status(shown: Any, **given: Any) -> int:  # noqa: ANN401 - of `send`
        given = {"headers": bearer, **given}
        answer = send(server, "GET", api.path, shown, **given)
        is_right = answer.status_code == 200 or 'error="invalid_token"' in challenge(answer)
        assert is_right, answer.text
        return answer.status_code

    assert [status(SHOWN), status(SHOWN, verify="SUCCESS")] == [200, 200]
    assert [status(None), status(OTHER), status(OTHER, verify="SUCCESS")] == [401, 401, 401]
    assert status(SHOWN, peer="203.0.113.9") == 401  # is no trusted proxy
    assert status(SHOWN, headers=dpop) == 401
