"""Forward authentication: whom a gateway lets through, and what it is told of them."""

from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from httpx2 import Response
from joserfc import jwt
from joserfc.jwk import KeySet
from structlog.testing import capture_logs

from gatepass.guard import Expectation
from gatepass.guard import KeySet as GuardKeySet
from gatepass.guard import verify as verify_token
from gatepass.guard.jwt.assertion import verify_assertion
from gatepass.server.domain.applications import operations as applications
from gatepass.server.domain.applications.networks import check_networks
from gatepass.server.domain.audit.model import OPERATOR
from gatepass.server.domain.keys.operations import rotate
from gatepass.wire.errors import OAuthError
from gatepass.wire.metadata import JWKS, PARTNER_API, VERIFY
from server.fixtures import LIVE, TEST, URL, Client, InProcessServer, open_passive_server
from server.serving.fast_path.play import said
from server.serving.fast_path.requests import Ask
from wire.samples import texts

# What a client can send in a header.
SENDABLE = {
    name: text
    for name, text in texts("token/garbage").items()
    if text.isprintable() and text.isascii() and text.strip()
}
# What a gateway's own address for us must not ask; each is a slip that drops what was meant.
MISSET = [
    "organization=x",
    "scope=a&scope=b",
    "scope=%22",
    "scope=%",
    "audience=%00",
    "scope=",
    "scope",
    "scopes=read",
    "scope=read&",
    "scope=read&for=nginx",
    "scope=read&resource=https://meters.example.com/",
    "any",
]
IDENTITY = ("client-id", "org-id", "scope", "expires", "assertion")


def ask(
    server: InProcessServer, token: str | None, query: str = "", method: str = "GET", **given: str
) -> Response:
    headers = {"Authorization": f"Bearer {token}"} if token is not None else {}
    return server.send(method, VERIFY + query, headers=headers | given)


def is_denied(answer: Response, status: int, error: str) -> bool:
    """Return whether a request is kept out, with a bearer challenge that says why."""
    challenge = answer.headers["www-authenticate"]
    assert challenge.startswith("Bearer ")
    assert names_nobody(answer)
    assert str(problem(answer)["detail"]) in challenge
    return answer.status_code == status and (f'error="{error}"' in challenge)


def names_nobody(answer: Response) -> bool:
    """Return whether every identity header is there, and empty."""
    return [answer.headers[f"x-auth-{name}"] for name in IDENTITY] == [""] * len(IDENTITY)


def problem(answer: Response) -> dict[str, object]:
    """Return the problem document of a refusal, and see that it is a well-made one."""
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["cache-control"] == "no-store"
    told: dict[str, object] = answer.json()
    assert set(told) == {"type", "title", "status", "detail"}
    assert told["status"] == answer.status_code
    return told


@pytest.fixture
def still(tmp_path: Path) -> Iterator[InProcessServer]:
    with open_passive_server(tmp_path / "data") as opened:
        yield opened


@pytest.mark.spec("RFC 6750", "2.1")
@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS"])
def test_a_good_token_passes_with_every_method_and_says_who_calls(
    server: InProcessServer, client: Client, method: str
) -> None:
    answer = ask(server, server.token(client), method=method)

    assert (answer.status_code, answer.content) == (200, b"")
    told = {name: answer.headers[f"x-auth-{name}"] for name in IDENTITY}
    assert told["client-id"] == client.client_id
    assert told["org-id"] == str(client.application.org_id)
    assert told["scope"] == "read write"
    assert int(told["expires"]) == int(server.clock()) + 36000
    assert answer.headers["cache-control"] == "no-store"


def test_the_assertion_is_a_signed_word_of_the_issuer_that_lives_a_minute(
    server: InProcessServer, client: Client
) -> None:
    assertion = ask(server, server.token(client)).headers["x-auth-assertion"]
    keys = KeySet.import_key_set(server.send("GET", JWKS).json())

    read = jwt.decode(assertion, keys, algorithms=["ES256"])
    assert read.header["typ"] == "JWT"
    assert read.claims["iss"] == URL[LIVE]
    assert read.claims["sub"] == read.claims["client_id"] == client.client_id
    assert read.claims["org_id"] == str(client.application.org_id)
    assert read.claims["aud"] == URL[LIVE] + PARTNER_API
    assert read.claims["exp"] - read.claims["iat"] == 60


