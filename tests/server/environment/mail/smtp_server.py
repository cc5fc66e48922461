"""A real SMTP server on loopback (aiosmtpd), that keeps what it gets and answers as it is told."""

import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from client.tls_server import Issued, issue

USERNAME, PASSWORD = "gatepass", "mail-passphrase-of-the-tests"


@dataclass
class Received:
    """What came, and what is answered: to a recipient, and to the end of the data."""

    mails: list[EmailMessage] = field(default_factory=list)
    over_tls: list[bool] = field(default_factory=list)
    to_recipient: dict[str, str] = field(default_factory=dict)
    to_data: str = "250 taken"

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's name
        self,
        _server: SMTP,
        _session: Session,
        envelope: Envelope,
        address: str,
        _options: list[str],
    ) -> str:
        answer = self.to_recipient.get(address, "250 OK")
        if answer.startswith("250"):
            envelope.rcpt_tos.append(address)
        return answer

    async def handle_DATA(self, _server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        if self.to_data.startswith("250"):
            content = envelope.content
            assert isinstance(content, bytes)
            mail = message_from_bytes(content, policy=default)
            assert isinstance(mail, EmailMessage)
            self.mails.append(mail)
            self.over_tls.append(session.ssl is not None)
        return self.to_data


class OnFreePort(Controller):
    """Listens on a free port."""

    def _trigger_server(self) -> None:
        listening: Any = self.server
        self.port = listening.sockets[0].getsockname()[1]
        super()._trigger_server()  # type: ignore[no-untyped-call]


@contextmanager
def smtp_server(
    folder: Path, *, tls: bool = True, needs_password: bool = False, host: str = "127.0.0.1"
) -> Iterator[tuple[Received, dict[str, Any]]]:
    """Run a server; give what it gets, and the settings of mail that lead to it."""
    received = Received()
    given: dict[str, Any] = {"security": "none"}
    options: dict[str, Any] = {}
    if tls:
        context, authority = _certificate(folder, host)
        options = {"tls_context": context, "require_starttls": True}
        given = {"security": "starttls", "ca_file": str(authority)}
    if needs_password:
        options |= {
            "authenticator": _authenticate,
            "auth_required": True,
            "auth_require_tls": tls,
        }
        given |= {"username": USERNAME, "password": PASSWORD}
    controller = OnFreePort(received, hostname="127.0.0.1", port=0, **options)
    controller.start()
    try:
        mail = {"host": "127.0.0.1", "port": controller.port, "sender": "partners@acme.example"}
        yield received, mail | given
    finally:
        controller.stop()


def _authenticate(
    _server: SMTP, _session: Session, _envelope: Envelope, _mechanism: str, data: object
) -> AuthResult:
    is_right = (
        isinstance(data, LoginPassword)
        and data.login == USERNAME.encode()
        and data.password == PASSWORD.encode()
    )
    return AuthResult(success=is_right, handled=False)


def _certificate(folder: Path, host: str) -> tuple[ssl.SSLContext, Path]:
    authority = issue("Authority of the tests")
    server: Issued = issue("mail", authority, host)
    files = folder / "mail.pem", folder / "mail.key", folder / "mail-authority.pem"
    files[0].write_bytes(server.pem)
    key = server.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    files[1].write_bytes(key)
    files[2].write_bytes(authority.pem)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(files[0], files[1])
    return context, files[2]
