"""Client authentication by a TLS certificate (RFC 8705 §2), at each endpoint that takes one."""

import time
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address

import pytest
from cryptography import x509

from certificates import certificate, of_days
from gatepass.jose.x509.certificate import Certificate
from gatepass.jose.x509.subject import Name, Subject
from gatepass.server.domain.applications import operations as applications
from gatepass.server.domain.applications.keys.certificates import operations
from gatepass.server.domain.audit.model import OPERATOR
from gatepass.server.domain.usage import store as usage
from gatepass.server.domain.usage.model import Refusal
from gatepass.server.environment import maintenance
from gatepass.server.http import ClientCertificate, Request
from gatepass.server.oauth.token import token
from gatepass.wire.errors import OAuthError
from gatepass.wire.metadata import INTROSPECT, REVOCATIONS, REVOKE, ROTATE_SECRET, TOKEN
from server.fixtures import (
    GRANT,
    INTROSPECTION,
    TEST,
    Client,
    InProcessServer,
    open_passive_server,
    open_server,
    refused,
    whole,
)
from server.mutual_tls import GIVEN, ask, send, with_certificate, with_subject

CERTIFICATE, STRANGER = certificate(), certificate()
NAMED = certificate(
    "CN=billing,O=Acme Ltd,C=DE",
    [x509.DNSName("billing.acme.example"), x509.IPAddress(ip_address("2001:db8::7"))],
    issuer="CN=Authority",
)
DN = ("tls_client_auth_subject_dn", "CN=billing,O=Acme Ltd,C=DE")
SPEC = pytest.mark.spec("RFC 8705", "2")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[InProcessServer]:
    with open_server(tmp_path_factory.mktemp("tls") / "data", **GIVEN) as opened:
        yield opened


@pytest.fixture(scope="module")
def client(server: InProcessServer) -> Client:
    return with_certificate(server, shown=CERTIFICATE)[0]


def reason(server: InProcessServer, client: Client) -> str:
    """Return why the client was refused last, as its owner sees it."""
    environment, found = server.environment(), list[Refusal]()
    until = time.monotonic() + 30
    while not found and time.monotonic() < until:  # the server's thread may be writing it just now
        maintenance.flush(environment)
        with environment.database.read() as connection:
            found = usage.recent(connection, client.application.id)
    return found[0].kind.reason


@pytest.mark.spec("RFC 8705", "2.2")
def test_a_registered_certificate_gets_a_token_though_no_authority_vouches_for_it(
    server: InProcessServer, client: Client
) -> None:
    answer = ask(server, client, CERTIFICATE)

    assert answer.status_code == 200, answer.text
    assert set(answer.json()) == {"access_token", "expires_in", "token_type", "scope"}


@pytest.mark.spec("RFC 8705", "2.1")
@pytest.mark.spec("RFC 8705", "2.1.2")
@pytest.mark.parametrize(
    ("member", "value"),
    [
        DN,
        ("tls_client_auth_san_dns", "billing.acme.example"),
        ("tls_client_auth_san_ip", "2001:0db8::0007"),
    ],
)
def test_a_validated_certificate_that_names_the_subject_gets_a_token(
    server: InProcessServer, member: str, value: str
) -> None:
    by = with_subject(server, member, value)

    assert ask(server, by, NAMED, verify="SUCCESS").status_code == 200
    assert ask(server, by, CERTIFICATE, verify="SUCCESS").status_code == 401
    assert reason(server, by) == "wrong_certificate"


@pytest.mark.spec("RFC 8705", "2.1")
@pytest.mark.parametrize("verify", ["NONE", "FAILED:self signed", "", "success", "SUCCESS, NONE"])
def test_a_certificate_that_was_not_validated_names_nobody(
    server: InProcessServer, verify: str
) -> None:
    by = with_subject(server, *DN)

    assert refused(ask(server, by, NAMED, verify=verify)) == (401, "invalid_client")
    assert reason(server, by) == "certificate_not_validated"


@pytest.mark.spec("RFC 8705", "2.1")
def test_a_self_signed_certificate_names_nobody_though_it_is_trusted_itself(
    server: InProcessServer,
) -> None:
    by = with_subject(server, *DN)

    assert ask(server, by, certificate(DN[1]), verify="SUCCESS").status_code == 401
    assert reason(server, by) == "certificate_not_validated"


