"""The client certificate of a request, for tokens that are bound to one (RFC 8705 §3)."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from gatepass.guard.model.request import Request
from gatepass.jose.x509 import headers
from gatepass.jose.x509.certificate import Certificate
from gatepass.jose.x509.errors import UnusableCertificateError
from gatepass.jose.x509.headers import FORMS, Form

_HEADER = re.compile("[A-Za-z0-9-]+")


@dataclass(frozen=True, slots=True)
class ClientCertificates:
    """Where a guard finds the certificate with which a client has made its TLS connection.

    header, form: the header in which a proxy that ends TLS passes it on, and how: "pem" (percent-
        encoded, nginx and Traefik), "der" (base64, HAProxy), "rfc9440" (Client-Cert) or "xfcc"
        (Envoy). The proxy must remove what a client sends under this name, and nobody may reach
        the API past the proxy: a certificate is public, so whoever can write the header is its
        owner.
    read: a function that returns it, in DER or PEM, or None, from the framework's own request.

    Without either it is that of the connection, as the server passes it on: by the extension `tls`
    of ASGI, `SSL_CLIENT_CERT` of Apache, or the socket of gunicorn and Werkzeug.

    Raises ValueError for a name that no header has, for another form, and for both.
    """

    header: str = ""
    form: Form = "pem"
    read: Callable[[Any], bytes | str | None] | None = None

    def __post_init__(self) -> None:
        if self.header and (not _HEADER.fullmatch(self.header) or self.read is not None):
            raise ValueError("header is the name of one, and there is no read beside it")
        if self.form not in FORMS:
            raise ValueError(f"form is one of {', '.join(FORMS)}")

    def thumbprint(self, request: Request) -> str | None:
        """Return the thumbprint (`x5t#S256`) of a request's certificate, None without one.

        Raises UnusableCertificateError for what is no certificate, and for two headers.
        """
        connection = request.connection
        if self.read is not None:
            found = self.read(request.context)
        elif connection is None:
            return None
        elif self.header:
            return self._of_header(connection.header(self.header.lower()))
        else:
            found = connection.certificate()
        if not found:
            return None
        if isinstance(found, bytes):
            return Certificate.from_der(found).thumbprint
        return Certificate.from_pem(found.encode("ascii", "replace")).thumbprint

    def _of_header(self, lines: list[str]) -> str | None:
        if len(lines) > 1:
            raise UnusableCertificateError("malformed", "the header is there twice")
        if not lines or not lines[0].strip():  # as nginx sends it without a certificate
            return None
        return headers.read(self.form, lines[0].encode("latin-1", "replace")).thumbprint
