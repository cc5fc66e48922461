"""Every adapter of the guard by one contract, over real HTTP (RFC 6750, RFC 9728)."""

import logging
from collections.abc import Callable, Iterator
from typing import NamedTuple

import httpx2
import pytest

from gatepass.guard.core.rate_limit import RateLimit
from gatepass.guard.testing import FakeIssuer
from gatepass.guard.testing.issuer import ORG_ID, RESOURCE
from guard.adapters.apis import ADAPTERS, BY_ENDPOINT, IN_FRONT, Adapter

CHALLENGE = f'Bearer resource_metadata="{RESOURCE}/.well-known/oauth-protected-resource"'
FORM = {"Content-Type": "application/x-www-form-urlencoded"}

# How the issuer makes a token that is no good.
BAD: dict[str, Callable[[FakeIssuer], str]] = {
    "expired": FakeIssuer.expired,
    "for another API": FakeIssuer.wrong_audience,
    "revoked": FakeIssuer.revoked,
    "of another issuer": FakeIssuer.of_another_issuer,
    "forged": FakeIssuer.forged,
    "unsigned": FakeIssuer.unsigned,
    "sealed and expired": lambda issuer: issuer.opaque(expires_in=-60),
    "sealed for another API": lambda issuer: issuer.opaque(audience="https://other.example.com"),
    "unknown": lambda _issuer: "unknown",
    "padding alone": lambda _issuer: "====",
    "two words": lambda issuer: f"{issuer.mint()} {issuer.mint()}",
    "cut": lambda issuer: issuer.mint()[:-1],
    "huge": lambda _issuer: "a" * 20_000,
}


class Api(NamedTuple):
    """A client of the API behind an adapter, and the issuer whose tokens the API takes."""

    client: httpx2.Client
    issuer: FakeIssuer

    def get(self, path: str, token: str, scheme: str = "Bearer ") -> httpx2.Response:
        return self.client.get(path, headers={"Authorization": scheme + token})

    def post(self, content: bytes, **headers: str) -> httpx2.Response:
        sent = {"Authorization": f"Bearer {self.issuer.mint()}"} | headers
        return self.client.post("/echo", headers=sent, content=content)


@pytest.fixture(scope="module")
def issuer() -> Iterator[FakeIssuer]:
    with FakeIssuer() as made:
        yield made


@pytest.fixture(scope="module", params=ADAPTERS)
def api(request: pytest.FixtureRequest, issuer: FakeIssuer) -> Iterator[Api]:
    yield from behind(ADAPTERS[request.param], issuer)


@pytest.fixture(scope="module", params=BY_ENDPOINT)
def endpoints(request: pytest.FixtureRequest, issuer: FakeIssuer) -> Iterator[Api]:
    yield from behind(BY_ENDPOINT[request.param], issuer)


@pytest.fixture(scope="module", params=IN_FRONT)
def front(request: pytest.FixtureRequest, issuer: FakeIssuer) -> Iterator[Api]:
    yield from behind(IN_FRONT[request.param], issuer)


def behind(adapter: Adapter, issuer: FakeIssuer, **options: object) -> Iterator[Api]:
    with (
        adapter(issuer.options(**options)) as address,
        httpx2.Client(base_url=address) as client,
    ):
        yield Api(client, issuer)


@pytest.mark.spec("RFC 6750", "2.1")
@pytest.mark.parametrize("scheme", ["Bearer ", "bearer ", "BEARER   "])
def test_a_good_token_passes(api: Api, scheme: str) -> None:
    assert api.get("/meters", api.issuer.mint(), scheme).status_code == 200


@pytest.mark.parametrize("kind", ["mint", "opaque"])
def test_the_principal_says_who_calls_by_either_kind_of_token(api: Api, kind: str) -> None:
    token = getattr(api.issuer, kind)("read write", jti="the-token", environment="sandbox")

    answer = api.get("/meters", token)

    principal = answer.json()
    assert principal.pop("expires_at") == pytest.approx(api.issuer.clock() + 3600, abs=60)
    assert principal == {
        "client_id": "test-application",
        "org_id": ORG_ID,
        "scope": "read write",
        "audience": [RESOURCE],
        "token_id": "the-token",
        "issuer": api.issuer.url,
        "environment": "sandbox",
    }


@pytest.mark.spec("RFC 6750", "3.1")
@pytest.mark.spec("RFC 9728", "5.1")
@pytest.mark.parametrize("headers", [{}, {"Authorization": "Basic eDp5"}], ids=["none", "Basic"])
def test_without_a_token_there_is_a_challenge_without_an_error(
    api: Api, headers: dict[str, str]
) -> None:
    answer = api.client.get("/meters", headers=headers)

    assert (answer.status_code, answer.headers["www-authenticate"]) == (401, CHALLENGE)


def test_a_refusal_is_a_problem_document_that_nobody_keeps(api: Api) -> None:
    answer = api.client.get("/meters")

    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["cache-control"] == "no-store"
    assert answer.json() == {
        "type": "about:blank",
        "title": "Unauthorized",
        "status": 401,
        "detail": "This needs an access token, sent as Authorization: Bearer and the token.",
    }


@pytest.mark.spec("RFC 6750", "3.1")
@pytest.mark.parametrize("how", BAD)
def test_a_bad_token_is_invalid(api: Api, how: str) -> None:
    answer = api.get("/meters", BAD[how](api.issuer))

    assert answer.status_code == 401
    assert 'error="invalid_token"' in answer.headers["www-authenticate"]
    assert answer.headers["www-authenticate"].endswith(CHALLENGE.removeprefix("Bearer "))


