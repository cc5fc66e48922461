"""Client authentication by a signed assertion (RFC 7523), at each endpoint that takes one."""

import json
import threading
import time
from base64 import b64encode
from datetime import timedelta
from pathlib import Path

import pytest
from httpx2 import Response
from sqlalchemy import func, select

from gatepass.jose.keys.private_key import PrivateKey
from gatepass.server.domain.applications import operations as applications
from gatepass.server.domain.applications.keys import operations as keys
from gatepass.server.domain.applications.keys.model import KeySetting
from gatepass.server.domain.applications.keys.used.ledger import Ledger
from gatepass.server.domain.applications.keys.used.store import used_assertions
from gatepass.server.domain.applications.networks import check_networks
from gatepass.server.domain.audit.model import OPERATOR
from gatepass.server.domain.usage import store as usage
from gatepass.server.domain.usage.model import Refusal
from gatepass.server.environment import maintenance
from gatepass.server.tokens.assertion import client_id_of, read
from gatepass.wire.metadata import AUTHORIZATION_SERVER, INTROSPECT, REVOCATIONS, REVOKE, TOKEN
from server.assertions import KeyClient, with_key
from server.fixtures import (
    INTROSPECTION,
    LIVE,
    TEST,
    URL,
    InProcessServer,
    open_passive_server,
    refused,
    whole,
)

SPEC = pytest.mark.spec("RFC 7523", "3")
GRANT = {"grant_type": "client_credentials"}
NONE = "eyJhbGciOiJub25lIn0.e30."
STRANGER = PrivateKey.generate("ES256")


def ask(server: InProcessServer, by: KeyClient, text: str = "", **more: str) -> Response:
    return server.post(TOKEN, by.mode, data=GRANT | by.form(text, **more))


def reason(server: InProcessServer, by: KeyClient) -> str:
    """Return why the client was refused last, as its owner sees it."""
    environment = server.environment(by.mode)
    found: list[Refusal] = []
    until = time.monotonic() + 30
    while not found and time.monotonic() < until:  # the server's thread may be writing it just now
        maintenance.flush(environment)
        with environment.database.read() as connection:
            found = usage.recent(connection, by.client.application.id)
    return found[0].kind.reason


@pytest.fixture(scope="module")
def key_client(server: InProcessServer) -> KeyClient:
    return with_key(server)


@pytest.mark.spec("RFC 7521", "4.2")
@pytest.mark.spec("RFC 7523", "2.2")
@pytest.mark.parametrize(
    "alg", ["ES256", "ES384", "ES512", "Ed25519", "PS256", "PS384", "PS512", "RS256"]
)
def test_a_client_gets_a_token_for_an_assertion_by_each_algorithm(
    server: InProcessServer, alg: str
) -> None:
    by = with_key(server, alg=alg)

    answer = ask(server, by)

    assert answer.status_code == 200, answer.text
    assert set(answer.json()) == {"access_token", "expires_in", "token_type", "scope"}


@pytest.mark.spec("RFC 9864", "2.2")
def test_the_old_name_of_ed25519_is_accepted(server: InProcessServer) -> None:
    by = with_key(server, alg="Ed25519")

    assert ask(server, by, by.assertion({"alg": "EdDSA"})).status_code == 200


@SPEC
@pytest.mark.parametrize(
    "header",
    [
        {"typ": None},
        {"typ": "client-authentication+jwt"},
        {"typ": "application/client-authentication+jwt"},
        {"kid": None},
        {"x5t": "AAAA"},
    ],
    ids=str,
)
def test_headers_that_clients_send_are_accepted(
    server: InProcessServer, key_client: KeyClient, header: dict[str, object]
) -> None:
    assert ask(server, key_client, key_client.assertion(header)).status_code == 200


@SPEC
def test_the_client_id_may_be_sent_as_well_and_must_be_the_same(
    server: InProcessServer, key_client: KeyClient
) -> None:
    own = key_client.client.client_id

    assert ask(server, key_client, client_id=own).status_code == 200
    assert refused(ask(server, key_client, client_id="other")) == (400, "invalid_request")


def test_secret_and_key_work_beside_each_other(
    server: InProcessServer, key_client: KeyClient
) -> None:
    assert server.ask(key_client.client).status_code == 200
    assert ask(server, key_client).status_code == 200


