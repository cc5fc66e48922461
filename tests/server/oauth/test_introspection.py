"""The introspection endpoint (RFC 7662)."""

from collections.abc import Callable

import pytest

from gatepass.server.domain.applications import operations as applications
from gatepass.server.domain.audit.model import OPERATOR
from gatepass.server.domain.keys.opaque_token_key import OpaqueTokenKey
from gatepass.server.domain.keys.operations import rotate
from gatepass.server.domain.organizations import operations as organizations
from gatepass.server.oauth.access_token import inspect
from gatepass.server.tokens.claims import Claims
from gatepass.server.tokens.opaque import decode, encode
from gatepass.wire.metadata import INTROSPECT, PARTNER_API
from gatepass.wire.secret import Secret
from server.fixtures import INTROSPECTION, TEST, Client, InProcessServer, refused, whole
from wire.samples import texts

INACTIVE = b'{"active": false}'


def resource_server(stand: InProcessServer) -> Client:
    return stand.register(scope=INTROSPECTION, allowed=INTROSPECTION)


def is_dead(stand: InProcessServer, by: Client, token: str) -> bool:
    """Tell whether a token is inactive, at the endpoint and to the guard in this process."""
    answer = stand.introspect(by, token)
    assert answer.status_code == 200
    inside = inspect(stand.environment(), Secret(token))
    assert (answer.content == INACTIVE) == (inside is None)
    return answer.content == INACTIVE


@pytest.mark.spec("RFC 7662", "2.2")
def test_an_active_token_is_described(stand: InProcessServer, client: Client) -> None:
    token = stand.token(client)
    told = stand.introspect(client, token).json()
    claims = decode(token, stand.environment().keys.sealing)

    assert claims
    assert told == {
        "active": True,
        "client_id": client.client_id,
        "scope": "read write",
        "exp": int(stand.clock()) + 36000,
        "iat": int(stand.clock()),
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
    stand: InProcessServer, client: Client, path: str
) -> None:
    form = {"token": stand.token(client), "token_type_hint": "refresh_token"}
    answers = [
        stand.post(path, by=client, data=form),
        stand.post(path, by=client, json=form),
        stand.post(path, data=form | client.body),
        stand.post(path, json=form | client.body),
    ]

    assert len({str(whole(answer)) for answer in answers}) == 1
    assert answers[0].json()["active"] is True


@pytest.mark.spec("RFC 7662", "2.1")
@pytest.mark.spec("RFC 7662", "2.3")
def test_whoever_is_not_authenticated_learns_nothing(
    stand: InProcessServer, client: Client
) -> None:
    token = stand.token(client)
    wrong = client.having(Secret("gps_live_wrong"))
    answers = [
        stand.introspect(wrong, token),
        stand.post(INTROSPECT, data={"token": token}),
        stand.post(INTROSPECT, data={"token": token} | wrong.body),
        stand.introspect(stand.register(TEST), token),
    ]

    assert [refused(answer) for answer in answers] == [(401, "invalid_client")] * 4


@pytest.mark.spec("RFC 7662", "2.1")
@pytest.mark.parametrize("form", [{}, {"token": ""}])
def test_without_a_token_the_request_is_invalid(
    stand: InProcessServer, client: Client, form: dict[str, str]
) -> None:
    assert refused(stand.post(INTROSPECT, by=client, data=form)) == (400, "invalid_request")


@pytest.mark.spec("RFC 7662", "2.2")
@pytest.mark.parametrize("token", texts("token/garbage").values(), ids=texts("token/garbage"))
def test_what_is_no_token_is_inactive(stand: InProcessServer, client: Client, token: str) -> None:
    assert stand.introspect(client, token).content == INACTIVE


@pytest.mark.spec("RFC 7662", "2.2")
@pytest.mark.spec("RFC 7662", "4")
def test_a_token_is_inactive_from_its_expiry_on(fresh: InProcessServer) -> None:
    client = fresh.register(lifetime=60)
    token = fresh.token(client)
    fresh.clock.advance(59.999)

    assert not is_dead(fresh, client, token)
    fresh.clock.advance(0.001)
    assert is_dead(fresh, client, token)


@pytest.mark.spec("RFC 7662", "4")
def test_a_token_from_the_future_is_not_active_yet(fresh: InProcessServer) -> None:
    client = fresh.register()
    fresh.clock.advance(3600)
    token = fresh.token(client)
    fresh.clock.advance(-60)
    assert not is_dead(fresh, client, token)  # clocks of two processes may differ a little
    fresh.clock.advance(-1)

    assert is_dead(fresh, client, token)


@pytest.mark.spec("RFC 7662", "4")
def test_a_revoked_token_is_inactive(fresh: InProcessServer) -> None:
    client = fresh.register()
    token = fresh.token(client)
    fresh.revoke(client, token)

    assert is_dead(fresh, client, token)


@pytest.mark.spec("RFC 7662", "4")
def test_a_token_dies_with_its_application_and_its_organization(fresh: InProcessServer) -> None:
    environment, watcher = fresh.environment(), resource_server(fresh)
    client = fresh.register()
    token, app_id = fresh.token(client), client.application.id

    for enabled in (False, True):
        applications.set_enabled(
            environment.context, OPERATOR, app_id, enabled=enabled, org_id=None
        )
        assert is_dead(fresh, watcher, token)
    token = fresh.token(client)  # in the very millisecond of the enabling
    assert not is_dead(fresh, watcher, token)
    for suspended in (True, False):
        org_id = client.application.org_id
        organizations.set_suspended(environment.context, OPERATOR, org_id, suspended=suspended)
        assert is_dead(fresh, watcher, token)
    token = fresh.token(client)
    assert not is_dead(fresh, watcher, token)
    applications.delete(environment.context, OPERATOR, app_id, None)
    assert is_dead(fresh, watcher, token)


