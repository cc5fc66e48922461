"""The introspection endpoint (RFC 7662)."""

from collections.abc import Callable

import pytest

from gatepass.server.domain import organization_lifecycle
from gatepass.server.domain.applications import operations as applications
from gatepass.server.domain.audit.model import OPERATOR
from gatepass.server.domain.keys.opaque_token_key import OpaqueTokenKey
from gatepass.server.domain.keys.operations import rotate
from gatepass.server.oauth.access_token import inspect
from gatepass.server.tokens.claims import Claims
from gatepass.server.tokens.opaque import decode, encode
from gatepass.wire.metadata import INTROSPECT, PARTNER_API
from gatepass.wire.secret import Secret
from server.fixtures import INTROSPECTION, TEST, Client, InProcessServer, refused, whole
from wire.samples import texts

INACTIVE = b'{"active": false}'


def resource_server(server: InProcessServer) -> Client:
    return server.register(scope=INTROSPECTION, allowed=INTROSPECTION)


def is_dead(server: InProcessServer, by: Client, token: str) -> bool:
    """Return whether a token is inactive, at the endpoint and to the guard in this process."""
    answer = server.introspect(by, token)
    assert answer.status_code == 200
    inside = inspect(server.environment(), Secret(token))
    assert (answer.content == INACTIVE) == (inside is None)
    return answer.content == INACTIVE


@pytest.mark.spec("RFC 7662", "2.2")
def test_an_active_token_is_described(server: InProcessServer, client: Client) -> None:
    token = server.token(client)
    told = server.introspect(client, token).json()
    claims = decode(token, server.environment().keys.opaque_token_keys)

    assert claims
    assert told == {
        "active": True,
        "client_id": client.client_id,
        "scope": "read write",
        "exp": int(server.clock()) + 36000,
        "iat": int(server.clock()),
        "iss": "http://localhost:8000",
        "sub": client.client_id,
        "aud": "http://localhost:8000" + PARTNER_API,
        "jti": claims.jti,
        "token_type": "Bearer",
        "org_id": str(client.application.org_id),
    }


@pytest.mark.spec("RFC 7662", "2.1")
@pytest.mark.parametrize("path", [INTROSPECT, INTROSPECT.rstrip("/")])
def test_form_json_header_and_body_all_work(
    server: InProcessServer, client: Client, path: str
) -> None:
    form = {"token": server.token(client), "token_type_hint": "refresh_token"}
    answers = [
        server.post(path, by=client, data=form),
        server.post(path, by=client, json=form),
        server.post(path, data=form | client.body),
        server.post(path, json=form | client.body),
    ]

    assert len({str(whole(answer)) for answer in answers}) == 1
    assert answers[0].json()["active"] is True


@pytest.mark.spec("RFC 7662", "2.1")
@pytest.mark.spec("RFC 7662", "2.3")
def test_whoever_is_not_authenticated_learns_nothing(
    server: InProcessServer, client: Client
) -> None:
    token = server.token(client)
    wrong = client.having(Secret("gps_live_wrong"))
    answers = [
        server.introspect(wrong, token),
        server.post(INTROSPECT, data={"token": token}),
        server.post(INTROSPECT, data={"token": token} | wrong.body),
        server.introspect(server.register(TEST), token),
    ]

    assert [refused(answer) for answer in answers] == [(401, "invalid_client")] * 4


@pytest.mark.spec("RFC 7662", "2.1")
@pytest.mark.parametrize("form", [{}, {"token": ""}])
def test_without_a_token_the_request_is_invalid(
    server: InProcessServer, client: Client, form: dict[str, str]
) -> None:
    assert refused(server.post(INTROSPECT, by=client, data=form)) == (400, "invalid_request")


@pytest.mark.spec("RFC 7662", "2.2")
@pytest.mark.parametrize("token", texts("token/garbage").values(), ids=texts("token/garbage"))
def test_what_is_no_token_is_inactive(server: InProcessServer, client: Client, token: str) -> None:
    assert server.introspect(client, token).content == INACTIVE


