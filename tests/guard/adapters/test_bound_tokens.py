"""Tokens that are bound to a key, through every adapter by one table (RFC 9449 §4.3, §7)."""

import re
from collections.abc import Iterator
from typing import Any, NamedTuple

import httpx2
import pytest
from fastapi import FastAPI

from gatepass.guard import ClientCertificates, DPoP
from gatepass.guard.fastapi import Guard as FastApiGuard
from gatepass.guard.testing import DPoPKey, FakeIssuer
from guard.adapters.apis import ADAPTERS, Adapter
from guard.hostile_requests import HOSTILE, Call

NONCE_KEY = b"a key of the tests alone"


class Api(NamedTuple):
    """A client of the API behind an adapter, with a key; and the issuer of its tokens."""

    client: httpx2.Client
    issuer: FakeIssuer
    key: DPoPKey
    url: str

    def get(self, token: str, **changed: object) -> httpx2.Response:
        return self.client.get(
            self.url, headers=self.key.headers("GET", self.url, token, **changed)
        )


@pytest.fixture(scope="module")
def issuer() -> Iterator[FakeIssuer]:
    with FakeIssuer() as made:
        yield made


@pytest.fixture(scope="module", params=ADAPTERS)
def api(request: pytest.FixtureRequest, issuer: FakeIssuer) -> Iterator[Api]:
    yield from behind(ADAPTERS[request.param], issuer)


def _error(answer: httpx2.Response) -> str:
    found = re.search('error="([a-z_]+)"', answer.headers["www-authenticate"])
    return found[1] if found else ""


def behind(adapter: Adapter, issuer: FakeIssuer, **options: object) -> Iterator[Api]:
    with adapter(issuer.options(**options)) as address, httpx2.Client() as client:
        yield Api(client, issuer, issuer.dpop_key(), f"{address}/meters")


@pytest.mark.spec("RFC 9449", "7.1")
@pytest.mark.parametrize("kind", ["mint", "opaque"])
def test_a_bound_token_passes_with_a_new_proof_each_time(api: Api, kind: str) -> None:
    token = getattr(api.issuer, kind)(cnf=api.key.cnf)

    assert [api.get(token).status_code for _ in range(3)] == [200, 200, 200]


@pytest.mark.spec("RFC 9449", "4.3")
def test_the_query_and_the_spelling_of_the_address_do_not_matter(api: Api) -> None:
    token = api.issuer.mint(cnf=api.key.cnf)
    spelled = api.url.replace("/meters", "/./%6deters").replace("http:", "HTTP:")
    headers = api.key.headers("GET", f"{spelled}?a=1", token)

    assert api.client.get(f"{api.url}?b=2", headers=headers).status_code == 200


@pytest.mark.spec("RFC 9449", "4.3")
@pytest.mark.spec("RFC 9449", "7.2")
def test_a_bound_token_is_refused_in_each_way_to_send_it_wrongly(api: Api) -> None:
    call = Call(api.issuer, api.key, api.issuer.dpop_key(), api.url)
    answers = {
        how: api.client.get(api.url, headers=make(call)) for how, (make, _) in HOSTILE.items()
    }

    assert {how: (each.status_code, _error(each)) for how, each in answers.items()} == {
        how: (401, error) for how, (_, error) in HOSTILE.items()
    }
    for answer in answers.values():
        assert re.search('DPoP .*algs="ES256 ES384 ES512 ', answer.headers["www-authenticate"])
        assert answer.headers["cache-control"] == "no-store"


@pytest.mark.spec("RFC 9449", "11.1")
def test_a_proof_passes_once(api: Api) -> None:
    token = api.issuer.mint(cnf=api.key.cnf)
    headers = api.key.headers("GET", api.url, token)

    first, second = (api.client.get(api.url, headers=headers) for _ in range(2))

    assert (first.status_code, second.status_code) == (200, 401)
    assert 'error="invalid_dpop_proof"' in second.headers["www-authenticate"]
    assert "used before" in second.json()["detail"]