@pytest.mark.spec("RFC 7662", "4")
def test_voided_tokens_are_inactive(fresh: InProcessServer) -> None:
    client = fresh.register()
    token = fresh.token(client)
    applications.void_tokens(fresh.environment().context, OPERATOR, client.application.id, None)

    assert is_dead(fresh, client, token)


@pytest.mark.spec("RFC 7662", "2.2")
@pytest.mark.spec("RFC 7662", "4")
def test_a_caller_sees_the_tokens_of_its_organization_and_no_others(stand: InProcessServer) -> None:
    client = stand.register()
    token = stand.token(client)

    assert stand.is_active(stand.register(beside=client), token)
    assert stand.introspect(stand.register(), token).content == INACTIVE


@pytest.mark.spec("RFC 7662", "2.1")
def test_a_resource_server_sees_the_tokens_of_its_environment_alone(stand: InProcessServer) -> None:
    watcher, sandboxed = resource_server(stand), stand.register(TEST)

    assert stand.is_active(watcher, stand.token(stand.register()))
    of_the_sandbox = stand.token(sandboxed, TEST)
    assert stand.introspect(watcher, of_the_sandbox).content == INACTIVE
    assert stand.is_active(sandboxed, of_the_sandbox, TEST)


@pytest.mark.spec("RFC 7662", "4")
def test_a_token_that_was_tampered_with_is_inactive(stand: InProcessServer, client: Client) -> None:
    token = stand.token(client)
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
        token[:69] + stand.token(client)[69:],  # in the middle of the random part
        token[:-1] + ("0" if token[-1] != "0" else "1"),
    }

    for each in tampered:
        assert stand.introspect(client, each).content == INACTIVE
    assert stand.is_active(client, token)


@pytest.mark.spec("RFC 7662", "4")
def test_a_token_sealed_with_a_strangers_key_is_inactive(
    stand: InProcessServer, client: Client
) -> None:
    environment = stand.environment()
    claims = decode(stand.token(client), environment.keys.sealing)
    stranger = OpaqueTokenKey(environment.mode, environment.keys.seal.id, b"s" * 32)

    assert claims
    assert stand.introspect(client, encode(claims, stranger)).content == INACTIVE
    assert stand.is_active(client, encode(claims, environment.keys.seal))


@pytest.mark.spec("RFC 9068", "3")
def test_an_audience_of_several_is_told_as_a_list(stand: InProcessServer, client: Client) -> None:
    environment = stand.environment()
    claims = decode(stand.token(client), environment.keys.sealing)
    assert claims
    audience = ("https://a.example/", "https://b.example/")
    token = encode(claims._replace(audience=audience), environment.keys.seal)

    assert stand.introspect(client, token).json()["aud"] == list(audience)


@pytest.mark.spec("RFC 7662", "4")
def test_what_is_recalled_of_a_token_ends_when_the_token_does(fresh: InProcessServer) -> None:
    by = resource_server(fresh)
    ends: dict[str, Callable[[Client, str], object]] = {
        "revoked": fresh.revoke,
        "voided": lambda client, _: applications.void_tokens(
            fresh.environment().context, OPERATOR, client.application.id, None
        ),
        "expired": lambda _, __: fresh.clock.advance(36000),
    }
    for name, end in ends.items():
        client = fresh.register()
        token = fresh.token(client)
        assert [fresh.is_active(by, token) for _ in range(3)] == [True] * 3
        end(client, token)
        fresh.environment().catch_up()
        assert [is_dead(fresh, by, token) for _ in range(2)] == [True] * 2, name


@pytest.mark.spec("RFC 7662", "4")
def test_what_is_recalled_of_a_token_ends_with_its_key(fresh: InProcessServer) -> None:
    client = fresh.register()
    token = fresh.token(client)
    environment = fresh.environment()
    assert fresh.is_active(client, token)
    rotate(environment.context, environment.purposes, OPERATOR, at_once=True)

    assert is_dead(fresh, client, token)
    assert fresh.is_active(client, fresh.token(client))


@pytest.mark.spec("RFC 7662", "2.1")
def test_a_caller_that_is_recalled_must_still_be_right(fresh: InProcessServer) -> None:
    client, other = fresh.register(), fresh.register()
    token = fresh.token(client)
    assert fresh.is_active(client, token)

    def ask(**more: str) -> tuple[int, str]:
        return refused(fresh.post(INTROSPECT, by=client, data={"token": token} | more))

    assert ask(client_id=other.client_id) == (400, "invalid_request")
    assert ask(client_secret="x") == (400, "invalid_request")
    assert ask(client_assertion="x") == (400, "invalid_request")
    environment = fresh.environment()
    app_id = client.application.id
    applications.set_enabled(environment.context, OPERATOR, app_id, enabled=False, org_id=None)
    environment.catch_up()
    assert ask() == (401, "invalid_client")


def claims_of(client: Client, stand: InProcessServer) -> Claims:
    now = int(stand.clock() * 1000)
    return Claims(client.application.id, b"0123456789abcdef", now, 3600, "read", ())


@pytest.mark.spec("RFC 7662", "2.2")
def test_a_token_of_another_issuer_is_inactive_however_long(
    stand: InProcessServer, client: Client
) -> None:
    for length in (5_000, 16_384):
        assert stand.introspect(client, "x" * length).content == INACTIVE
    assert refused(stand.introspect(client, "x" * 16_385)) == (400, "invalid_request")
