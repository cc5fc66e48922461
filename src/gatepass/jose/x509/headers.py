"""The certificate of a TLS client in the header of a proxy, in the forms that proxies write. Pure.

The certificate is the leaf, with which the client made the handshake: none is looked for in a
chain. A header may be believed only from a proxy that is trusted and that removes what the client
itself sends under this name (RFC 9440 §2.4); that is the caller's part.
"""

import re
from types import MappingProxyType
from typing import Literal, get_args
from urllib.parse import unquote_to_bytes

from gatepass.jose.x509.certificate import Certificate, decode
from gatepass.jose.x509.errors import UnusableCertificateError

Form = Literal["pem", "der", "rfc9440", "xfcc"]
"""How a header has the certificate.

- `pem`: PEM, percent-encoded: nginx `$ssl_client_escaped_cert`. Traefik leaves out the lines
  BEGIN and END, and may append the chain after commas.
- `der`: DER as base64: HAProxy `%[ssl_c_der,base64]`.
- `rfc9440`: DER as a byte sequence of structured fields, `:MIIB...:` (RFC 9440 §2.1).
- `xfcc`: the member `Cert` of Envoy's `X-Forwarded-Client-Cert`.
"""
FORMS: tuple[Form, ...] = get_args(Form)
HEADERS = MappingProxyType[Form, str](
    {
        "pem": "x-client-cert",
        "der": "x-ssl-client-cert",
        "rfc9440": "client-cert",
        "xfcc": "x-forwarded-client-cert",
    }
)
"""The usual name of the header of each form, in lower case."""

LONGEST_VALUE = 64 * 1024  # bytes: percent-encoding makes up to three of one

_BARE = re.compile(rb"[A-Za-z0-9+/]+={0,2}")
_QUOTED = rb'"(?:[^"\\]|\\.)*"'
_PAIR = re.compile(rb"([A-Za-z]+)=(%b|[^\";,]*)" % _QUOTED)
_ELEMENT = re.compile(rb"%b(?:;%b)*" % (_PAIR.pattern, _PAIR.pattern))


def read(form: Form, value: bytes) -> Certificate:
    """Return the certificate in the value of a header; raise UnusableCertificateError.

    Refuses a value with several certificates of several clients, as of two headers in one line.
    """
    if len(value) > LONGEST_VALUE:
        raise UnusableCertificateError("long", f"the header is over {LONGEST_VALUE} bytes")
    return _READERS[form](value.strip(b" \t"))


def _pem(value: bytes) -> Certificate:
    leaf = value.partition(b",")[0] if b"-----" not in value and b"%2D" not in value else value
    text = unquote_to_bytes(leaf)
    if _BARE.fullmatch(text):
        return Certificate.from_der(decode(text))
    return Certificate.from_pem(text)


def _der(value: bytes) -> Certificate:
    return Certificate.from_der(decode(value))


def _rfc9440(value: bytes) -> Certificate:
    """Read a byte sequence (RFC 9651 §3.3.5), without parameters (RFC 9440 §2.2)."""
    if len(value) < 2 or not (value.startswith(b":") and value.endswith(b":")):
        raise UnusableCertificateError("malformed", "it is not a byte sequence")
    return Certificate.from_der(decode(value[1:-1]))


def _xfcc(value: bytes) -> Certificate:
    if _ELEMENT.fullmatch(value) is None:
        raise UnusableCertificateError("malformed", "it is not one element with pairs")
    certificates = [each for name, each in _PAIR.findall(value) if name.lower() == b"cert"]
    if len(certificates) != 1:
        raise UnusableCertificateError("malformed", "it has not one member Cert")
    return Certificate.from_pem(unquote_to_bytes(certificates[0].strip(b'"')))


_READERS = MappingProxyType({"pem": _pem, "der": _der, "rfc9440": _rfc9440, "xfcc": _xfcc})
