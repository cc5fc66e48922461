"""Sends mail to an SMTP server (RFC 5321), over TLS unless the settings say otherwise."""

import smtplib
import ssl
from email.message import EmailMessage
from types import TracebackType
from typing import Self

from gatepass.server.configuration.mail_settings import MailSettings

_TIMEOUT = 10.0  # seconds for connecting, and for each answer
_PERMANENT = 500  # RFC 5321 §4.2.1: codes from here on are final


class ConnectionFailedError(Exception):
    """The SMTP server cannot be used at the moment, for any mail; the message says why."""


class RefusedError(Exception):
    """The SMTP server refused one mail; `is_final`: it would refuse it again."""

    def __init__(self, reason: str, *, is_final: bool) -> None:
        super().__init__(reason)
        self.is_final = is_final


class SmtpConnection:
    """A connection to the SMTP server, opened by `with`; raises ConnectionFailedError."""

    def __init__(self, settings: MailSettings) -> None:
        self._settings = settings
        self._smtp: smtplib.SMTP | None = None

    def __enter__(self) -> Self:
        """Connect, begin TLS and authenticate."""
        settings = self._settings
        host, port = settings.server
        try:
            if settings.security == "tls":
                context = _tls(settings)
                self._smtp = smtplib.SMTP_SSL(host, port, timeout=_TIMEOUT, context=context)
            else:
                self._smtp = smtplib.SMTP(host, port, timeout=_TIMEOUT)
            if settings.security == "starttls":
                self._smtp.starttls(context=_tls(settings))
            if settings.username:
                self._smtp.login(settings.username, settings.password.get_secret_value())
        except (OSError, smtplib.SMTPException) as error:
            self._close()
            raise ConnectionFailedError(_reason(error)) from None
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Close the connection."""
        self._close()

    def send(self, mail: EmailMessage, recipient: str) -> None:
        """Send a mail; raise RefusedError or ConnectionFailedError where it was not taken."""
        if self._smtp is None:
            raise ConnectionFailedError("the connection is closed")
        try:
            self._smtp.send_message(mail, self._settings.sender, [recipient])
        except smtplib.SMTPRecipientsRefused as error:
            code, _ = error.recipients[recipient]
            raise RefusedError(_reason(error), is_final=code >= _PERMANENT) from None
        except smtplib.SMTPDataError as error:
            is_final = error.smtp_code >= _PERMANENT
            raise RefusedError(_reason(error), is_final=is_final) from None
        except smtplib.SMTPNotSupportedError as error:  # an address that is not ASCII (RFC 6531)
            raise RefusedError(_reason(error), is_final=True) from None
        except (OSError, smtplib.SMTPException) as error:
            self._close()
            raise ConnectionFailedError(_reason(error)) from None

    def _close(self) -> None:
        smtp, self._smtp = self._smtp, None
        if smtp is None:
            return
        try:
            smtp.quit()
        except (OSError, smtplib.SMTPException):
            smtp.close()


def _tls(settings: MailSettings) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=settings.ca_file or None)
    except OSError as error:
        raise OSError(f"mail.ca_file cannot be read: {error.strerror or error}") from None


def _reason(error: Exception) -> str:
    """Return in one printable line what the server or the network said."""
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        ((code, said),) = error.recipients.values()
        return _line(f"{code} {_text(said)}")
    if isinstance(error, smtplib.SMTPResponseException):
        return _line(f"{error.smtp_code} {_text(error.smtp_error)}")
    return _line(f"{type(error).__name__}: {error}")


def _text(said: bytes | str) -> str:
    return said.decode("utf-8", "replace") if isinstance(said, bytes) else said


def _line(text: str) -> str:
    return "".join(each if each.isprintable() else " " for each in " ".join(text.split()))