WRONG: dict[str, tuple[dict[str, object], dict[str, object], str]] = {
    "a signature of another key": ({}, {}, "wrong_key"),
    "a key that is not registered": ({"kid": "other"}, {}, "unknown_key"),
    "no issuer": ({}, {"iss": None}, "assertion_malformed"),
    "another issuer": ({}, {"iss": "other"}, "assertion_malformed"),
    "no audience": ({}, {"aud": None}, "assertion_audience"),
    "another audience": ({}, {"aud": "https://other.example"}, "assertion_audience"),
    "the other environment's": ({}, {"aud": URL[TEST]}, "assertion_audience"),
    "the token endpoint": ({}, {"aud": URL[LIVE] + TOKEN}, "assertion_audience"),
    "a list": ({}, {"aud": [URL[LIVE]]}, "assertion_audience"),
    "a slash": ({}, {"aud": URL[LIVE] + "/"}, "assertion_audience"),
    "no exp": ({}, {"exp": None}, "assertion_malformed"),
    "an exp of text": ({}, {"exp": "9999999999"}, "assertion_malformed"),
    "an exp in the past": ({}, {"exp": -1}, "assertion_clock"),
    "an exp too far": ({}, {"exp": 601}, "assertion_lifetime"),
    "an iat in the future": ({}, {"iat": 61}, "assertion_clock"),
    "an nbf in the future": ({}, {"nbf": 61}, "assertion_clock"),
    "no jti": ({}, {"jti": None}, "assertion_malformed"),
    "an empty jti": ({}, {"jti": ""}, "assertion_malformed"),
    "a long jti": ({}, {"jti": "a" * 257}, "assertion_malformed"),
    "a jti of another type": ({}, {"jti": 1}, "assertion_malformed"),
    "an access token's type": ({"typ": "at+jwt"}, {}, "assertion_malformed"),
    "a proof's type": ({"typ": "dpop+jwt"}, {}, "assertion_malformed"),
}


@SPEC
@pytest.mark.spec("RFC 6749", "5.2")
@pytest.mark.parametrize(("header", "claims", "expected"), WRONG.values(), ids=WRONG.keys())
def test_a_wrong_assertion_is_refused_alike_and_its_owner_reads_why(
    server: InProcessServer,
    header: dict[str, object],
    claims: dict[str, object],
    expected: str,
) -> None:
    by = with_key(server)
    times = {
        name: by.now + value
        for name, value in claims.items()
        if name in {"exp", "iat", "nbf"} and isinstance(value, int)
    }
    signer = STRANGER if expected == "wrong_key" else None
    unknown = by._replace(client=server.register(TEST))

    answer = ask(server, by, by.assertion(header, signer, **{**claims, **times}))

    assert refused(answer) == (401, "invalid_client")
    assert "www-authenticate" not in answer.headers
    assert whole(answer) == whole(ask(server, unknown))
    assert reason(server, by) == expected


@SPEC
@pytest.mark.parametrize("text", ["", "a", "a.b.c", "....", "é", "a" * 4000, NONE])
def test_what_is_no_assertion_is_refused(server: InProcessServer, text: str) -> None:
    by = with_key(server)
    form = GRANT | by.form("x", client_id=by.client.client_id) | {"client_assertion": text}

    answer = server.post(TOKEN, data=form)

    assert answer.status_code in {400, 401}
    assert answer.json()["error"] in {"invalid_client", "invalid_request"}


@pytest.mark.spec("RFC 7521", "4.2")
@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"client_assertion_type": None}, (400, "invalid_request")),
        ({"client_assertion": None}, (400, "invalid_request")),
        ({"client_assertion_type": "urn:other"}, (401, "invalid_client")),
        ({"client_secret": "secret"}, (400, "invalid_request")),
    ],
    ids=str,
)
def test_an_assertion_comes_with_its_type_and_alone(
    server: InProcessServer,
    key_client: KeyClient,
    change: dict[str, str | None],
    expected: tuple[int, str],
) -> None:
    form = {**GRANT, **key_client.form(), **change}
    sent = {name: value for name, value in form.items() if value is not None}

    assert refused(server.post(TOKEN, data=sent)) == expected


@pytest.mark.spec("RFC 6749", "2.3")
def test_basic_and_an_assertion_are_two_ways(
    server: InProcessServer, key_client: KeyClient
) -> None:
    answer = server.post(TOKEN, by=key_client.client, data=GRANT | key_client.form())

    assert refused(answer) == (400, "invalid_request")


@pytest.mark.parametrize("subject", ["\ud800", "\0", "a\0b", "gpc_live_\udfff", "a\nb", "\x7f"])
def test_a_subject_that_no_client_id_can_be_is_refused_as_an_unknown_one(
    fresh_server: InProcessServer, subject: str
) -> None:
    """Half a surrogate pair cannot be encoded, and PostgreSQL takes no zero byte."""
    fresh_server.environment().state.has_imported = True  # so that any text may be a client id
    by = with_key(fresh_server)
    forged = by.assertion(sub=subject, iss=subject)

    answer = ask(fresh_server, by, forged)

    assert client_id_of(read(forged)) == ""
    assert whole(answer) == whole(ask(fresh_server, by, by.assertion(sub="other", iss="other")))
    assert refused(answer) == (401, "invalid_client")