@pytest.mark.spec("RFC 7662", "2.2")
@pytest.mark.spec("RFC 7662", "4")
def test_a_token_is_inactive_from_its_expiry_on(fresh_server: InProcessServer) -> None:
    client = fresh_server.register(lifetime=60)
    token = fresh_server.token(client)
    fresh_server.clock.advance(59.999)

    assert not is_dead(fresh_server, client, token)
    fresh_server.clock.advance(0.001)
    assert is_dead(fresh_server, client, token)


@pytest.mark.spec("RFC 7662", "4")
def test_a_token_from_the_future_is_not_active_yet(fresh_server: InProcessServer) -> None:
    client = fresh_server.register()
    fresh_server.clock.advance(3600)
    token = fresh_server.token(client)
    fresh_server.clock.now -= 60
    assert not is_dead(fresh_server, client, token)  # clocks of two processes may differ a little
    fresh_server.clock.now -= 1

    assert is_dead(fresh_server, client, token)


@pytest.mark.spec("RFC 7662", "4")
def test_a_revoked_token_is_inactive(fresh_server: InProcessServer) -> None:
    client = fresh_server.register()
    token = fresh_server.token(client)
    fresh_server.revoke(client, token)

    assert is_dead(fresh_server, client, token)


@pytest.mark.spec("RFC 7662", "4")
def test_a_token_dies_with_its_application_and_its_organization(
    fresh_server: InProcessServer,
) -> None:
    environment, watcher = fresh_server.environment(), resource_server(fresh_server)
    client = fresh_server.register()
    token, app_id = fresh_server.token(client), client.application.id

    for enabled in (False, True):
        applications.set_enabled(
            environment.context, OPERATOR, app_id, enabled=enabled, org_id=None
        )
        assert is_dead(fresh_server, watcher, token)
    token = fresh_server.token(client)  # in the very millisecond of the enabling
    assert not is_dead(fresh_server, watcher, token)
    for suspended in (True, False):
        org_id = client.application.org_id
        organization_lifecycle.set_suspended(
            environment.context, OPERATOR, org_id, suspended=suspended
        )
        assert is_dead(fresh_server, watcher, token)
    token = fresh_server.token(client)
    assert not is_dead(fresh_server, watcher, token)
    applications.delete(environment.context, OPERATOR, app_id, None)
    assert is_dead(fresh_server, watcher, token)


@pytest.mark.spec("RFC 7662", "4")
def test_voided_tokens_are_inactive(fresh_server: InProcessServer) -> None:
    client = fresh_server.register()
    token = fresh_server.token(client)
    applications.revoke_tokens(
        fresh_server.environment().context, OPERATOR, client.application.id, None
    )

    assert is_dead(fresh_server, client, token)


@pytest.mark.spec("RFC 7662", "2.2")
@pytest.mark.spec("RFC 7662", "4")
def test_a_caller_sees_the_tokens_of_its_organization_and_no_others(
    server: InProcessServer,
) -> None:
    client = server.register()
    token = server.token(client)

    assert server.is_active(server.register(beside=client), token)
    assert server.introspect(server.register(), token).content == INACTIVE


@pytest.mark.spec("RFC 7662", "2.1")
def test_a_resource_server_sees_the_tokens_of_its_environment_alone(
    server: InProcessServer,
) -> None:
    watcher, sandboxed = resource_server(server), server.register(TEST)

    assert server.is_active(watcher, server.token(server.register()))
    of_the_sandbox = server.token(sandboxed, TEST)
    assert server.introspect(watcher, of_the_sandbox).content == INACTIVE
    assert server.is_active(sandboxed, of_the_sandbox, TEST)


@pytest.mark.spec("RFC 7662", "4")
def test_a_token_that_was_tampered_with_is_inactive(
    server: InProcessServer, client: Client
) -> None:
    token = server.token(client)
    tampered = {
        token[:-1],
        token + "0",
        token + "=",
        token + " ",
        " " + token,
        token.lower(),
        token.upper(),
        token.replace("gpa_live_", "gpa_test_"),
        token.replace("gpa_live_", ""),
        token[:69] + server.token(client)[69:],  # in the middle of the random part
        token[:-1] + ("0" if token[-1] != "0" else "1"),
    }

    for each in tampered:
        assert server.introspect(client, each).content == INACTIVE
    assert server.is_active(client, token)


