"""The thread that sends an environment's mail. Several processes may run it: each mail is one's."""

import threading
from collections.abc import Sequence
from datetime import datetime

import structlog

from gatepass.server.configuration.branding.brand import Brand
from gatepass.server.configuration.mail_settings import MailSettings
from gatepass.server.configuration.settings import Settings
from gatepass.server.domain.changes.outbox.model import LEASE, Message
from gatepass.server.domain.context import Context
from gatepass.server.domain.users.links import recovery
from gatepass.server.environment.change_follower import STOP_WITHIN
from gatepass.server.environment.environment import Environment
from gatepass.server.environment.mail.content import Site
from gatepass.server.environment.mail.messages import KINDS
from gatepass.server.environment.mail.rendering import render
from gatepass.server.environment.mail.smtp import (
    ConnectionFailedError,
    RefusedError,
    SmtpConnection,
)
from gatepass.server.storage.errors import DatabaseAwayError

_LOOK_EVERY = 2.0  # seconds
_AT_ONCE = 20  # mails over one connection
_LARGEST_LOGO = 64 * 1024  # bytes, which are in each mail

log = structlog.get_logger("gatepass.server")


def site_of(settings: Settings, environment: Environment) -> Site:
    """Return what mails of an environment say about it and about the operator."""
    brand = environment.brand
    return Site(
        brand.name,
        settings.operator.address,
        brand.support,
        environment.name,
        environment.issuer,
        colours=brand.colours if brand.stylesheet else {},
        languages=environment.languages,
        logo=_logo(brand),
    )


def _logo(brand: Brand) -> bytes:
    """Return the logo if mail programs can show it: they show no SVG."""
    file = brand.files.get(brand.logo)
    is_shown = file and file.media_type == "image/png" and len(file.content) <= _LARGEST_LOGO
    return file.content if file and is_shown else b""


def of_environment(settings: Settings, environment: Environment) -> "MailDelivery":
    """Return the delivery of an environment's mail."""
    site = site_of(settings, environment)
    return MailDelivery(environment.context, site, settings.mail)


class MailDelivery:
    """Sends what is due in an outbox, and answers requests in it, as long as it runs."""

    def __init__(self, context: Context, site: Site, settings: MailSettings) -> None:
        self._context = context
        self._outbox = context.outbox
        self._site = site
        self._settings = settings
        self._now = context.now
        self._stop = threading.Event()
        self._is_failing = False
        self._thread = threading.Thread(
            target=self._run, name=f"mail {site.environment}", daemon=True
        )

    def start(self) -> None:
        """Begin to send."""
        self._thread.start()

    def stop(self) -> None:
        """Ask the thread to end after the mail that it is sending."""
        self._stop.set()

    def wait(self) -> None:
        """Wait for that, not longer than `STOP_WITHIN`; the rest is sent later."""
        self._thread.join(STOP_WITHIN)

    def deliver(self) -> int:
        """Send what is due, a number of mails at most; return how many were tried.

        Raises DatabaseAwayError.
        """
        for asked in self._outbox.claim("request", {recovery.REQUEST}, self._now(), _AT_ONCE):
            self._answer(asked)
        claimed_at = self._now()
        messages = self._outbox.claim("mail", KINDS, claimed_at, _AT_ONCE)
        if messages:
            try:
                self._send(messages, claimed_at)
            except ConnectionFailedError as error:
                self._log_unavailable(str(error))
            else:
                self._is_failing = False
        return len(messages)

    def _answer(self, asked: Message) -> None:
        try:
            recovery.answer(self._context, asked)
        except DatabaseAwayError:
            raise
        except Exception as error:  # of this request, which holds up no mail
            log.exception("mail.not_answered", environment=self._site.environment, id=asked.id)
            self._outbox.settle(asked, self._now(), type(error).__name__)

    def _run(self) -> None:
        pause = 0.0
        while not self._stop.wait(pause):
            try:
                pause = 0.0 if self.deliver() == _AT_ONCE else _LOOK_EVERY
            except DatabaseAwayError:
                pause = _LOOK_EVERY
            except Exception:
                log.exception("mail.delivery_failed", environment=self._site.environment)
                pause = _LOOK_EVERY

    def _send(self, messages: Sequence[Message], claimed_at: datetime) -> None:
        """Send mails over one connection; those that it does not take are tried again later."""
        left = list(messages)
        try:
            with SmtpConnection(self._settings) as connection:
                while left and not self._stop.is_set() and self._now() < claimed_at + LEASE / 2:
                    self._send_one(connection, left[0])
                    left.pop(0)
            self._outbox.release(left, self._now())
        except ConnectionFailedError as error:
            for message in left:
                self._settle(message, str(error))
            raise

    def _send_one(self, connection: SmtpConnection, message: Message) -> None:
        try:
            mail = render(message, self._site, self._settings)
        except Exception as error:  # of this mail, which holds up no other
            log.exception("mail.not_written", environment=self._site.environment, id=message.id)
            self._settle(message, f"it cannot be written: {type(error).__name__}", is_final=True)
            return
        try:
            connection.send(mail, message.address)
        except RefusedError as error:
            self._settle(message, str(error), is_final=error.is_final)
        else:
            self._settle(message)

    def _settle(self, message: Message, error: str = "", *, is_final: bool = False) -> None:
        state = self._outbox.settle(message, self._now(), error, is_final=is_final)
        about = {"environment": self._site.environment, "id": message.id, "kind": message.kind}
        if state == "sent":
            log.info("mail.sent", **about)
        elif state == "failed":
            log.error("mail.failed", error=error, attempts=message.attempts, **about)

    def _log_unavailable(self, error: str) -> None:
        """Log the first failure of several in a row."""
        if not self._is_failing:
            self._is_failing = True
            log.error("mail.unavailable", environment=self._site.environment, error=error)


def send_test(settings: Settings, environment: Environment, address: str) -> None:
    """Send a test mail at once; raise ConnectionFailedError or RefusedError where it cannot be."""
    now = environment.now()
    message = Message(0, "mail", "test", address, now, now, attempts=1)
    mail = render(message, site_of(settings, environment), settings.mail)
    with SmtpConnection(settings.mail) as connection:
        connection.send(mail, address)
