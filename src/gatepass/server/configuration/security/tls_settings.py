"""The server's own TLS."""

from pathlib import Path
from typing import Self

from pydantic import Field, model_validator

from gatepass.server.configuration.section import Section


class TlsSettings(Section):
    """The server's own TLS, where no proxy in front terminates it."""

    certificate: Path | None = None
    """A PEM file with the server's certificate and those of its intermediate authorities. With it
    the ports of production, sandbox and console speak TLS only; it is read again when it changes.
    """
    key: Path | None = None
    """A PEM file with the private key of the certificate, not encrypted."""
    mtls_port: int = Field(0, ge=0, le=65535)
    """A port on which clients are asked for a certificate (RFC 8705), on the addresses of `host`;
    other ports never ask for one. 0: none."""
    client_ca: Path | None = None
    """A PEM file with the authorities whose client certificates `mtls_port` accepts; it is read
    again when it changes."""

    @property
    def is_on(self) -> bool:
        """Return whether the server speaks TLS itself."""
        return self.certificate is not None

    @model_validator(mode="after")
    def _files_belong_together(self) -> Self:
        if (self.certificate is None) != (self.key is None):
            raise ValueError("certificate and key must be given together")
        if self.mtls_port and self.certificate is None:
            raise ValueError("mtls_port needs certificate and key")
        if bool(self.mtls_port) != (self.client_ca is not None):
            raise ValueError("mtls_port and client_ca must be given together")
        return self