@SPEC
def test_a_wrong_certificate_and_none_and_an_unknown_client_are_refused_alike(
    server: InProcessServer,
) -> None:
    by, own = with_certificate(server)
    unknown = server.register()
    applications.delete(server.environment().context, OPERATOR, unknown.application.id, None)

    wrong = ask(server, by, STRANGER)

    assert refused(wrong) == (401, "invalid_client")
    assert whole(wrong) == whole(ask(server, by, None)) == whole(ask(server, unknown, own))
    assert whole(wrong) == whole(ask(server, server.register(), own))


@SPEC
def test_without_a_client_id_a_certificate_authenticates_nobody(server: InProcessServer) -> None:
    _, own = with_certificate(server)

    assert refused(send(server, "POST", TOKEN, own, data=GRANT)) == (401, "invalid_client")


@pytest.mark.spec("RFC 9700", "4.13")
def test_who_sends_the_header_without_the_proxy_is_as_without_a_certificate(
    server: InProcessServer,
) -> None:
    by, own = with_certificate(server)
    form = GRANT | {"client_id": by.client_id}

    direct = send(server, "POST", TOKEN, own, peer="192.0.2.66", verify="SUCCESS", data=form)

    assert refused(direct) == (401, "invalid_client")
    assert reason(server, by) == "no_secret"


@pytest.mark.filterwarnings("ignore")
def test_of_thousands_of_changed_certificates_none_is_accepted(
    fresh_tls: InProcessServer,
) -> None:
    client, _ = with_certificate(fresh_tls, shown=CERTIFICATE)
    environment, der = fresh_tls.environment(), CERTIFICATE.der
    body = f"grant_type=client_credentials&client_id={client.client_id}".encode()
    headers = {b"content-type": b"application/x-www-form-urlencoded"}
    changed = [der[:length] for length in range(0, len(der), 3)]
    changed += [
        der[:place] + bytes([der[place] ^ 1 << bit]) + der[place + 1 :]
        for place in range(len(der))
        for bit in range(8)
    ]
    assert ask(fresh_tls, client, CERTIFICATE).status_code == 200

    for number, each in enumerate(changed):
        shown = ClientCertificate(each, is_validated=True)
        request = Request(headers, b"", body, f"2001:db8:{number:x}::1", shown)
        with pytest.raises(OAuthError) as refusal:
            token(environment, request)
        assert refusal.value.code == "invalid_client"


def test_each_refusal_has_its_words_for_the_owner(server: InProcessServer) -> None:
    by, own = with_certificate(server)
    bare = server.register()
    old = certificate(end=datetime(2021, 1, 1, tzinfo=UTC), issuer="CN=Authority")
    named = with_subject(server, "tls_client_auth_subject_dn", "CN=acme,O=Acme Ltd,C=DE")
    for client, shown, expected in (
        (by, STRANGER, "wrong_certificate"),
        (bare, own, "no_certificate"),
        (named, old, "expired_certificate"),
    ):
        assert ask(server, client, shown, verify="SUCCESS").status_code == 401
        assert reason(server, client) == expected


def test_secret_and_certificate_work_beside_each_other(
    server: InProcessServer, client: Client
) -> None:
    assert server.ask(client).status_code == 200
    assert send(server, "POST", TOKEN, STRANGER, data=GRANT | client.body).status_code == 200
    assert ask(server, client, CERTIFICATE).status_code == 200


def test_a_certificate_that_was_removed_is_refused_at_once_and_others_are_not(
    server: InProcessServer,
) -> None:
    by, first = with_certificate(server)
    _, second = with_certificate(server, by)
    context = server.environment().context
    assert ask(server, by, first).status_code == ask(server, by, second).status_code == 200
    listed = operations.of_application(context, by.application)

    removed = next(each for each in listed if each.expected == first)
    operations.remove(context, OPERATOR, by.application.id, removed.id, None)

    assert ask(server, by, first).status_code == 401
    assert ask(server, by, second).status_code == 200


