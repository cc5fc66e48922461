"""The certificate in a proxy's header: every form that proxies write, and nothing else."""

import string
from base64 import b64encode
from collections.abc import Iterator
from urllib.parse import quote

import pytest

from certificates import certificate, escaped
from gatepass.jose.x509 import headers
from gatepass.jose.x509.errors import UnusableCertificateError
from gatepass.jose.x509.headers import Form

CLIENT, OTHER = certificate(), certificate("CN=other")
BASE64 = b64encode(CLIENT.der)
PEM = escaped(CLIENT)
XFCC = b'Hash=0123abcd;Cert="%b";Subject="CN=\\"a\\",O=b";URI=spiffe://a/b' % PEM
WRITTEN: dict[Form, tuple[bytes, ...]] = {
    "pem": (PEM, PEM.replace(b"-", b"%2D"), BASE64, BASE64 + b"," + b64encode(OTHER.der)),
    "der": (BASE64, b" " + BASE64 + b"\t"),
    "rfc9440": (b":%b:" % BASE64,),
    "xfcc": (XFCC, b"cert=%b" % PEM),
}


@pytest.mark.parametrize(
    ("form", "value"), [(form, each) for form, values in WRITTEN.items() for each in values]
)
@pytest.mark.spec("RFC 9440", "2.2")
def test_the_leaf_is_read_as_proxies_write_it(form: Form, value: bytes) -> None:
    assert headers.read(form, value) == CLIENT


@pytest.mark.parametrize(
    ("form", "value"),
    [
        ("pem", b""),
        ("pem", PEM + b"," + escaped(OTHER)),
        ("pem", PEM + escaped(OTHER)),
        ("pem", b"," + BASE64),
        ("pem", quote(CLIENT.pem().replace("CERTIFICATE", "PRIVATE KEY")).encode()),
        ("der", b""),
        ("der", PEM),
        ("der", BASE64 + b", " + b64encode(OTHER.der)),
        ("der", BASE64[:-4]),
        ("rfc9440", b""),
        ("rfc9440", b":"),
        ("rfc9440", b"::"),
        ("rfc9440", BASE64),
        ("rfc9440", b":%b:, :%b:" % (BASE64, b64encode(OTHER.der))),
        ("rfc9440", b":%b:;a=1" % BASE64),
        ("xfcc", b""),
        ("xfcc", b"Hash=0123abcd"),
        ("xfcc", XFCC + b"," + XFCC),
        ("xfcc", XFCC + b";Cert=" + escaped(OTHER)),
        ("xfcc", b'Subject="a";Cert="%b' % PEM),
        ("xfcc", b'Subject="\\";Cert=%b' % PEM),
    ],
)
def test_anything_else_and_several_certificates_are_refused(form: Form, value: bytes) -> None:
    with pytest.raises(UnusableCertificateError):
        headers.read(form, value)


@pytest.mark.parametrize("form", headers.FORMS)
def test_a_long_header_is_refused_before_it_is_read(form: Form) -> None:
    with pytest.raises(UnusableCertificateError) as refused:
        headers.read(form, WRITTEN[form][0] + b" " * headers.LONGEST_VALUE)

    assert refused.value.fault == "long"


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("form", headers.FORMS)
def test_of_thousands_of_changed_headers_none_is_another_clients_certificate(form: Form) -> None:
    """A change may leave the certificate as it is, as %2b for %2B; or it is refused."""
    value, outcomes = WRITTEN[form][0], set[str]()
    for changed in _changed(value):
        try:
            outcomes.add(headers.read(form, changed).thumbprint)
        except UnusableCertificateError:
            outcomes.add("refused")
    assert OTHER.thumbprint not in outcomes
    assert "refused" in outcomes


def _changed(value: bytes) -> Iterator[bytes]:
    for place in range(0, len(value), 3):
        yield value[:place]
        yield value[place:]
        yield value[:place] + value[place + 1 :]
        yield value[:place] + bytes([value[place] ^ 1 << place % 8]) + value[place + 1 :]
    for more in (*string.printable.encode(), 0, 127, 128, 255):
        yield value + bytes([more])
        yield bytes([more]) + value