@SPEC
def test_an_assertion_is_accepted_once(server: InProcessServer) -> None:
    by = with_key(server)
    text = by.assertion()

    assert ask(server, by, text).status_code == 200
    assert refused(ask(server, by, text)) == (401, "invalid_client")
    assert reason(server, by) == "assertion_replayed"


@SPEC
def test_a_jti_is_accepted_once_though_the_rest_is_another(server: InProcessServer) -> None:
    by, other = with_key(server), with_key(server)

    assert ask(server, by, by.assertion(jti="one")).status_code == 200
    assert ask(server, by, by.assertion(jti="one", exp=by.now + 500)).status_code == 401
    assert ask(server, other, other.assertion(jti="one")).status_code == 200


@SPEC
def test_an_assertion_is_accepted_once_by_all_workers_and_after_a_restart(
    fresh_server: InProcessServer,
) -> None:
    by = with_key(fresh_server)
    text = by.assertion()
    assert ask(fresh_server, by, text).status_code == 200

    environment = fresh_server.environment()
    environment.admissions.used = Ledger(environment.database, environment.clock)  # as another has

    assert refused(ask(fresh_server, by, text)) == (401, "invalid_client")
    assert reason(fresh_server, by) == "assertion_replayed"


def test_of_many_requests_at_once_with_one_assertion_one_gets_a_token(
    server: InProcessServer,
) -> None:
    by = with_key(server)
    text, found = by.assertion(), []
    threads = [
        threading.Thread(target=lambda: found.append(ask(server, by, text).status_code))
        for _ in range(8)
    ]
    for each in threads:
        each.start()
    for each in threads:
        each.join()

    assert sorted(found) == [200, *[401] * 7]


def test_while_the_database_is_away_this_process_remembers(fresh_server: InProcessServer) -> None:
    by = with_key(fresh_server)
    assert ask(fresh_server, by).status_code == 200
    fresh_server.lose_database()
    text = by.assertion()

    first, second = ask(fresh_server, by, text), ask(fresh_server, by, text)

    assert first.status_code == 200, first.text
    assert second.status_code == 503  # a client's first refusal costs a look-up, as a secret's does


def test_used_assertions_are_deleted_once_they_have_expired(fresh_server: InProcessServer) -> None:
    by, environment = with_key(fresh_server), fresh_server.environment()
    for _ in range(3):
        assert ask(fresh_server, by).status_code == 200

    def rows() -> int:
        with environment.database.read() as connection:
            query = select(func.count()).select_from(used_assertions)
            return connection.execute(query).scalar_one()

    maintenance.prune_assertions(environment)
    before = rows()
    fresh_server.clock.advance(121)
    maintenance.prune_assertions(environment)

    assert (before, rows()) == (3, 0)


@SPEC
def test_an_application_may_be_allowed_an_older_audience(server: InProcessServer) -> None:
    by = with_key(server)
    app_id, context = by.client.application.id, server.environment().context
    keys.change_setting(context, OPERATOR, app_id, None, KeySetting(legacy_audience=True))
    issuer = server.environment().issuer

    for audience in (issuer + TOKEN, [issuer], ["x", issuer + TOKEN.rstrip("/")], issuer):
        assert ask(server, by, by.assertion(aud=audience)).status_code == 200
    wrong: list[object] = ["https://other.example", ["x"], [], {"aud": issuer}, None, 1]
    for other in wrong:
        assert ask(server, by, by.assertion(aud=other)).status_code == 401


def test_an_older_audience_may_be_an_alias_of_the_endpoint(tmp_path: Path) -> None:
    """An assertion for the address of the system that was there before names that address."""
    aliases = {"token": ["/o/token/"], "revocation": ["/o/revoke_token/"]}
    with open_passive_server(tmp_path / "data", path_aliases=aliases) as server:
        by, context = with_key(server), server.environment().context
        app_id = by.client.application.id

        def answers() -> list[int]:
            server.environment().catch_up()
            paths = ("/o/token/", "/o/token", "/o/revoke_token/", "/o/other/")
            texts = [by.assertion(aud=server.environment().issuer + each) for each in paths]
            return [
                server.post("/o/token/", data=GRANT | by.form(each)).status_code for each in texts
            ]

        assert answers() == [401] * 4
        keys.change_setting(context, OPERATOR, app_id, None, KeySetting(legacy_audience=True))
        assert answers() == [200, 200, 200, 401]


