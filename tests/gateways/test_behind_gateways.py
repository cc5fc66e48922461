"""Real gateways ask a real server about requests to a real API: the files of examples/gateways."""

import json
import posixpath
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple
from urllib.parse import unquote

import pytest

from gatepass.guard import Expectation, KeySet
from gatepass.guard.jwt.assertion import verify_assertion
from gatepass.wire.metadata import JWKS, PARTNER_API, TOKEN
from gateways.api import Api, plainly
from gateways.api import serving as serving_api
from gateways.gateway import NAMES, NOBODYS, Gateway, program, running
from server_process import Credentials, Server, free_ports, serving

IDENTITY = (
    "x-auth-client-id",
    "x-auth-org-id",
    "x-auth-scope",
    "x-auth-expires",
    "x-auth-assertion",
)
# How a caller may spell a header that a backend takes for X-Auth-Client-Id.
ALIASES = (
    "X-Auth-Client-Id",
    "x-auth-client-id",
    "X_Auth_Client_Id",
    "X-Auth-Client_Id",
    "X_AUTH-CLIENT-ID",
    "X.Auth.Client.Id",
    "X-Auth.Client-Id",
)
METERS = "https://meters.example.com"  # another API
HOME, ELSEWHERE = "127.0.0.3", "127.0.0.4"  # where a caller may be
# What a gateway answers where the server gives no answer, and where it says that the gateway is
# set up wrongly.
UNANSWERED = {"nginx": 503, "caddy": 503, "haproxy": 503, "traefik": 500, "envoy": 503}
SET_UP_WRONGLY = {"nginx": 503, "caddy": 500, "haproxy": 500, "traefik": 500, "envoy": 503}


class People(NamedTuple):
    """Who calls the API, from anywhere or from HOME alone, and clients that may not.

    `meters` is the same organization's, for another API; `stranger` is another organization's.
    """

    org_id: str
    client: Credentials
    homely: Credentials
    stranger: Credentials
    meters: Credentials


class Front(NamedTuple):
    """A gateway, the API behind it, and who may call it."""

    gateway: Gateway
    api: Api
    server: Server
    people: People

    def token(self, scope: str) -> str:
        return token_of(self.people.client, self.server, scope)


def token_of(client: Credentials, server: Server, scope: str) -> str:
    answer = server.ask(
        "POST",
        TOKEN,
        auth=client[:2],
        data={"grant_type": "client_credentials", "scope": scope},
        headers={"X-Forwarded-For": HOME},
    )
    assert answer.status == 200, answer.text
    token: str = answer.body["access_token"]
    return token


