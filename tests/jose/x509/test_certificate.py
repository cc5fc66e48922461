"""Certificates of TLS clients: read from DER and PEM, and their thumbprints."""

from collections.abc import Callable
from ipaddress import ip_address

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec

from certificates import END, START, certificate
from gatepass.jose.keys.public_key import members_of
from gatepass.jose.x509.certificate import LONGEST, Certificate, thumbprint
from gatepass.jose.x509.errors import UnusableCertificateError

# RFC 8705 appendix A
EXAMPLE = """-----BEGIN CERTIFICATE-----
MIIBBjCBrAIBAjAKBggqhkjOPQQDAjAPMQ0wCwYDVQQDDARtdGxzMB4XDTE4MTAx
ODEyMzcwOVoXDTIyMDUwMjEyMzcwOVowDzENMAsGA1UEAwwEbXRsczBZMBMGByqG
SM49AgEGCCqGSM49AwEHA0IABNcnyxwqV6hY8QnhxxzFQ03C7HKW9OylMbnQZjjJ
/Au08/coZwxS7LfA4vOLS9WuneIXhbGGWvsDSb0tH6IxLm8wCgYIKoZIzj0EAwID
SQAwRgIhAP0RC1E+vwJD/D1AGHGzuri+hlV/PpQEKTWUVeORWz83AiEA5x2eXZOV
bUlJSGQgjwD5vaUaKlLR50Q2DmFfQj1L+SY=
-----END CERTIFICATE-----
"""
NAMED = certificate(names=[x509.DNSName("a.example"), x509.IPAddress(ip_address("192.0.2.7"))])
THUMBPRINT = "A4DtL2JmUMhAsvJj5tKyn64SqzmuXbMrJa0n761y5v0"


@pytest.mark.spec("RFC 8705", "3.1")
def test_the_thumbprint_of_the_example_of_the_rfc_is_that_of_the_rfc() -> None:
    assert Certificate.from_pem(EXAMPLE.encode()).thumbprint == THUMBPRINT


@pytest.mark.spec("RFC 8705", "2.2.2")
def test_the_key_of_the_example_of_the_rfc_is_that_of_the_rfc() -> None:
    key = x509.load_pem_x509_certificate(EXAMPLE.encode()).public_key()
    assert isinstance(key, ec.EllipticCurvePublicKey)

    assert members_of(key) == {
        "kty": "EC",
        "crv": "P-256",
        "x": "1yfLHCpXqFjxCeHHHMVDTcLscpb07KUxudBmOMn8C7Q",
        "y": "8_coZwxS7LfA4vOLS9WuneIXhbGGWvsDSb0tH6IxLm8",
    }


def test_a_certificate_has_its_dates_and_is_written_as_it_was_read() -> None:
    made = certificate()

    assert (made.not_before, made.not_after) == (START, END)
    assert Certificate.from_pem(made.pem().encode()) == made
    assert Certificate.from_der(made.der) == made
    assert thumbprint(made.der) == made.thumbprint


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        (lambda pem: pem * 2, "malformed"),
        (lambda pem: "text before\n" + pem, "malformed"),
        (lambda pem: pem + "text after", "malformed"),
        (lambda pem: pem.replace("CERTIFICATE", "PUBLIC KEY"), "malformed"),
        (lambda pem: pem.replace("\n", "\n!", 2), "malformed"),
        (lambda pem: pem.replace("=\n", "\n"), "malformed"),
        (lambda _: "", "malformed"),
        (lambda pem: pem + pem.replace("CERTIFICATE", "PRIVATE KEY"), "private"),
        (lambda pem: pem + pem.replace("CERTIFICATE", "EC PRIVATE KEY"), "private"),
        (lambda pem: pem.replace("\n", "\n" + "\n" * 2 * LONGEST), "long"),
    ],
)
def test_what_is_not_one_certificate_in_pem_is_refused_with_its_fault(
    change: Callable[[str], str], fault: str
) -> None:
    with pytest.raises(UnusableCertificateError) as refused:
        Certificate.from_pem(change(EXAMPLE).encode())

    assert refused.value.fault == fault
    assert "MIIB" not in str(refused.value)


@pytest.mark.filterwarnings("ignore")
def test_no_wrong_certificate_is_taken_for_the_right_one() -> None:
    der = NAMED.der
    wrong = [der[:length] for length in range(len(der))]
    wrong += [der + more for more in (b"\0", b"0", der)]
    wrong += [
        der[:place] + bytes([der[place] ^ 1 << bit]) + der[place + 1 :]
        for place in range(len(der))
        for bit in range(8)
    ]
    right = 0
    for each in wrong:
        try:
            right += Certificate.from_der(each).thumbprint == NAMED.thumbprint
        except UnusableCertificateError:
            continue
    assert right == 0
    with pytest.raises(UnusableCertificateError):
        Certificate.from_der(der + b"\0")
    with pytest.raises(UnusableCertificateError):
        Certificate.from_der(b"\x30" * (LONGEST + 1))