def test_a_revoked_key_is_refused_at_once_and_other_keys_are_not(server: InProcessServer) -> None:
    first = with_key(server)
    second = with_key(server, first.client)
    context, app = server.environment().context, first.client.application
    assert ask(server, first).status_code == ask(server, second).status_code == 200
    listed, _ = keys.of_application(context, app)

    revoked = next(each for each in listed if each.key.kid == first.key.kid)
    keys.revoke(context, OPERATOR, app.id, revoked.id, None)

    assert ask(server, first).status_code == 401
    assert reason(server, first) == "unknown_key"
    assert ask(server, second).status_code == 200


def test_a_key_that_has_ended_is_refused(fresh_server: InProcessServer) -> None:
    end = fresh_server.environment().now() + timedelta(minutes=5)
    by = with_key(fresh_server, expires_at=end)
    assert ask(fresh_server, by).status_code == 200

    fresh_server.clock.advance(300)
    later = by._replace(now=by.now + 300)

    assert ask(fresh_server, later).status_code == 401
    assert reason(fresh_server, later) == "expired_key"


def test_a_disabled_application_and_a_foreign_network_are_refused(server: InProcessServer) -> None:
    by, context = with_key(server), server.environment().context
    app_id = by.client.application.id
    networks = check_networks("203.0.113.0/24")
    applications.change(context, OPERATOR, app_id, None, networks=networks)
    assert ask(server, by).status_code == 401
    assert reason(server, by) == "network"
    other = with_key(server)
    app_id = other.client.application.id
    applications.set_enabled(context, OPERATOR, app_id, enabled=False, org_id=None)
    assert ask(server, other).status_code == 401
    assert reason(server, other) == "disabled"


@pytest.mark.spec("RFC 7009", "2.1")
@pytest.mark.spec("RFC 7662", "2.1")
def test_a_client_introspects_and_revokes_its_token_with_assertions(
    server: InProcessServer, key_client: KeyClient
) -> None:
    token = ask(server, key_client).json()["access_token"]

    def is_active() -> bool:
        answer = server.post(INTROSPECT, data=key_client.form(token=token))
        assert answer.status_code == 200, answer.text
        return bool(answer.json()["active"])

    before = is_active()
    text = key_client.assertion()
    revoked = server.post(REVOKE, data=key_client.form(text, token=token))

    assert (before, revoked.status_code, is_active()) == (True, 200, False)
    assert server.post(REVOKE, data=key_client.form(text, token=token)).status_code == 401
    assert server.post(INTROSPECT, data=key_client.form(text, token=token)).status_code == 401


def test_the_feed_takes_an_assertion_in_a_form(server: InProcessServer) -> None:
    reader = with_key(server, server.register(scope=INTROSPECTION, allowed=INTROSPECTION))
    other = with_key(server)

    first = server.post(REVOCATIONS, data=reader.form())

    assert first.status_code == 200, first.text
    cursor = first.json()["cursor"]
    assert server.post(REVOCATIONS, data=reader.form(cursor=cursor)).status_code == 200
    assert server.post(REVOCATIONS, data=other.form()).status_code == 403


@pytest.mark.spec("RFC 8414", "2")
def test_the_metadata_names_the_method_and_its_algorithms(server: InProcessServer) -> None:
    told = server.send("GET", AUTHORIZATION_SERVER).json()

    for name in ("token", "revocation", "introspection"):
        assert "private_key_jwt" in told[f"{name}_endpoint_auth_methods_supported"]
        named = told[f"{name}_endpoint_auth_signing_alg_values_supported"]
        assert {"ES256", "Ed25519", "EdDSA", "PS256", "RS256"} < set(named)
        assert "none" not in named
        assert not any(each.startswith("HS") for each in named)


def test_the_secret_is_not_rotated_by_a_key(server: InProcessServer, key_client: KeyClient) -> None:
    answer = server.post("/oauth2/rotate_secret/", data=key_client.form(action="status"))

    assert refused(answer) == (401, "invalid_client")


def test_the_last_use_of_a_key_is_known(server: InProcessServer) -> None:
    by = with_key(server)
    ask(server, by)
    maintenance.flush(server.environment())

    [key], _ = keys.of_application(server.environment().context, by.client.application)

    assert key.last_used_from == "192.0.2.7"
    assert key.last_used_at is not None


def test_no_assertion_is_in_a_log_or_an_error(
    server: InProcessServer, capsys: pytest.CaptureFixture[str]
) -> None:
    by = with_key(server)
    text = by.assertion(key=STRANGER)
    answer = ask(server, by, text)
    printed = capsys.readouterr()

    signature = text.rpartition(".")[2]
    assert signature not in answer.text + printed.out + printed.err + json.dumps(
        dict(answer.headers)
    )
    assert b64encode(text.encode()).decode() not in answer.text
