"""Real proxies that ask for client certificates, by the files of examples/deploy/mtls."""

from collections.abc import Iterator
from contextlib import suppress
from http.client import HTTPException
from typing import NamedTuple
from urllib.parse import quote

import pytest

from client.tls_server import Issued
from gatepass.jose.x509 import headers
from gateways.gateway import Headers, program
from gateways.mtls import CLIENT, OTHER, PROXIES, SELF_SIGNED, VERIFIED, MtlsProxy, mtls_proxy
from gateways.upstream import Upstream, recording
from server.serving.tls.files import der_of


class Front(NamedTuple):
    """A proxy, and what records its requests behind it."""

    proxy: MtlsProxy
    upstream: Upstream

    def fields(self, port: int, certificate: Issued | None, forged: Headers = ()) -> "Fields":
        """Send a request; return the header fields that arrive, by name in lower case."""
        before = len(self.upstream.requests)
        assert self.proxy.ask(port, "/x", certificate, headers=forged).status == 200
        [request] = [each for each in self.upstream.requests[before:] if b" /x " in each]
        found: Fields = {}
        for line in request.partition(b"\r\n\r\n")[0].split(b"\r\n")[1:]:
            name, _, value = line.partition(b":")
            found.setdefault(name.decode().lower(), []).append(value.strip())
        return found


Fields = dict[str, list[bytes]]


@pytest.fixture(scope="module", params=list(PROXIES))
def front(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Front]:
    name = request.param
    if program(name) is None:
        pytest.skip(f"{name} is not installed")
    folder = tmp_path_factory.mktemp(name)
    with recording() as upstream, mtls_proxy(name, folder, upstream.port) as proxy:
        yield Front(proxy, upstream)


def forged(front: Front) -> Headers:
    """Return what a client sends that wants to be another one, in several spellings."""
    pem = OTHER.pem.decode()
    bare = "".join(pem.splitlines()[1:-1])
    values = {
        "pem": quote(pem, safe=""),
        "rfc9440": f":{bare}:",
        "xfcc": f'Hash=00;Cert="{quote(pem, safe="")}"',
    }
    name = front.proxy.passed.header
    value = values[front.proxy.passed.form]
    spellings = (name, name.lower(), name.upper(), name.replace("-", "_"))
    return (
        *((each, value) for each in spellings),
        (VERIFIED, "SUCCESS"),
        (VERIFIED.lower(), "SUCCESS"),
    )


def shown(front: Front, fields: Fields) -> bytes | None:
    """Return the certificate that arrives, as Gatepass reads it; None if there is none."""
    values = fields.get(front.proxy.passed.header.lower(), [])
    assert len(values) <= 1
    return headers.read(front.proxy.passed.form, values[0]).der if values and values[0] else None


def verified(fields: Fields) -> bool:
    return fields.get(VERIFIED.lower()) == [b"SUCCESS"]


@pytest.mark.spec("RFC 9440", "2.2")
def test_the_certificate_of_the_handshake_arrives_and_counts_as_verified(front: Front) -> None:
    fields = front.fields(front.proxy.mutual, CLIENT)

    assert shown(front, fields) == der_of(CLIENT)
    assert verified(fields)


@pytest.mark.spec("RFC 9440", "4")
def test_a_forged_header_never_replaces_or_joins_the_certificate_shown(front: Front) -> None:
    fields = front.fields(front.proxy.mutual, CLIENT, forged(front))

    assert shown(front, fields) == der_of(CLIENT)


@pytest.mark.spec("RFC 9440", "4")
def test_without_a_certificate_no_forged_header_arrives_on_either_port(front: Front) -> None:
    for port in (front.proxy.main, front.proxy.mutual):
        fields = front.fields(port, None, forged(front))

        assert shown(front, fields) is None


def test_the_other_port_asks_for_no_certificate_and_passes_none_on(front: Front) -> None:
    fields = front.fields(front.proxy.main, CLIENT, forged(front))

    assert shown(front, fields) is None
    assert not verified(fields)


def test_a_self_signed_certificate_is_passed_on_as_not_verified_or_refused(front: Front) -> None:
    if front.proxy.passed.takes_self_signed:
        fields = front.fields(front.proxy.mutual, SELF_SIGNED, ((VERIFIED, "SUCCESS"),))

        assert shown(front, fields) == der_of(SELF_SIGNED)
        assert not verified(fields)
        return
    before = len(front.upstream.requests)
    with suppress(OSError, HTTPException):
        front.proxy.ask(front.proxy.mutual, "/x", SELF_SIGNED)
    assert not any(b" /x " in each for each in front.upstream.requests[before:])


def test_the_figures_are_on_neither_port(front: Front) -> None:
    for port in (front.proxy.main, front.proxy.mutual):
        assert front.proxy.ask(port, "/metrics", CLIENT).status == 404
