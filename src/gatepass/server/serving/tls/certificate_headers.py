"""The certificate of a TLS client that a trusted proxy passes on in a header (RFC 8705 §2).

It is believed only from a trusted proxy, which is the caller's part to check. A header that came
twice is not believed: the second one may be what a client sent and a proxy has not removed.
"""

from collections.abc import Mapping
from functools import lru_cache

import structlog

from gatepass.jose.x509 import headers
from gatepass.jose.x509.errors import UnusableCertificateError
from gatepass.jose.x509.headers import Form
from gatepass.server.http import ClientCertificate

_MOST_CACHED = 256
_VERIFIED = b"SUCCESS"

log = structlog.get_logger("gatepass.server")


class CertificateHeader:
    """The header of the certificate and that of its validation, as the settings name them."""

    def __init__(self, name: str, form: Form, verified_name: str) -> None:
        self.name = name.encode()
        self.verified_name = verified_name.encode()
        self._form = form
        self._read = lru_cache(maxsize=_MOST_CACHED)(self._read_now)

    def read(self, fields: Mapping[bytes, bytes]) -> ClientCertificate | None:
        """Return the certificate in the headers of a trusted proxy, each of which came once.

        The proxy says "SUCCESS" where it found an authority for the certificate. None without a
        certificate, and for what is not one, which is logged.
        """
        value = fields.get(self.name)
        if not value:
            return None
        der = self._read(value)
        if der is None:
            return None
        is_validated = bool(self.verified_name) and fields.get(self.verified_name) == _VERIFIED
        return ClientCertificate(der, is_validated)

    def read_pairs(self, pairs: list[tuple[bytes, bytes]]) -> ClientCertificate | None:
        """Return the certificate as `read`; None where one of the headers came twice."""
        own = [(name, value) for name, value in pairs if name in {self.name, self.verified_name}]
        fields = dict(own)
        if len(fields) < len(own):
            log.warning("certificate.unreadable", header=self.name.decode(), error="it came twice")
            return None
        return self.read(fields)

    def _read_now(self, value: bytes) -> bytes | None:
        try:
            return headers.read(self._form, value).der
        except UnusableCertificateError as error:
            log.warning("certificate.unreadable", header=self.name.decode(), error=str(error))
            return None