def test_a_certificate_ends_with_its_last_moment(fresh_tls: InProcessServer) -> None:
    by, own = with_certificate(fresh_tls, shown=of_days(1, fresh_tls.clock()))
    assert ask(fresh_tls, by, own).status_code == 200

    fresh_tls.clock.advance(timedelta(days=1, seconds=1).total_seconds())

    assert ask(fresh_tls, by, own).status_code == 401
    assert reason(fresh_tls, by) == "expired_certificate"


@pytest.fixture
def fresh_tls(tmp_path_factory: pytest.TempPathFactory) -> Iterator[InProcessServer]:
    with open_passive_server(tmp_path_factory.mktemp("tls") / "data", **GIVEN) as opened:
        yield opened


def test_the_last_use_of_a_certificate_is_noted(fresh_tls: InProcessServer) -> None:
    by, own = with_certificate(fresh_tls)
    assert ask(fresh_tls, by, own).status_code == 200

    maintenance.flush(fresh_tls.environment())

    [found] = operations.of_application(fresh_tls.environment().context, by.application)
    assert found.last_used_at == fresh_tls.environment().now()
    assert found.last_used_from == "192.0.2.7"


def test_revocation_introspection_and_feed_take_a_certificate(server: InProcessServer) -> None:
    owner = server.register(scope=INTROSPECTION, allowed=INTROSPECTION)
    by, own = with_certificate(server, owner)
    own_token = ask(server, by, own).json()["access_token"]
    form = {"client_id": by.client_id, "token": own_token}

    known = send(server, "POST", INTROSPECT, own, data=form)
    feed = send(server, "POST", REVOCATIONS, own, data={"client_id": by.client_id})
    wrong = send(server, "POST", REVOCATIONS, STRANGER, data={"client_id": by.client_id})
    gone = send(server, "POST", REVOKE, own, data=form)
    after = send(server, "POST", INTROSPECT, own, data=form)

    assert known.json()["active"] is True
    assert feed.status_code == 200, feed.text
    assert wrong.status_code == 401
    assert gone.status_code == 200
    assert after.json() == {"active": False}


def test_a_secret_is_not_rotated_by_a_certificate(server: InProcessServer, client: Client) -> None:
    form = {"client_id": client.client_id, "action": "status"}

    assert send(server, "POST", ROTATE_SECRET, CERTIFICATE, data=form).status_code == 401


def test_a_disabled_application_is_refused(server: InProcessServer) -> None:
    by, own = with_certificate(server)
    context = server.environment().context
    applications.set_enabled(context, OPERATOR, by.application.id, enabled=False, org_id=None)

    assert ask(server, by, own).status_code == 401
    assert reason(server, by) == "disabled"


def test_without_the_setting_no_certificate_is_taken(fresh_server: InProcessServer) -> None:
    by, own = with_certificate(fresh_server)

    assert refused(ask(fresh_server, by, own)) == (401, "invalid_client")
    assert reason(fresh_server, by) == "no_secret"


@pytest.mark.spec("RFC 6749", "5.2")
def test_a_refused_certificate_is_read_once_and_no_name_is_read_for_it_whoever_the_client_is(
    server: InProcessServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    unknown, without, named = server.register(TEST), server.register(), with_subject(server, *DN)
    with_certificate(server, named)
    counted = Counter[str]()
    read, name = Certificate.from_der, Subject.name

    def read_counted(der: bytes) -> Certificate:
        counted["certificates"] += 1
        return read(der)

    def name_counted(subject: Subject) -> Name:
        counted["names"] += 1
        return name(subject)

    monkeypatch.setattr(Certificate, "from_der", read_counted)
    monkeypatch.setattr(Subject, "name", name_counted)
    found = []
    for client in (unknown, without, named):
        assert ask(server, client, STRANGER).status_code == 401  # what is in memory from now on
        counted.clear()
        shown = certificate("CN=billing,O=Acme Ltd,C=FR")
        assert ask(server, client, shown, verify="SUCCESS").status_code == 401
        found.append(dict(counted))

    assert found[0]["certificates"] > 0
    assert found == [{"certificates": found[0]["certificates"]}] * 3
