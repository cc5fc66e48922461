"""What can be done to the certificates of an application, and what is refused in words."""

from datetime import timedelta
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from certificates import certificate, of_days
from gatepass.server.admin.operations import examples
from gatepass.server.domain.applications import operations as applications
from gatepass.server.domain.applications.keys.certificates import operations
from gatepass.server.domain.applications.keys.certificates.model import (
    FAULTS,
    MEMBER_FAULTS,
    MOST,
    ApplicationCertificate,
)
from gatepass.server.domain.audit import store as audit
from gatepass.server.domain.audit.model import OPERATOR
from gatepass.server.storage.errors import NotFoundError
from gatepass.wire.errors import OAuthError
from server.admin.operator_program import partner_with_everything
from server.fixtures import Client, InProcessServer, open_passive_server

PEM = certificate().pem()
DNS = "tls_client_auth_san_dns"


def add(
    server: InProcessServer, client: Client, text: str = PEM, name: str = "Certificate"
) -> ApplicationCertificate:
    context, app_id = server.environment().context, client.application.id
    return operations.add(context, OPERATOR, app_id, None, name=name, text=text.encode())


def add_subject(
    server: InProcessServer, client: Client, value: str, member: str = DNS
) -> ApplicationCertificate:
    return operations.add_subject(
        server.environment().context,
        OPERATOR,
        client.application.id,
        None,
        name="Subject",
        member=member,
        value=value,
    )


def names(server: InProcessServer, client: Client) -> list[str]:
    context = server.environment().context
    return [each.name for each in operations.of_application(context, client.application)]


def test_what_is_added_and_removed_is_listed_and_audited(server: InProcessServer) -> None:
    client, context = server.register(), server.environment().context
    own = add(server, client, name=" Nightly  run ")
    named = add_subject(server, client, "billing.acme.example")
    before = set(names(server, client))

    operations.remove(context, OPERATOR, client.application.id, own.id, client.application.org_id)

    with context.database.read() as connection:
        entries = [each for _, each in audit.page(connection, client.application.org_id)]
    assert (before, set(names(server, client))) == ({"Nightly run", "Subject"}, {"Subject"})
    assert [each.action for each in entries][:3] == [
        "client_certificate.removed",
        "client_certificate.added",
        "client_certificate.added",
    ]
    assert own.method == "self_signed_tls_client_auth"
    assert named.method == "tls_client_auth"
    assert named.words == "san_dns: billing.acme.example"
    with pytest.raises(NotFoundError):
        operations.remove(context, OPERATOR, client.application.id, own.id, None)


def test_another_organizations_application_is_not_found(server: InProcessServer) -> None:
    client, context = server.register(), server.environment().context

    with pytest.raises(NotFoundError):
        operations.add(
            context, OPERATOR, client.application.id, uuid4(), name="a", text=PEM.encode()
        )


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", FAULTS["malformed"]),
        ("text", FAULTS["malformed"]),
        (PEM * 2, FAULTS["malformed"]),
        (PEM + PEM.replace("CERTIFICATE", "PRIVATE KEY"), FAULTS["private"]),
        ("-----BEGIN CERTIFICATE-----" + "A" * 50_000, FAULTS["long"]),
    ],
)
def test_what_is_not_one_certificate_is_refused_in_words(
    server: InProcessServer, client: Client, text: str, words: str
) -> None:
    with pytest.raises(OAuthError) as refused:
        add(server, client, text)

    assert refused.value.description == words


def test_a_certificate_that_has_expired_is_refused(server: InProcessServer) -> None:
    with pytest.raises(OAuthError, match="expired"):
        add(server, server.register(), of_days(-1, server.clock()).pem())


@pytest.mark.parametrize(("member", "words"), MEMBER_FAULTS.items())
def test_a_subject_that_cannot_be_is_refused_in_words(
    server: InProcessServer, client: Client, member: str, words: str
) -> None:
    with pytest.raises(OAuthError) as refused:
        add_subject(server, client, "not: one*", member)

    assert refused.value.description == words
    with pytest.raises(OAuthError):
        add_subject(server, client, "a", "client_secret")


def test_one_is_not_added_twice_nor_more_than_the_limit(server: InProcessServer) -> None:
    client = server.register()
    add(server, client)
    for number in range(MOST - 1):
        add_subject(server, client, f"a{number}.example")

    with pytest.raises(OAuthError, match="at most"):
        add(server, client)
    with pytest.raises(OAuthError, match="at most"):
        add_subject(server, client, "b.example")
    assert len(names(server, client)) == MOST
    other = server.register()
    add(server, other)
    with pytest.raises(OAuthError, match="already"):
        add(server, other)


def test_one_that_has_expired_makes_room_for_the_next(fresh_server: InProcessServer) -> None:
    client = fresh_server.register()
    add(fresh_server, client, of_days(1, fresh_server.clock()).pem(), "Old")
    fresh_server.clock.advance(timedelta(days=2).total_seconds())

    add(fresh_server, client, name="New")

    assert names(fresh_server, client) == ["New"]


def test_a_new_and_a_removed_certificate_are_mailed_to_administrators(tmp_path: Path) -> None:
    mail = {"host": "127.0.0.1", "port": 9, "sender": "gatepass@example.com"}
    with open_passive_server(tmp_path, mail=mail) as server:
        context = server.environment().context
        partner = partner_with_everything(server).ids
        found = applications.find_by_client_id(context, partner[examples.CLIENT_ID])
        assert found
        certificate_id = UUID(partner[examples.CERTIFICATE_ID])
        operations.remove(context, OPERATOR, found.id, certificate_id, None)

        kinds = [each.kind for each in context.outbox.messages("mail")]

    assert kinds.count("certificate_added") == 2  # to each administrator
    assert kinds.count("certificate_removed") == 2
