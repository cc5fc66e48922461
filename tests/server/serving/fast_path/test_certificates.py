"""Through both doors a certificate is believed from a trusted proxy alone, and once."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from certificates import certificate, escaped
from gatepass.server.domain.applications import operations as applications
from gatepass.server.domain.audit.model import OPERATOR
from gatepass.wire.metadata import ADMIN_API, PARTNER_API
from server.admin.operator_program import Program, every_scope
from server.fixtures import Client, basic, new_clock
from server.mutual_tls import with_certificate, with_subject
from server.serving.fast_path.doors import Door, Response, door
from server.serving.fast_path.requests import Ask, Headers

pytestmark = pytest.mark.slow  # each test starts a server with settings of its own

SHOWN, OTHER = certificate(issuer="CN=Authority"), certificate("CN=other")
NAMES = {"header": "X-Client-Cert", "verified_header": "X-Client-Verify"}
CERTIFICATE = ("X-Client-Cert", escaped(SHOWN).decode())
VERIFIED = ("X-Client-Verify", "SUCCESS")
SECOND = ("X-Client-Cert", escaped(OTHER).decode())


@pytest.fixture(scope="module", params=["127.0.0.1", "198.51.100.1"])
def doors(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Door, Door, bool]]:
    data: Path = tmp_path_factory.mktemp("doors") / "data"
    given = {"trusted_proxies": (request.param,), "proxy_certificates": NAMES}
    clock = new_clock()
    with door(data, clock, **given) as fast, door(data, clock, fast_path=False, **given) as asgi:
        yield fast, asgi, request.param == "127.0.0.1"


def statuses(doors: tuple[Door, Door, bool], client: Client, *more: Headers) -> list[int]:
    """Return the status of each request, after seeing that both doors answered alike."""
    found = []
    body = f"grant_type=client_credentials&client_id={client.client_id}".encode()
    for headers in more:
        answers = []
        for each in doors[:2]:
            with each.connect() as line:
                line.say(Ask(body=body, more=headers).raw())
                answers.append(line.hear())
        fast, asgi = answers
        assert fast is not None
        assert asgi is not None
        assert fast.status == asgi.status
        assert [name for name, _ in fast.headers] == [name for name, _ in asgi.headers]
        found.append(fast.status)
    return found


@pytest.mark.spec("RFC 8705", "2.2")
@pytest.mark.spec("ASVS", "4.1.3")
def test_a_registered_certificate_is_accepted_from_a_trusted_proxy_alone(
    doors: tuple[Door, Door, bool],
) -> None:
    fast, asgi, is_trusted = doors
    client, _ = with_certificate(fast.server, shown=SHOWN)
    asgi.server.environment().applications.clear()

    found = statuses(
        doors,
        client,
        (CERTIFICATE,),
        (CERTIFICATE, VERIFIED),
        (SECOND,),
        (CERTIFICATE, SECOND),
        (CERTIFICATE, CERTIFICATE),
        (CERTIFICATE, VERIFIED, VERIFIED),
        (("X_Client_Cert", CERTIFICATE[1]),),
        (("Client-Cert", CERTIFICATE[1]),),
        (("X-Client-Cert", "MIIB"),),
        (),
    )

    assert found == [200 if is_trusted else 401] * 2 + [401] * 8


@pytest.mark.spec("RFC 8705", "2.1")
def test_a_subject_is_accepted_where_the_trusted_proxy_says_that_it_validated(
    doors: tuple[Door, Door, bool],
) -> None:
    fast, asgi, is_trusted = doors
    client = with_subject(fast.server, "tls_client_auth_subject_dn", "CN=acme,O=Acme Ltd,C=DE")
    asgi.server.environment().applications.clear()

    found = statuses(
        doors,
        client,
        (CERTIFICATE, VERIFIED),
        (CERTIFICATE,),
        (CERTIFICATE, ("X-Client-Verify", "NONE")),
        (CERTIFICATE, VERIFIED, ("X-Client-Verify", "NONE")),
        (VERIFIED,),
    )

    assert found == [200 if is_trusted else 401] + [401] * 4


def test_the_fast_path_answers_a_client_with_a_certificate(doors: tuple[Door, Door, bool]) -> None:
    fast, _, is_trusted = doors
    client, _ = with_certificate(fast.server, shown=SHOWN)
    body = f"grant_type=client_credentials&client_id={client.client_id}".encode()
    with fast.connect() as line:
        for _ in range(2):
            line.say(Ask(body=body, more=(CERTIFICATE,)).raw())
            assert line.hear()
        before = fast.by_fast_path
        line.say(Ask(body=body, more=(CERTIFICATE,)).raw())
        answer = line.hear()

    assert answer is not None
    assert answer.status == (200 if is_trusted else 401)
    assert fast.by_fast_path == before + 1


@pytest.mark.spec("RFC 8705", "3")
def test_the_servers_own_apis_take_a_bound_token_alike_through_both_doors(
    doors: tuple[Door, Door, bool],
) -> None:
    fast, asgi, is_trusted = doors
    partner, program = fast.server.register(), Program(fast.server, *every_scope()).client
    users = f"{PARTNER_API}/org/{partner.application.org_id}/users"
    for client, path in ((partner, users), (program, f"{ADMIN_API}/production/organizations")):
        context, changed = fast.server.environment().context, client.application.id
        applications.change(
            context, OPERATOR, changed, None, tls_client_certificate_bound_access_tokens=True
        )
        for each in (fast, asgi):
            each.server.environment().applications.clear()
        by = ("Authorization", basic(client.client_id, client.secret.value))
        issued = heard(fast, Ask(more=(by, CERTIFICATE)))
        if not is_trusted:
            assert issued.status == 400  # no certificate is believed
            continue
        bearer = ("Authorization", f"Bearer {json.loads(issued.body)['access_token']}")
        tried: list[Headers] = [
            (CERTIFICATE,),
            (CERTIFICATE, VERIFIED),
            (),
            (SECOND,),
            (CERTIFICATE, SECOND),
            (CERTIFICATE, CERTIFICATE),
        ]
        for each in (fast, asgi):
            sent = [Ask(path=path, method="GET", body=b"", more=(bearer, *more)) for more in tried]
            found = [heard(each, ask).status for ask in sent]
            assert found == [200, 200, 401, 401, 401, 401]


def heard(at: Door, ask: Ask) -> Response:
    with at.connect() as line:
        line.say(ask.raw())
        answer = line.hear()
    assert answer is not None
    return answer
