"""A client certificate in files (RFC 8705), read again when it was renewed on disk."""

import logging
import ssl
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from threading import Lock
from typing import Any, TypeAlias

from gatepass.client import variables as env
from gatepass.client.errors import ConfigurationError, cleaned
from gatepass.client.keys import validity
from gatepass.client.keys.validity import Validity
from gatepass.client.network.certificate_authorities import trust
from gatepass.jose import base64url

_log = logging.getLogger("gatepass.client")

_ENCRYPTED = ("ENCRYPTED PRIVATE KEY", "Proc-Type: 4,ENCRYPTED")

_State: TypeAlias = tuple[tuple[int, int, int], ...]  # of the files: changes when one is replaced


@dataclass(frozen=True, slots=True)
class ClientCertificate:
    """The certificate (and those between it and its issuer) and the private key, in PEM.

    `key_file` may be empty where `cert_file` has both.
    """

    cert_file: str
    key_file: str = ""

    def context(self, ca_file: str = "") -> ssl.SSLContext:
        """Return a context for connections with the certificate; raise ConfigurationError.

        A new connection has the pair of files that are there then; a pair that does not fit, as
        while they are replaced one after the other, is not used. It trusts as `trusted` does.
        """
        context = _RenewingContext(ssl.PROTOCOL_TLS_CLIENT)
        trust(context, ca_file)
        context.start(self)
        return context

    def load(self, context: ssl.SSLContext) -> None:
        """Let connections of `context` have the certificate; raise ConfigurationError."""
        where = f"the client certificate {cleaned(self.cert_file)} ({env.CLIENT_CERT})"
        try:
            # Without a password OpenSSL would ask for that of an encrypted key at the terminal.
            context.load_cert_chain(self.cert_file, self.key_file or None, lambda: "")
        except ssl.SSLError as error:
            raise ConfigurationError(f"{where} cannot be used: {self._reason(error)}") from None
        except OSError as error:
            raise ConfigurationError(
                f"{where} or its key cannot be read ({error.strerror}): check paths and rights"
            ) from None
        except ValueError:  # a NUL in a path, or a password that is refused
            raise ConfigurationError(f"{where} or its key cannot be used: check both") from None

    def check(self) -> None:
        """Raise ConfigurationError where certificate and key cannot be used together."""
        self.load(ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT))

    def thumbprint(self) -> str:
        """Return `x5t#S256` of the certificate (RFC 8705 §3.1), empty where it cannot be read."""
        der = self._der()
        return base64url.encode(sha256(der).digest()) if der else ""

    def validity(self) -> Validity | None:
        """Return from when to when the certificate is valid, None where that cannot be read."""
        return validity.read(self._der())

    def state(self) -> _State:
        """Return what changes when a file is replaced; raise OSError."""
        files = [Path(path).stat() for path in (self.cert_file, self.key_file) if path]
        return tuple((each.st_ino, each.st_mtime_ns, each.st_size) for each in files)

    def _der(self) -> bytes:
        """Return the certificate in DER, nothing where it cannot be read."""
        text = _text(self.cert_file)
        try:
            begin = text.index(ssl.PEM_HEADER)
            end = text.index(ssl.PEM_FOOTER, begin) + len(ssl.PEM_FOOTER)
            return ssl.PEM_cert_to_DER_cert(text[begin:end])
        except ValueError:
            return b""

    def _reason(self, error: ssl.SSLError) -> str:
        """Return why the pair cannot be used; OpenSSL gives Python few reasons."""
        key = _text(self.key_file or self.cert_file)
        if "MISMATCH" in (error.reason or ""):
            return "the private key is of another certificate; give the pair"
        if any(mark in key for mark in _ENCRYPTED):
            return "the private key is encrypted; give it without a passphrase"
        if ssl.PEM_HEADER not in _text(self.cert_file):
            return "there is no certificate in PEM in the file; convert it if it is DER or PKCS #12"
        if "PRIVATE KEY-----" in key:
            return "certificate or private key are damaged; give both in PEM"
        if self.key_file:
            return f"there is no private key in PEM in {cleaned(self.key_file)} ({env.CLIENT_KEY})"
        return f"there is no private key in the file; add it, or name its file in {env.CLIENT_KEY}"


class _RenewingContext(ssl.SSLContext):
    """A context that loads its certificate again before a connection, if the files changed."""

    def start(self, certificate: ClientCertificate) -> None:
        self._renewal = Lock()
        self._certificate = certificate
        self._loaded: _State | None = None
        self._refused: _State | None = None
        certificate.check()
        self._load(certificate.state())

    def wrap_socket(self, *arguments: Any, **named: Any) -> ssl.SSLSocket:  # noqa: ANN401 - its own
        self._renew()
        return super().wrap_socket(*arguments, **named)

    def wrap_bio(self, *arguments: Any, **named: Any) -> ssl.SSLObject:  # noqa: ANN401 - its own
        self._renew()
        return super().wrap_bio(*arguments, **named)

    def _renew(self) -> None:
        """Load the pair if it changed; keep the last one where the new one cannot be used."""
        try:
            state = self._certificate.state()
        except OSError:  # a file is missing while it is replaced
            return
        if state == self._loaded:
            return
        with self._renewal:
            try:
                self._certificate.check()  # a half of a pair must not reach this context
                self._load(state)
            except ConfigurationError as error:
                if state != self._refused:
                    self._refused = state
                    _log.warning("client certificate not renewed, the last one is used: %s", error)

    def _load(self, state: _State) -> None:
        self._certificate.load(self)
        self._loaded = state


def _text(path: str) -> str:
    """Return the text of a file, nothing where it cannot be read."""
    try:
        return Path(path).read_text(encoding="ascii", errors="replace")
    except (OSError, ValueError):
        return ""
