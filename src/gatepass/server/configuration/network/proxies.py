"""How the settings name the proxies in front of the server."""

import re
from typing import Literal

from pydantic import field_validator

from gatepass.jose.x509.headers import Form
from gatepass.server.configuration.section import Section

HeaderName = Literal["x-forwarded-for", "forwarded"]

EVERYONE = "*"
MOST_HOPS = 32  # proxies of a request; addresses further left in the header are not read

_NAME = re.compile("[a-z0-9][a-z0-9-]*")
_TAKEN = frozenset({"authorization", "host", "x-forwarded-for", "forwarded", "x-forwarded-proto"})


class ProxyCertificateSettings(Section):
    """How the proxies pass on the certificate with which a client made its TLS connection."""

    header: str = ""
    """The header in which trusted proxies pass on the client's certificate, as Client-Cert. Each of
    them must remove the header from the requests of clients. Empty: no certificate is taken from a
    proxy."""
    form: Form = "pem"
    """What the header has: pem (PEM, percent-encoded, as nginx and Traefik write it), der (DER as
    base64, as HAProxy writes it), rfc9440 (Client-Cert as RFC 9440 has it) or xfcc (Envoy's
    X-Forwarded-Client-Cert)."""
    verified_header: str = ""
    """The header in which the proxies say SUCCESS where they found an authority for the
    certificate, as X-Client-Verify; needed for tls_client_auth. Each of them must set it, whatever
    the client sent. Empty: certificates count as not validated, so only those that are registered
    themselves authenticate."""

    @field_validator("header", "verified_header")
    @classmethod
    def _names_are_names(cls, name: str) -> str:
        lowered = name.lower()
        if name and (not _NAME.fullmatch(lowered) or lowered in _TAKEN):
            raise ValueError("must be the name of a header for this alone, as X-Client-Cert")
        return lowered