@pytest.mark.spec("RFC 9449", "7.2")
def test_two_authorization_headers_are_refused(api: Api) -> None:
    token = api.issuer.mint(cnf=api.key.cnf)
    authorization, proof = api.key.headers("GET", api.url, token).items()
    bearer = ("Authorization", f"Bearer {api.issuer.mint()}")

    for pair in ([authorization, bearer], [bearer, authorization], [authorization, authorization]):
        assert api.client.get(api.url, headers=[*pair, proof]).status_code == 400


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1/meters?", "127.0.0.1#", "a@127.0.0.1", "127.0.0.1:80:80", "", "[::1", "a b"],
)
def test_a_forged_host_makes_no_other_address(api: Api, host: str) -> None:
    token = api.issuer.mint(cnf=api.key.cnf)
    url = f"http://{host}/meters"

    answer = api.client.get(api.url, headers={**api.key.headers("GET", url, token), "Host": host})

    assert answer.status_code in {400, 401}


def test_the_right_challenge_says_what_to_do(api: Api) -> None:
    answer = api.client.get(
        api.url, headers={"Authorization": f"Bearer {api.issuer.mint(cnf=api.key.cnf)}"}
    )

    assert answer.json()["detail"] == (
        "The access token is bound to a key: send it as Authorization: DPoP, with a proof in the "
        "DPoP header."
    )


def test_a_proof_for_another_address_is_told_the_right_one(api: Api) -> None:
    answer = api.get(api.issuer.mint(cnf=api.key.cnf), htu="https://api.example.org/x")

    assert f"htu must be {api.url}." in answer.json()["detail"]


@pytest.mark.spec("RFC 9449", "9")
@pytest.mark.parametrize("adapter", ADAPTERS)
def test_an_api_may_require_bound_tokens_a_nonce_and_an_address(
    adapter: str, issuer: FakeIssuer
) -> None:
    base = "https://api.example.com/v1"
    settings = DPoP(nonce_key=NONCE_KEY)
    for api in behind(
        ADAPTERS[adapter], issuer, base_url=base, dpop=settings, require_bound_tokens=True
    ):
        token, htu = issuer.mint(cnf=api.key.cnf), base + httpx2.URL(api.url).path
        bare = api.client.get(api.url, headers={"Authorization": f"Bearer {issuer.mint()}"})
        without, invented = api.get(token, htu=htu), api.get(token, htu=htu, nonce="invented")
        nonce = without.headers["dpop-nonce"]

        assert (bare.status_code, _error(bare)) == (401, "invalid_token")
        assert api.client.get(api.url).headers["www-authenticate"].startswith("DPoP algs=")
        assert {_error(without), _error(invented)} == {"use_dpop_nonce"}
        assert {without.status_code, invented.status_code} == {401}
        assert api.get(token, htu=htu, nonce=nonce).status_code == 200
        assert _error(api.get(token, nonce=nonce)) == "invalid_dpop_proof"
        issuer.clock.advance(3 * 120)
        assert _error(api.get(token, htu=htu, nonce=nonce)) == "use_dpop_nonce"


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({}, []),
        ({"dpop": DPoP()}, ["Authorization: DPoP"]),
        ({"client_certificates": ClientCertificates()}, ["mutual TLS"]),
        ({"dpop": DPoP(), "require_bound_tokens": True}, ["Authorization: DPoP", "are refused"]),
    ],
    ids=["nothing", "a key", "a certificate", "required"],
)
def test_openapi_says_how_bound_tokens_are_sent(
    issuer: FakeIssuer, options: dict[str, Any], words: list[str]
) -> None:
    with FastApiGuard(**issuer.options(**options)) as guard:
        app = FastAPI()
        app.get("/meters", dependencies=[guard.requires("read")])(lambda: "")
        scheme = app.openapi()["components"]["securitySchemes"]["Gatepass"]

    assert ("description" in scheme) == bool(words)
    assert all(word in scheme["description"] for word in words)