@pytest.mark.spec("RFC 9068", "2.1")
def test_an_assertion_is_no_access_token(server: InProcessServer, client: Client) -> None:
    assertion = ask(server, server.token(client)).headers["x-auth-assertion"]

    assert is_denied(ask(server, assertion), 401, "invalid_token")
    assert not server.is_active(client, assertion)
    headers = {"Authorization": f"Bearer {assertion}"}
    path = f"{PARTNER_API}/org/{client.application.org_id}"
    assert server.send("GET", path, headers=headers).status_code == 401


@pytest.mark.spec("RFC 8725", "3.12")
@pytest.mark.parametrize("audience", ["", f"audience={URL[LIVE]}{PARTNER_API}"])
def test_an_assertion_is_no_access_token_for_a_guard_of_plain_jwts_either(
    server: InProcessServer, client: Client, audience: str
) -> None:
    answer = ask(server, server.token(client), f"?{audience}" if audience else "")
    assertion = answer.headers["x-auth-assertion"]
    keys = GuardKeySet.parse(server.send("GET", JWKS).content)
    resource = URL[LIVE] + PARTNER_API

    for plain in (True, False):
        expect = Expectation(URL[LIVE], resource, lenient=plain)
        with pytest.raises(OAuthError):
            verify_token(assertion, keys, expect, server.clock())
    caller = verify_assertion(assertion, keys, Expectation(URL[LIVE], resource), server.clock())
    assert caller.client_id == client.client_id


def test_an_assertion_serves_for_half_of_its_time_and_is_then_made_anew(
    still: InProcessServer,
) -> None:
    token = still.token(still.register())
    first = ask(still, token).headers["x-auth-assertion"]
    still.clock.advance(29)
    assert ask(still, token).headers["x-auth-assertion"] == first
    still.clock.advance(1)
    assert ask(still, token).headers["x-auth-assertion"] != first


@pytest.mark.spec("RFC 6750", "3.1")
def test_without_a_token_there_is_a_challenge_without_an_error(server: InProcessServer) -> None:
    answer = ask(server, None)

    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == f'Bearer realm="{URL[LIVE]}"'
    assert names_nobody(answer)
    assert "Authorization: Bearer" in str(problem(answer)["detail"])


@pytest.mark.spec("RFC 6750", "3.1")
@pytest.mark.parametrize("text", SENDABLE.values(), ids=SENDABLE)
def test_what_is_no_token_of_ours_is_kept_out(server: InProcessServer, text: str) -> None:
    assert ask(server, text).status_code in {400, 401}


@pytest.mark.spec("RFC 6750", "3.1")
def test_what_ends_a_token_ends_it_at_the_gateway_at_once(still: InProcessServer) -> None:
    client = still.register(lifetime=60)
    environment = still.environment()
    token = still.token(client)
    assert ask(still, token).status_code == 200

    still.revoke(client, token)
    assert is_denied(ask(still, token), 401, "invalid_token")
    token = still.token(client)
    still.clock.advance(1)
    applications.revoke_tokens(environment.context, OPERATOR, client.application.id, None)
    assert is_denied(ask(still, token), 401, "invalid_token")
    still.clock.advance(1)
    token = still.token(client)
    assert ask(still, token).status_code == 200
    applications.set_enabled(
        environment.context, OPERATOR, client.application.id, enabled=False, org_id=None
    )
    assert is_denied(ask(still, token), 401, "invalid_token")
    applications.set_enabled(
        environment.context, OPERATOR, client.application.id, enabled=True, org_id=None
    )
    assert is_denied(ask(still, token), 401, "invalid_token")
    token = still.token(client)
    assert ask(still, token).status_code == 200
    rotate(environment.context, environment.purposes, OPERATOR, at_once=True)
    assert is_denied(ask(still, token), 401, "invalid_token")
    token = still.token(client)
    still.clock.advance(60 + 6)  # a token is stamped up to 5 s after tokens were voided
    assert is_denied(ask(still, token), 401, "invalid_token")


def test_a_token_of_the_other_environment_is_nothing(still: InProcessServer) -> None:
    sandboxed = still.token(still.register(TEST), TEST)

    assert is_denied(ask(still, sandboxed), 401, "invalid_token")


