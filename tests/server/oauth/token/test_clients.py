"""The token endpoint: who may have a token, and what everybody else hears."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from uuid import uuid4

import pytest
from structlog.testing import capture_logs

from gatepass.server.domain import organization_lifecycle
from gatepass.server.domain.applications import operations as applications
from gatepass.server.domain.applications import store
from gatepass.server.domain.applications.model import ApplicationSecret
from gatepass.server.domain.applications.secrets import operations as secret_operations
from gatepass.server.domain.audit.model import OPERATOR
from gatepass.wire import basic as wire_basic
from gatepass.wire.credential import Kind, Mode, mint
from gatepass.wire.metadata import TOKEN
from gatepass.wire.secret import Secret
from server.fixtures import GRANT, TEST, Client, InProcessServer, basic, raw_basic, refused, whole
from wire.samples import octets

WRONG = Secret(mint(Kind.CLIENT_SECRET, Mode.LIVE, b"wrong!" * 4))
CHALLENGE = 'Basic realm="http://localhost:8000"'


def ask(server: InProcessServer, authorization: str, **form: str) -> tuple[int, str]:
    headers = {"Authorization": authorization}
    return refused(server.post(TOKEN, data=GRANT | form, headers=headers))


def disabled(server: InProcessServer) -> Client:
    client = server.register()
    app_id = client.application.id
    server.token(client)
    applications.set_enabled(
        server.environment().context, OPERATOR, app_id, enabled=False, org_id=None
    )
    return client


def suspended(server: InProcessServer) -> Client:
    client = server.register()
    server.token(client)
    org_id = client.application.org_id
    organization_lifecycle.set_suspended(
        server.environment().context, OPERATOR, org_id, suspended=True
    )
    return client


def deleted(server: InProcessServer) -> Client:
    client = server.register()
    server.token(client)
    applications.delete(server.environment().context, OPERATOR, client.application.id, None)
    return client


def rotated_away(server: InProcessServer) -> Client:
    client = server.register()
    server.token(client)
    context, now = server.environment().context, timedelta(0)
    secret_operations.rotate(context, OPERATOR, client.application.id, now, None)
    return client


def wrong_secret(server: InProcessServer) -> Client:
    return server.register().having(WRONG)


def unknown(server: InProcessServer) -> Client:
    client = server.register()
    other_id = mint(Kind.CLIENT_ID, Mode.LIVE, b"nobody" * 2)
    return client._replace(application=replace(client.application, client_id=other_id))


def not_even_an_id(server: InProcessServer) -> Client:
    client = server.register()
    return client._replace(application=replace(client.application, client_id="nobody"))


def of_the_sandbox(server: InProcessServer) -> Client:
    return server.register(TEST)


@pytest.mark.spec("RFC 6749", "2.3.1")
def test_basic_authenticates(server: InProcessServer, client: Client) -> None:
    assert server.ask(client).status_code == 200


@pytest.mark.spec("RFC 6749", "2.3.1")
@pytest.mark.spec("OAuth 2.1", "2.4.1")
def test_credentials_in_the_body_authenticate(server: InProcessServer, client: Client) -> None:
    assert server.post(TOKEN, data=GRANT | client.body).status_code == 200
    assert server.post(TOKEN, json=GRANT | client.body).status_code == 200


@pytest.mark.spec("RFC 6749", "2.3.1")
@pytest.mark.parametrize("scheme", ["basic", "BASIC", "bAsIc"])
def test_the_scheme_is_known_in_any_case(
    server: InProcessServer, client: Client, scheme: str
) -> None:
    _, _, credentials = basic(client.client_id, client.secret.value).partition(" ")
    answer = server.post(TOKEN, data=GRANT, headers={"Authorization": f"{scheme} {credentials}"})

    assert answer.status_code == 200


@pytest.mark.spec("RFC 6749", "2.3.1")
def test_every_character_may_come_percent_encoded(server: InProcessServer, client: Client) -> None:
    def encoded(text: str) -> str:
        return "".join(f"%{ord(char):02X}" for char in text)

    joined = f"{encoded(client.client_id)}:{encoded(client.secret.value)}".encode()
    answer = server.post(TOKEN, data=GRANT, headers={"Authorization": raw_basic(joined)})

    assert answer.status_code == 200


@pytest.mark.spec("RFC 6749", "2.3.1")
@pytest.mark.parametrize("odd", [" %&+", "an:identifier", "s+e c%r/e=t&x~", ":", "\u00e4\u20ac"])
def test_odd_ids_and_secrets_work_when_encoded(fresh_server: InProcessServer, odd: str) -> None:
    client = fresh_server.register()
    own = Secret(odd)
    with fresh_server.environment().database.write() as connection:
        store.change(connection, client.application.id, {"client_id": odd})
        new = ApplicationSecret(uuid4(), own.digest(), odd[-4:], fresh_server.environment().now())
        store.add_secret(connection, client.application.id, new)
    fresh_server.environment().applications.load(odd)

    header = {"Authorization": wire_basic.write(odd, own)}
    assert fresh_server.post(TOKEN, data=GRANT, headers=header).status_code == 200
    in_body = {"client_id": odd, "client_secret": odd}
    assert fresh_server.post(TOKEN, data=GRANT | in_body).status_code == 200
    wrong = {"Authorization": wire_basic.write(odd, Secret(odd + " "))}
    assert fresh_server.post(TOKEN, data=GRANT, headers=wrong).status_code == 401


@pytest.mark.spec("RFC 6749", "2.3.1")
@pytest.mark.parametrize("name", octets("malformed_basic"))
def test_malformed_basic_is_a_clear_refusal_and_never_another_client(
    server: InProcessServer, name: str
) -> None:
    credentials = octets("malformed_basic")[name]
    header = {b"Authorization": b"Basic " + credentials}
    answer = server.post(TOKEN, data=GRANT, headers=header)

    assert refused(answer) in {(400, "invalid_request"), (401, "invalid_client")}


@pytest.mark.spec("RFC 6749", "2.3")
def test_two_ways_of_authentication_in_one_request_are_refused(
    server: InProcessServer, client: Client
) -> None:
    header = basic(client.client_id, client.secret.value)
    secret = client.secret.value
    assertion = {"client_assertion": "x.y.z", "client_assertion_type": "urn:x"}

    assert ask(server, header, client_secret=secret) == (400, "invalid_request")
    assert ask(server, header, **client.body) == (400, "invalid_request")
    assert ask(server, header, **assertion) == (400, "invalid_request")
    both = server.post(TOKEN, data=GRANT | client.body | assertion)
    assert refused(both) == (400, "invalid_request")


@pytest.mark.spec("RFC 6749", "2.3")
def test_an_assertion_does_not_authenticate_a_client_that_has_a_secret(
    server: InProcessServer, client: Client
) -> None:
    assertion = {"client_assertion": "x.y.z", "client_assertion_type": "urn:x"}
    answer = server.post(TOKEN, data=GRANT | assertion | {"client_id": client.client_id})

    assert refused(answer) == (401, "invalid_client")


@pytest.mark.spec("RFC 6749", "2.3.1")
def test_basic_may_come_with_the_same_client_id_and_with_no_other(
    server: InProcessServer, client: Client
) -> None:
    other = server.register()

    assert server.ask(client, client_id=client.client_id).status_code == 200
    assert refused(server.ask(client, client_id=other.client_id)) == (400, "invalid_request")


@pytest.mark.spec("RFC 6749", "5.2")
@pytest.mark.spec("ASVS", "6.3.8")
@pytest.mark.parametrize(
    "impostor",
    [
        unknown,
        not_even_an_id,
        disabled,
        suspended,
        deleted,
        rotated_away,
        of_the_sandbox,
    ],
)
def test_whoever_is_not_authenticated_gets_the_answer_to_a_wrong_secret(
    server: InProcessServer, impostor: Callable[[InProcessServer], Client]
) -> None:
    wrong, other = wrong_secret(server), impostor(server)

    assert whole(server.ask(other)) == whole(server.ask(wrong))
    in_body = [server.post(TOKEN, data=GRANT | each.body) for each in (other, wrong)]
    assert whole(in_body[0]) == whole(in_body[1])
    assert refused(in_body[0]) == refused(server.ask(other)) == (401, "invalid_client")


@pytest.mark.spec("RFC 6749", "5.2")
def test_a_failed_header_is_challenged_and_a_failed_body_is_not(server: InProcessServer) -> None:
    wrong = server.register().having(WRONG)

    assert server.ask(wrong).headers["www-authenticate"] == CHALLENGE
    in_body = server.post(TOKEN, data=GRANT | wrong.body)
    in_json = server.post(TOKEN, json=GRANT | wrong.body)
    id_alone = server.post(TOKEN, data=GRANT | {"client_id": wrong.client_id})
    for answer in (in_body, in_json, id_alone):
        assert refused(answer) == (401, "invalid_client")
        assert "www-authenticate" not in answer.headers


@pytest.mark.spec("RFC 6749", "5.2")
@pytest.mark.parametrize("authorization", [None, "Bearer gpa_live_x", "Digest a=b", "Basic"])
def test_whoever_shows_nothing_or_something_else_is_told_of_basic(
    server: InProcessServer, authorization: str | None
) -> None:
    headers = {"Authorization": authorization} if authorization else None
    answer = server.post(TOKEN, data=GRANT, headers=headers)

    if authorization == "Basic":
        assert refused(answer) == (400, "invalid_request")
    else:
        assert refused(answer) == (401, "invalid_client")
        assert answer.headers["www-authenticate"] == CHALLENGE


@pytest.mark.spec("RFC 6749", "4.4")
@pytest.mark.spec("RFC 6749", "5.2")
@pytest.mark.parametrize(
    "changed", [{"client_type": "public"}, {"grant_type": "authorization_code"}]
)
def test_a_public_client_and_one_of_another_grant_get_no_token(
    fresh_server: InProcessServer, changed: dict[str, str]
) -> None:
    client = fresh_server.register()
    with fresh_server.environment().database.write() as connection:
        store.change(connection, client.application.id, changed)

    assert refused(fresh_server.ask(client)) == (400, "unauthorized_client")


@pytest.mark.spec("RFC 6749", "5.2")
def test_a_sandbox_credential_in_production_is_recognised_in_the_log_alone(
    server: InProcessServer,
) -> None:
    sandboxed = server.register(TEST)
    with capture_logs() as logged:
        answer = server.ask(sandboxed)

    assert refused(answer) == (401, "invalid_client")
    assert "sandbox" not in answer.text
    assert [event["reason"] for event in logged] == ["sandbox client id on production"]
    assert sandboxed.secret.value not in str(logged)
    assert server.ask(sandboxed, TEST).status_code == 200


@pytest.mark.spec("RFC 6749", "5.2")
def test_a_sandbox_secret_for_a_production_client_is_recognised_for_its_owner(
    fresh_server: InProcessServer,
) -> None:
    client = fresh_server.register()
    mixed_up = client.having(fresh_server.register(TEST).secret)
    with capture_logs() as logged:
        assert refused(fresh_server.ask(mixed_up)) == (401, "invalid_client")

    assert logged[0]["reason"] == "sandbox secret on production"
    assert logged[0]["client_id"] == client.client_id


@pytest.mark.spec("ASVS", "16.2.5")
def test_no_refusal_logs_a_secret(server: InProcessServer) -> None:
    client = wrong_secret(server)
    with capture_logs() as logged:
        server.ask(client)
        server.post(TOKEN, data=GRANT | client.body)
        server.post(TOKEN, data={**client.body, "scope": "x"}, headers={"Authorization": "Basic x"})

    assert len(logged) == 3
    assert client.secret.value not in str(logged)