@pytest.mark.spec("RFC 7662", "4")
def test_a_token_sealed_with_a_strangers_key_is_inactive(
    server: InProcessServer, client: Client
) -> None:
    environment = server.environment()
    claims = decode(server.token(client), environment.keys.opaque_token_keys)
    stranger = OpaqueTokenKey(environment.mode, environment.keys.opaque_token_key.id, b"s" * 32)

    assert claims
    assert server.introspect(client, encode(claims, stranger)).content == INACTIVE
    assert server.is_active(client, encode(claims, environment.keys.opaque_token_key))


@pytest.mark.spec("RFC 9068", "3")
def test_an_audience_of_several_is_told_as_a_list(server: InProcessServer, client: Client) -> None:
    environment = server.environment()
    claims = decode(server.token(client), environment.keys.opaque_token_keys)
    assert claims
    audience = ("https://a.example/", "https://b.example/")
    token = encode(claims._replace(audience=audience), environment.keys.opaque_token_key)

    assert server.introspect(client, token).json()["aud"] == list(audience)


@pytest.mark.spec("RFC 7662", "4")
def test_what_is_recalled_of_a_token_ends_when_the_token_does(
    fresh_server: InProcessServer,
) -> None:
    by = resource_server(fresh_server)
    ends: dict[str, Callable[[Client, str], object]] = {
        "revoked": fresh_server.revoke,
        "voided": lambda client, _: applications.revoke_tokens(
            fresh_server.environment().context, OPERATOR, client.application.id, None
        ),
        "expired": lambda _, __: fresh_server.clock.advance(36000),
    }
    for name, end in ends.items():
        client = fresh_server.register()
        token = fresh_server.token(client)
        assert [fresh_server.is_active(by, token) for _ in range(3)] == [True] * 3
        end(client, token)
        fresh_server.environment().catch_up()
        assert [is_dead(fresh_server, by, token) for _ in range(2)] == [True] * 2, name


@pytest.mark.spec("RFC 7662", "4")
def test_what_is_recalled_of_a_token_ends_with_its_key(fresh_server: InProcessServer) -> None:
    client = fresh_server.register()
    token = fresh_server.token(client)
    environment = fresh_server.environment()
    assert fresh_server.is_active(client, token)
    rotate(environment.context, environment.purposes, OPERATOR, at_once=True)

    assert is_dead(fresh_server, client, token)
    assert fresh_server.is_active(client, fresh_server.token(client))


@pytest.mark.spec("RFC 7662", "2.1")
def test_a_caller_that_is_recalled_must_still_be_right(fresh_server: InProcessServer) -> None:
    client, other = fresh_server.register(), fresh_server.register()
    token = fresh_server.token(client)
    assert fresh_server.is_active(client, token)

    def ask(**more: str) -> tuple[int, str]:
        return refused(fresh_server.post(INTROSPECT, by=client, data={"token": token} | more))

    assert ask(client_id=other.client_id) == (400, "invalid_request")
    assert ask(client_secret="x") == (400, "invalid_request")
    assert ask(client_assertion="x") == (400, "invalid_request")
    environment = fresh_server.environment()
    app_id = client.application.id
    applications.set_enabled(environment.context, OPERATOR, app_id, enabled=False, org_id=None)
    environment.catch_up()
    assert ask() == (401, "invalid_client")


def claims_of(client: Client, server: InProcessServer) -> Claims:
    now = int(server.clock() * 1000)
    return Claims(client.application.id.bytes, b"0123456789abcdef", now, 3600, "read", ())


@pytest.mark.spec("RFC 7662", "2.2")
def test_a_token_of_another_issuer_is_inactive_however_long(
    server: InProcessServer, client: Client
) -> None:
    for length in (5_000, 16_384):
        assert server.introspect(client, "x" * length).content == INACTIVE
    assert refused(server.introspect(client, "x" * 16_385)) == (400, "invalid_request")