@pytest.mark.spec("RFC 6750", "3.1")
def test_a_missing_scope_is_named(api: Api) -> None:
    answer = api.get("/meters", api.issuer.mint("write"))

    assert answer.status_code == 403
    assert 'error="insufficient_scope"' in answer.headers["www-authenticate"]
    assert 'scope="read"' in answer.headers["www-authenticate"]


@pytest.mark.spec("RFC 6750", "2")
@pytest.mark.parametrize("with_header", [True, False])
def test_a_token_in_the_query_is_refused(api: Api, *, with_header: bool) -> None:
    token = api.issuer.mint()
    headers = {"Authorization": f"Bearer {token}"} if with_header else {}

    answer = api.client.get(f"/meters?access_token={token}", headers=headers)

    assert answer.status_code == 400
    assert 'error="invalid_request"' in answer.headers["www-authenticate"]


@pytest.mark.spec("RFC 6750", "2")
@pytest.mark.parametrize("name", [b"access_token", b"access%5Ftoken"])
def test_a_token_in_header_and_form_is_refused(api: Api, name: bytes) -> None:
    answer = api.post(b"a=1&" + name + b"=x", **FORM)

    assert answer.status_code == 400
    assert 'error="invalid_request"' in answer.headers["www-authenticate"]


@pytest.mark.spec("RFC 6750", "2")
def test_two_authorization_headers_are_refused(api: Api) -> None:
    good = ("Authorization", f"Bearer {api.issuer.mint()}")

    assert api.client.get("/meters", headers=[good, good]).status_code == 400
    other = api.client.get("/meters", headers=[("Authorization", "Basic eDp5"), good])
    assert other.status_code == 400


@pytest.mark.parametrize("kind", [FORM["Content-Type"], "text/plain"])
def test_the_body_arrives_whole(api: Api, kind: str) -> None:
    assert api.post(b"a=1&b=2", **{"Content-Type": kind}).content == b"a=1&b=2"


def test_a_form_of_any_length_arrives_whole(api: Api) -> None:
    form = b"a=" + b"1" * 200_000

    assert api.post(form, **FORM).content == form


def test_what_is_exempt_needs_no_token(api: Api) -> None:
    assert api.client.get("/health").text == "well"


@pytest.mark.parametrize("path", ["/health/", "//meters", "/health/../meters", "/health%2f..%2fx"])
def test_no_way_to_write_a_path_is_exempt_but_the_one_that_is_listed(front: Api, path: str) -> None:
    assert front.client.request("GET", path).status_code == 401


@pytest.mark.parametrize("method", ["HEAD", "OPTIONS", "DELETE", "TRACE", "PROPFIND"])
def test_no_method_goes_without_a_token_through_what_stands_in_front(
    front: Api, method: str
) -> None:
    answer = front.client.request(method, "/meters")

    assert (answer.status_code, answer.headers["www-authenticate"]) == (401, CHALLENGE)


@pytest.mark.parametrize("method", ["HEAD", "DELETE"])
def test_no_method_reaches_an_endpoint_without_a_token(endpoints: Api, method: str) -> None:
    assert endpoints.client.request(method, "/meters").status_code in {401, 405}


@pytest.mark.parametrize("adapter", ADAPTERS)
def test_while_the_server_is_away_nobody_new_passes(adapter: str, issuer: FakeIssuer) -> None:
    """The guard is one of its own: it would go on resting after a failed look for the server."""
    for api in behind(ADAPTERS[adapter], issuer):
        api.get("/meters", issuer.mint())
        token = issuer.opaque()
        issuer.is_away = True
        try:
            answer = api.get("/meters", token)
        finally:
            issuer.is_away = False

        assert answer.status_code == 503
        assert answer.headers["retry-after"].isdecimal()
        assert "www-authenticate" not in answer.headers


def test_no_token_is_logged(api: Api, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    tokens = [api.issuer.mint("write"), api.issuer.opaque(), api.issuer.forged(), "s3cret"]
    for token in tokens:
        api.get("/meters", token)

    ours = "\n".join(each.getMessage() for each in caplog.records if "gatepass" in each.name)
    assert "insufficient_scope" in ours
    assert not any(token in ours for token in tokens)


@pytest.mark.parametrize("adapter", ADAPTERS)
def test_over_the_rate_limit_is_told_when_to_come_again(adapter: str, issuer: FakeIssuer) -> None:
    for api in behind(ADAPTERS[adapter], issuer, rate=RateLimit("1/hour")):
        answers = [api.get("/meters", issuer.mint()) for _ in range(2)]

        assert [each.status_code for each in answers] == [200, 429]
        assert int(answers[1].headers["retry-after"]) > 0


def test_all_scopes_of_an_endpoint_are_needed(endpoints: Api) -> None:
    few, enough = endpoints.issuer.mint("read"), endpoints.issuer.mint("read admin")

    assert endpoints.get("/admin", few).status_code == 403
    assert endpoints.get("/admin", enough).text == "secrets"


def test_an_organization_sees_only_itself(endpoints: Api) -> None:
    token = endpoints.issuer.mint()

    assert endpoints.get(f"/org/{ORG_ID}", token).text == ORG_ID
    assert endpoints.get("/org/another", token).status_code == 404