@pytest.mark.spec("RFC 6750", "3.1")
def test_a_missing_scope_is_403_and_named(server: InProcessServer, client: Client) -> None:
    token = server.token(client, scope="read")

    assert ask(server, token, "?scope=read").status_code == 200
    answer = ask(server, token, "?scope=read+write")
    assert is_denied(answer, 403, "insufficient_scope")
    assert 'scope="read write"' in answer.headers["www-authenticate"]


def test_another_audience_or_organization_is_kept_out(
    server: InProcessServer, client: Client
) -> None:
    token, own = server.token(client), client.application.org_id

    assert ask(server, token, f"?audience={URL[LIVE]}{PARTNER_API}").status_code == 200
    assert ask(server, token, f"?organization={own}").status_code == 200
    elsewhere = ask(server, token, "?audience=https://meters.example.com/")
    assert is_denied(elsewhere, 401, "invalid_token")
    assert is_denied(ask(server, token, f"?organization={uuid4()}"), 403, "insufficient_scope")


def test_what_a_route_needs_is_never_read_from_what_the_caller_sends(
    server: InProcessServer, client: Client
) -> None:
    token = server.token(client, scope="read")
    forged = {"X-Forwarded-Uri": "/x?scope=read", "X-Auth-Scope": "write", "X-Original-URI": "/"}

    answer = ask(server, token, "?scope=write", **forged)
    assert is_denied(answer, 403, "insufficient_scope")
    assert ask(server, token, "?scope=read", **forged).headers["x-auth-scope"] == "read"


@pytest.mark.parametrize("query", MISSET)
def test_a_route_that_is_set_up_wrongly_lets_nobody_in_and_is_told_to_the_log(
    server: InProcessServer, client: Client, query: str
) -> None:
    token = server.token(client)
    with capture_logs() as logged:
        answer = ask(server, token, f"?{query}")

    assert answer.status_code == problem(answer)["status"] == 500
    assert names_nobody(answer)
    assert [each["event"] for each in logged] == ["gateway.misconfigured"]
    assert token not in str(logged)


@pytest.mark.spec("RFC 6750", "2")
@pytest.mark.spec("RFC 6750", "3.1")
def test_a_token_in_the_query_is_not_read(server: InProcessServer, client: Client) -> None:
    token = server.token(client)

    assert server.send("GET", f"{VERIFY}?access_token={token}").status_code == 500
    twice = [("Authorization", f"Bearer {token}")] * 2
    assert is_denied(server.send("GET", VERIFY, headers=twice), 400, "invalid_request")
    joined = server.send("GET", VERIFY, headers={"Authorization": f"Bearer {token}, Bearer x"})
    assert is_denied(joined, 400, "invalid_request")


def test_an_application_bound_to_networks_passes_only_from_these(still: InProcessServer) -> None:
    client = still.register()
    token = still.token(client)
    assert ask(still, token).status_code == 200
    networks = check_networks("198.51.100.0/24")
    environment, app_id = still.environment(), client.application.id
    applications.change(environment.context, OPERATOR, app_id, None, networks=networks)
    bearer = {"Authorization": f"Bearer {token}"}

    assert is_denied(ask(still, token), 401, "invalid_token")
    assert still.send("GET", VERIFY, headers=bearer, source="198.51.100.7").status_code == 200


def test_while_nobody_knows_what_was_revoked_nothing_passes(tmp_path: Path) -> None:
    with open_passive_server(tmp_path / "data", stale_grace_seconds=1) as still:
        token = still.token(still.register())
        environment = still.environment()
        environment.is_stale = lambda: True  # type: ignore[method-assign]

        answer = ask(still, token)
        assert answer.status_code == problem(answer)["status"] == 503
        assert answer.headers["retry-after"]
        assert "www-authenticate" not in answer.headers
        assert names_nobody(answer)


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_the_lane_answers_gateways(server: InProcessServer, client: Client, method: str) -> None:
    authorization = (f"Bearer {server.token(client)}",)
    server.send("GET", VERIFY, headers={"Authorization": authorization[0]})
    plain = Ask(method=method, path=VERIFY, authorization=authorization, body=b"", content_type=())

    play = said(server, plain.raw())
    assert (play.by_fast_path, play.heard.startswith(b"HTTP/1.1 200 OK")) == (1, True)
    assert play.heard.count(b"x-auth-") == len(IDENTITY)
