"""The token endpoint: what is granted, and the answer that carries it."""

import re

import pytest

from gatepass.server.tokens.opaque import decode
from gatepass.wire.credential import Kind, Mode, read
from gatepass.wire.metadata import INTROSPECT, PARTNER_API, REVOKE, TOKEN
from gatepass.wire.scope import Scope
from server.fixtures import FORM, GRANT, INTROSPECTION, LIVE, TEST, Client, InProcessServer, refused
from wire.samples import texts

API = "http://localhost:8000" + PARTNER_API


def about(server: InProcessServer, client: Client, token: str) -> dict[str, object]:
    told: dict[str, object] = server.introspect(client, token).json()
    return told


@pytest.mark.spec("RFC 6749", "5.1")
@pytest.mark.spec("RFC 6749", "4.4.3")
def test_the_answer_has_token_type_lifetime_and_scope_and_no_refresh_token(
    server: InProcessServer, client: Client
) -> None:
    answer = server.ask(client)
    body = answer.json()

    assert answer.status_code == 200
    assert body.pop("access_token").startswith("gpa_live_")
    assert body == {"expires_in": 36000, "token_type": "Bearer", "scope": "read write"}
    assert type(body["expires_in"]) is int


@pytest.mark.spec("RFC 6749", "5.1")
@pytest.mark.spec("ASVS", "3.4.4")
@pytest.mark.parametrize("path", [TOKEN, REVOKE, INTROSPECT])
@pytest.mark.parametrize("form", [GRANT, {"token": "x"}, {}])
@pytest.mark.parametrize("is_authenticated", [True, False])
def test_no_answer_is_kept_or_taken_for_a_page(
    server: InProcessServer,
    client: Client,
    path: str,
    form: dict[str, str],
    *,
    is_authenticated: bool,
) -> None:
    answer = server.post(path, by=client if is_authenticated else None, data=form)

    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["pragma"] == "no-cache"
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert isinstance(answer.json(), dict)


@pytest.mark.spec("RFC 6749", "5.2")
@pytest.mark.parametrize(
    ("form", "error"),
    [
        ({"scope": "read"}, "invalid_request"),
        ({"grant_type": ""}, "invalid_request"),
        ({"grant_type": "unheard-of"}, "unsupported_grant_type"),
        ({"grant_type": "password", "username": "anna", "password": "x"}, "unsupported_grant_type"),
        ({"grant_type": "implicit"}, "unsupported_grant_type"),
        ({"grant_type": "refresh_token", "refresh_token": "x"}, "unsupported_grant_type"),
        ({**GRANT, "scope": "admin"}, "invalid_scope"),
        ({**GRANT, "scope": "Read"}, "invalid_scope"),
        ({**GRANT, "resource": "https://api.example.com/"}, "invalid_target"),
    ],
)
def test_what_cannot_be_granted_is_refused_by_its_own_code(
    server: InProcessServer, client: Client, form: dict[str, str], error: str
) -> None:
    assert refused(server.post(TOKEN, by=client, data=form)) == (400, error)


@pytest.mark.spec("RFC 6749", "3.3")
@pytest.mark.parametrize("scope", ["read", "write", "write read", "read write"])
def test_scope_may_be_narrowed_in_any_order_and_is_always_told(
    server: InProcessServer, client: Client, scope: str
) -> None:
    for _ in range(2):  # the second time from memory
        body = server.ask(client, scope=scope).json()

        assert body["scope"] == scope
        assert about(server, client, body["access_token"])["scope"] == scope


@pytest.mark.spec("RFC 6749", "3.3")
@pytest.mark.parametrize("name", texts("malformed_scopes"))
def test_malformed_scope_is_refused(server: InProcessServer, client: Client, name: str) -> None:
    answer = server.post(TOKEN, by=client, json=GRANT | {"scope": texts("malformed_scopes")[name]})

    assert refused(answer) in {(400, "invalid_scope"), (400, "invalid_request")}


@pytest.mark.spec("ASVS", "10.4.11")
@pytest.mark.spec("RFC 9700", "2.3")
def test_a_client_gets_only_the_scope_that_it_was_registered_with(server: InProcessServer) -> None:
    reader = server.register(scope=Scope(("read",)))
    resource_server = server.register(scope=INTROSPECTION, allowed=INTROSPECTION)

    assert server.ask(reader).json()["scope"] == "read"
    assert refused(server.ask(reader, scope="write")) == (400, "invalid_scope")
    assert refused(server.ask(reader, scope="read write")) == (400, "invalid_scope")
    assert refused(server.ask(reader, scope="introspection")) == (400, "invalid_scope")
    assert server.ask(resource_server).json()["scope"] == "introspection"