@pytest.fixture(scope="module")
def api() -> Iterator[Api]:
    with serving_api() as opened:
        yield opened


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server that believes gateways on this machine about where a request comes from."""
    data = tmp_path_factory.mktemp("behind") / "data"
    variables = {"GATEPASS_TRUSTED_PROXIES": '["127.0.0.1"]'}
    with serving(data, variables=variables) as running_server:
        yield running_server


@pytest.fixture(scope="module")
def people(server: Server) -> People:
    acme, beta = (server.create_organization(name, name).org_id for name in ("acme", "beta"))
    where = ("--organization", acme, "--name", "Homely", "--network", HOME, "--scope", "read")
    homely = json.loads(server.run("application", "create", *where, "--json").out)
    server.run("resource", "add", METERS, "--name", "Meters")
    server.run("scope", "add", "meters:read", "--resource", METERS, "--description", "Read meters")
    whose = ("--organization", acme, "--name", "Meters", "--scope", "meters:read")
    meters = json.loads(server.run("application", "create", *whose, "--json").out)
    client, stranger = server.create_application(acme), server.create_application(beta)
    return People(acme, client, Credentials(**homely), stranger, Credentials(**meters))


@pytest.fixture(scope="module", params=NAMES)
def front(
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
    server: Server,
    people: People,
    api: Api,
) -> Iterator[Front]:
    name: str = request.param
    if program(name) is None:
        pytest.skip(f"{name} is not installed")
    folder = tmp_path_factory.mktemp(name)
    where = {"gatepass": server.port, "api": api.port}
    with running(name, folder, {NOBODYS: people.org_id}, **where) as gateway:
        yield Front(gateway, api, server, people)


@pytest.fixture(autouse=True)
def _nothing_was_asked(api: Api) -> None:
    api.asked.clear()


@pytest.mark.spec("RFC 6750", "3")
def test_without_a_token_there_is_a_challenge_and_the_api_is_not_asked(front: Front) -> None:
    answer = front.gateway.ask("/orders/7")

    assert answer.status == 401
    challenge = f'Bearer realm="{front.server.url()}"'
    assert answer.headers.get_all("WWW-Authenticate") == [challenge]
    assert "Retry-After" not in answer.headers
    assert front.api.asked == []


def test_a_good_token_passes_and_the_api_is_told_who_calls(front: Front) -> None:
    answer = front.gateway.ask("/orders/7?a=b&scope=none", front.token("read"))
    asked = front.api.last()

    assert (answer.status, asked.path) == (200, "/orders/7?a=b&scope=none")
    told = {name: asked.named(name) for name in IDENTITY}
    assert told["x-auth-client-id"] == [front.people.client.client_id]
    assert told["x-auth-org-id"] == [front.people.org_id]
    assert told["x-auth-scope"] == ["read"]
    assert int(told["x-auth-expires"][0]) > time.time()
    assert asked.named("authorization") == []


def test_the_api_believes_the_assertion_and_needs_no_other_header(front: Front) -> None:
    assert front.gateway.ask("/orders/7", front.token("read")).status == 200
    [assertion] = front.api.last().named("x-auth-assertion")
    keys = KeySet.parse(front.server.ask("GET", JWKS).body)
    expect = Expectation(front.server.url(), front.server.url() + PARTNER_API)

    principal = verify_assertion(assertion, keys, expect, time.time())
    assert (principal.client_id, principal.org_id, str(principal.scope)) == (
        front.people.client.client_id,
        front.people.org_id,
        "read",
    )


@pytest.mark.spec("RFC 6750", "3.1")
def test_a_missing_scope_is_403(front: Front) -> None:
    answer = front.gateway.ask("/reports/7", front.token("read"))

    assert answer.status == 403
    [challenge] = answer.headers.get_all("WWW-Authenticate") or []
    assert 'error="insufficient_scope"' in challenge
    assert front.gateway.ask("/reports/7", front.token("write")).status == 200
    assert [asked.path for asked in front.api.asked] == ["/reports/7"]


@pytest.mark.spec("RFC 6750", "3.1")
def test_a_revoked_token_is_401_from_the_next_request_on(front: Front) -> None:
    token = front.token("read")
    assert front.gateway.ask("/orders/7", token).status == 200
    revoked = front.server.ask(
        "POST", "/oauth2/revoke_token/", auth=front.people.client[:2], data={"token": token}
    )
    assert revoked.status == 200

    answer = front.gateway.ask("/orders/7", token)
    assert answer.status == 401
    assert 'error="invalid_token"' in answer.headers["WWW-Authenticate"]
    assert len(front.api.asked) == 1


def test_another_organizations_token_is_403(front: Front) -> None:
    strangers = token_of(front.people.stranger, front.server, "read")

    assert front.gateway.ask("/orders/7", strangers).status == 200
    front.api.asked.clear()
    assert front.gateway.ask("/acme/7", strangers).status == 403
    assert front.gateway.ask("/acme/7", front.token("read")).status == 200
    assert len(front.api.asked) == 1


@pytest.mark.spec("RFC 9700", "2.3")
def test_a_token_for_another_api_is_401_on_every_path(front: Front) -> None:
    meters = front.people.meters
    answer = front.server.ask(
        "POST", TOKEN, auth=meters[:2], data={"grant_type": "client_credentials"}
    )
    token = answer.body["access_token"]

    for path in ("/orders/7", "/reports/7", "/acme/7"):
        refused = front.gateway.ask(path, token)
        assert refused.status == 401
        assert 'error="invalid_token"' in refused.headers["WWW-Authenticate"]
    assert front.api.asked == []


@pytest.mark.parametrize("alias", ALIASES)
def test_a_forged_identity_never_reaches_the_api(front: Front, alias: str) -> None:
    forged = tuple(
        (name, "forged")
        for name in (alias, alias, *IDENTITY, alias.replace("Client", "User"), "X-Auth-Status")
    )
    answer = front.gateway.ask("/orders/7", front.token("read"), headers=forged)

    if answer.status == 400:  # refused for its headers' names
        assert front.api.asked == []
        return
    asked = front.api.last()
    assert answer.status == 200
    for name in IDENTITY:
        [value] = asked.named(name)
        assert "forged" not in value
    assert [
        name for name, value in asked.headers if value == "forged" and plainly(name) in IDENTITY
    ] == []


def test_no_header_takes_the_identity_out_again(front: Front) -> None:
    dropping = (("Connection", ", ".join(("close", *IDENTITY))),)
    answer = front.gateway.ask("/orders/7", front.token("read"), headers=dropping)
    asked = front.api.last()

    assert answer.status == 200
    assert all(asked.named(name) not in ([], [""]) for name in IDENTITY)


def test_an_application_bound_to_a_network_is_known_by_where_the_caller_is(front: Front) -> None:
    token = token_of(front.people.homely, front.server, "read")
    forged = (("X-Forwarded-For", HOME), ("X-Real-IP", HOME), ("Forwarded", f"for={HOME}"))

    assert front.gateway.ask("/orders/7", token, source=HOME).status == 200
    assert front.gateway.ask("/orders/7", token, source=ELSEWHERE).status == 401
    assert front.gateway.ask("/orders/7", token, source=ELSEWHERE, headers=forged).status == 401
    assert len(front.api.asked) == 1


def test_a_token_in_the_query_is_not_read(front: Front) -> None:
    token = front.token("read")

    assert front.gateway.ask(f"/orders/7?access_token={token}").status == 401
    assert front.api.asked == []


def test_the_caller_cannot_change_what_a_path_needs(front: Front) -> None:
    token, name = front.token("read"), front.people.client.client_id
    forged = (
        ("X-Forwarded-Uri", "/orders/7"),
        ("X-Original-URI", "/orders/7"),
        ("X-Original-URL", "/orders/7"),
        ("X-Forwarded-Method", "OPTIONS"),
    )
    for path in ("/reports/7?scope=read", "/reports/7?scope=", f"/reports/7?organization={name}"):
        assert front.gateway.ask(path, token, headers=forged).status == 403
    assert front.api.asked == []


@pytest.mark.parametrize(
    "path",
    [
        "/orders/../reports/7",
        "/orders/%2e%2e/reports/7",
        "/orders/..%2freports/7",
        "/orders/..%2Freports/7",
        "/orders/%2e%2e%2freports/7",
        "/orders/./../reports/7",
        "/orders//../reports/7",
        "//reports/7",
        "/./reports/7",
        "/%72eports/7",
        "/Reports/7",
    ],
)
def test_no_path_leads_around_what_another_path_needs(front: Front, path: str) -> None:
    answer = front.gateway.ask(path, front.token("read"))

    if answer.status == 200:
        reached = posixpath.normpath(unquote(front.api.last().path).replace("\\", "/"))
        assert not reached.replace("//", "/").lower().startswith("/reports")
    else:
        assert answer.status in {301, 307, 308, 400, 403, 404}
        assert front.api.asked == []


def test_other_paths_are_nobodys(front: Front) -> None:
    for path in ("/", "/orders", "/other/7", "/_gatepass/orders", "/oauth2/verify/"):
        assert front.gateway.ask(path, front.token("read write")).status in {301, 404}
    assert front.api.asked == []


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_a_body_arrives_whole(front: Front, method: str) -> None:
    body = bytes(range(256)) * 1200
    answer = front.gateway.ask("/orders/", front.token("read"), method=method, body=body)
    asked = front.api.last()

    assert answer.status == 200
    assert (asked.method, asked.body) == (method, body)


@pytest.mark.spec("RFC 6750", "3.1")
def test_two_tokens_are_a_wrong_request(front: Front) -> None:
    token = front.token("read")
    twice = (("Authorization", f"Bearer {token}"),)
    joined = front.gateway.ask("/orders/7", f"{token}, Bearer {token}")

    assert front.gateway.ask("/orders/7", token, headers=twice).status == 400
    assert joined.status == 400
    [challenge] = joined.headers.get_all("WWW-Authenticate") or []
    assert 'error="invalid_request"' in challenge
    assert front.api.asked == []


@pytest.fixture(params=NAMES)
def name(request: pytest.FixtureRequest) -> str:
    found: str = request.param
    if program(found) is None:
        pytest.skip(f"{found} is not installed")
    return found


def test_while_the_server_is_down_nobody_passes(
    name: str, server: Server, people: People, api: Api, tmp_path: Path
) -> None:
    token = token_of(people.client, server, "read")
    with running(name, tmp_path, {}, gatepass=free_ports(), api=api.port) as gateway:
        answer = gateway.ask("/orders/7", token)

    assert answer.status == UNANSWERED[name]
    assert api.asked == []


def test_a_slip_in_what_a_path_needs_lets_nobody_pass(
    name: str, server: Server, people: People, api: Api, tmp_path: Path
) -> None:
    token = token_of(people.client, server, "read write")
    where = {"gatepass": server.port, "api": api.port}
    with running(name, tmp_path, {"scope=write": "scopes=write"}, **where) as gateway:
        answer = gateway.ask("/reports/7", token)

    assert answer.status == SET_UP_WRONGLY[name]
    assert api.asked == []


@pytest.mark.skipif(program("haproxy") is None, reason="haproxy is not installed")
@pytest.mark.parametrize("good", ["core.httpclient()", "txn.http:req_set_header", "url ="])
def test_behind_haproxy_a_script_that_fails_lets_nobody_pass(
    good: str, server: Server, people: People, api: Api, tmp_path: Path
) -> None:
    token = token_of(people.client, server, "read")
    where = {"gatepass": server.port, "api": api.port}
    with running("haproxy", tmp_path, {good: good.replace("r", "x")}, **where) as gateway:
        answer = gateway.ask("/orders/7", token)

    assert answer.status == 503
    assert api.asked == []
