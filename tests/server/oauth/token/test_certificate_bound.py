"""Tokens that are bound to the certificate of their request (RFC 8705 §3)."""

from collections.abc import Iterator
from typing import Any

import pytest

from certificates import certificate
from gatepass.jose.x509.certificate import Certificate
from gatepass.server.domain.applications import operations as applications
from gatepass.server.domain.audit.model import OPERATOR
from gatepass.server.domain.catalogue import operations as catalogue
from gatepass.server.domain.catalogue.model import CataloguedScope
from gatepass.wire.metadata import INTROSPECT, TOKEN, VERIFY
from gatepass.wire.scope import Scope
from server.assertions import KeyClient, with_key
from server.fixtures import (
    GRANT,
    INTROSPECTION,
    Client,
    InProcessServer,
    open_server,
    refused,
)
from server.mutual_tls import GIVEN, ask, send, with_certificate

API = "https://api.example"
SHOWN, OTHER = certificate(), certificate()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[InProcessServer]:
    with open_server(tmp_path_factory.mktemp("bound") / "data", **GIVEN) as opened:
        context = opened.environment().context
        catalogue.add_resource(context, OPERATOR, API, "API", "jwt", "ES256")
        scope = CataloguedScope("meters", "Words", False, False, API)
        catalogue.add_scope(context, OPERATOR, scope)
        yield opened


def bound(server: InProcessServer, client: Client) -> Client:
    applications.change(
        server.environment().context,
        OPERATOR,
        client.application.id,
        None,
        tls_client_certificate_bound_access_tokens=True,
    )
    return client


@pytest.fixture(scope="module")
def client(server: InProcessServer) -> Client:
    both = Scope(("introspection", "meters"))
    owner = server.register(scope=both, allowed=both)
    return bound(server, with_certificate(server, owner, SHOWN)[0])


@pytest.fixture(scope="module")
def reader(server: InProcessServer) -> Client:
    return server.register(scope=INTROSPECTION, allowed=INTROSPECTION)


def cnf(server: InProcessServer, reader: Client, answer: Any) -> object:  # noqa: ANN401
    assert answer.status_code == 200, answer.text
    assert answer.json()["token_type"] == "Bearer"
    return server.introspect(reader, answer.json()["access_token"]).json()["cnf"]


@pytest.mark.spec("RFC 8705", "3.1")
@pytest.mark.spec("RFC 8705", "3.2")
@pytest.mark.parametrize("form", [{}, {"resource": API}], ids=["opaque", "jwt"])
def test_a_token_has_the_thumbprint_of_the_certificate(
    server: InProcessServer, client: Client, reader: Client, form: dict[str, Any]
) -> None:
    answer = ask(server, client, SHOWN, **form)

    assert cnf(server, reader, answer) == {"x5t#S256": SHOWN.thumbprint}


@pytest.mark.spec("RFC 8705", "3.4")
def test_a_secret_or_a_key_works_with_any_certificate_and_not_without(
    server: InProcessServer, client: Client, reader: Client
) -> None:
    by: KeyClient = with_key(server, client)
    for shown in (SHOWN, OTHER, SHOWN):  # in turn, as a grant is repeated from memory
        secret = send(server, "POST", TOKEN, shown, data=GRANT | client.body)
        key = send(server, "POST", TOKEN, shown, data=GRANT | by.form())
        for answer in (secret, key):
            assert cnf(server, reader, answer) == {"x5t#S256": shown.thumbprint}

    for form in (client.body, by.form()):
        answer = send(server, "POST", TOKEN, None, data=GRANT | form)
        assert refused(answer) == (400, "invalid_request")


@pytest.mark.spec("RFC 8705", "3")
@pytest.mark.parametrize(("shown", "status"), [(SHOWN, 200), (OTHER, 401), (None, 401)])
def test_where_the_server_takes_the_token_the_connection_needs_its_certificate(
    server: InProcessServer, client: Client, shown: Certificate | None, status: int
) -> None:
    token = ask(server, client, SHOWN).json()["access_token"]
    headers = {"Authorization": f"Bearer {token}"}

    asked = send(server, "POST", INTROSPECT, shown, headers=headers, data={"token": token})
    verified = send(server, "GET", VERIFY, shown, headers=headers)

    assert asked.status_code == verified.status_code == status
    if status == 401:
        assert 'error="invalid_token"' in asked.headers["www-authenticate"]


def test_an_application_that_does_not_ask_for_it_gets_plain_tokens(
    server: InProcessServer, reader: Client
) -> None:
    by, own = with_certificate(server)
    token = ask(server, by, own).json()["access_token"]

    assert "cnf" not in server.introspect(reader, token).json()
    assert server.ask(by).status_code == 200