@pytest.mark.spec("RFC 8707", "2")
@pytest.mark.spec("RFC 9068", "3")
def test_a_token_is_for_the_resource_that_was_asked_for(
    server: InProcessServer, client: Client
) -> None:
    asked = server.token(client, resource=API)
    unasked = server.token(client)

    assert about(server, client, asked)["aud"] == about(server, client, unasked)["aud"] == API


@pytest.mark.spec("RFC 8707", "2")
def test_a_resource_that_is_repeated_a_hundred_times_makes_a_short_and_good_token(
    server: InProcessServer, client: Client
) -> None:
    body = "&".join(["grant_type=client_credentials", *[f"resource={API}"] * 99])
    answer = server.post(TOKEN, by=client, content=body, headers={"Content-Type": FORM})

    assert answer.status_code == 200
    assert about(server, client, answer.json()["access_token"])["aud"] == API


@pytest.mark.spec("RFC 8707", "2")
@pytest.mark.parametrize("name", texts("token/refused_resources"))
def test_a_malformed_or_unknown_resource_is_refused(
    server: InProcessServer, client: Client, name: str
) -> None:
    resource = texts("token/refused_resources")[name]

    assert refused(server.ask(client, resource=resource)) == (400, "invalid_target")


@pytest.mark.spec("RFC 6749", "10.10")
def test_tokens_are_never_the_same_and_have_128_random_bits(
    server: InProcessServer, client: Client
) -> None:
    keys = server.environment().keys.opaque_token_keys
    tokens = {server.token(client) for _ in range(200)}
    claims = [decode(token, keys) for token in tokens]

    assert len(tokens) == 200
    assert len({each.token_id for each in claims if each}) == 200
    assert all(len(each.token_id) == 16 for each in claims if each)
    ones = sum(int.from_bytes(each.token_id).bit_count() for each in claims if each)
    assert 0.45 < ones / (200 * 128) < 0.55


@pytest.mark.spec("RFC 6749", "5.1")
def test_a_token_is_short_and_needs_no_encoding(server: InProcessServer, client: Client) -> None:
    token = server.token(client)

    assert len(token) < 250
    assert re.fullmatch(r"gpa_live_[0-9A-Za-z]+", token)


@pytest.mark.spec("RFC 6749", "5.1")
@pytest.mark.parametrize("lifetime", [60, 36000, 30 * 24 * 3600])
def test_the_lifetime_told_is_the_one_that_is_kept_to_the_second(
    fresh_server: InProcessServer, lifetime: int
) -> None:
    client = fresh_server.register(lifetime=lifetime)
    fresh_server.clock.advance(0.75)
    body = fresh_server.ask(client).json()

    assert body["expires_in"] == lifetime
    fresh_server.clock.advance(lifetime - 1)
    assert fresh_server.is_active(client, body["access_token"])
    fresh_server.clock.advance(1)
    assert not fresh_server.is_active(client, body["access_token"])


@pytest.mark.spec("RFC 9700", "4.15.1")
def test_client_ids_are_made_here_and_look_like_nothing_else(server: InProcessServer) -> None:
    ids = [server.register(mode).client_id for mode in (LIVE, TEST) for _ in range(3)]
    said = [read(client_id) for client_id in ids]

    assert len(set(ids)) == 6
    assert [each and each.kind for each in said] == [Kind.CLIENT_ID] * 6
    assert [each and each.mode for each in said] == [Mode.LIVE] * 3 + [Mode.TEST] * 3
    assert all(each and len(each.content) == 16 for each in said)


@pytest.mark.spec("ASVS", "11.5.1")
def test_secrets_have_256_random_bits_and_only_their_digest_is_kept(
    fresh_server: InProcessServer,
) -> None:
    clients = [fresh_server.register() for _ in range(20)]
    said = [read(each.secret.value) for each in clients]

    assert all(each and each.kind is Kind.CLIENT_SECRET for each in said)
    assert all(each and len(each.content) == 32 for each in said)
    assert len({each.secret.value for each in clients}) == 20
    fresh_server.environment().database.close()
    files = b"".join(
        file.read_bytes()
        for file in fresh_server.data.iterdir()
        if file.name.startswith("production")
    )
    for each in clients:
        assert each.secret.digest() in files
        assert each.secret.value.encode() not in files
        assert each.secret.value[9:].encode() not in files
