"""The mail that a portal sends, read from a real SMTP server."""

import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from email.message import EmailMessage
from pathlib import Path

from gatepass.server.domain.users import portal_users
from gatepass.server.domain.users.links import store
from gatepass.server.environment.mail import delivery
from gatepass.testing import Clock
from server.environment.mail.smtp_server import Received, smtp_server
from server.portal.fixtures import PortalServer

_LINK = re.compile(r"https?://\S+/accounts/(?:recover|email|invitation)/\S+/$", re.MULTILINE)
_PATIENCE = 30.0  # seconds


class MailingPortal(PortalServer):
    """A portal that sends mail to an SMTP server of the test."""

    def __init__(self, data: Path, clock: Clock, received: Received, **settings: object) -> None:
        super().__init__(data, clock, **settings)
        self._received = received
        self._deliveries = [
            delivery.of_environment(self.settings, each) for each in self.app.environments
        ]

    def mails(self) -> list[EmailMessage]:
        """Return the mail that has come since the last time, once all of it is sent."""
        until = time.monotonic() + _PATIENCE
        while any(each.deliver() for each in self._deliveries) or self._is_any_due():
            assert time.monotonic() < until
        taken, self._received.mails[:] = list(self._received.mails), []
        return taken

    def paths(self, address: str) -> list[str]:
        """Return the paths of the links in the new mail to an address, in their order."""
        return [
            link.removeprefix(self.environment.issuer)
            for mail in self.mails()
            if mail["To"] == address
            for link in _LINK.findall(text_of(mail))
        ]

    def confirm(self, username: str, email: str) -> None:
        """Give somebody an address that is confirmed."""
        self.run(
            f"UPDATE person SET email = '{email}', email_key = '{email}' "
            f"WHERE username = '{username}'"
        )
        found = self.person(username)
        with self.environment.database.write() as connection:
            store.record_confirmed(connection, found.id, email, self.environment.now())

    def is_confirmed(self, username: str) -> bool | None:
        """Return whether somebody's address is confirmed."""
        return portal_users.is_confirmed(self.environment.context, self.person(username))

    def _is_any_due(self) -> bool:  # also of the server's own thread, which may be sending it
        return bool(self.rows("SELECT 1 FROM outbox WHERE due_at IS NOT NULL"))


@contextmanager
def mailing_portal(folder: Path, data: Path, clock: Clock) -> Iterator[MailingPortal]:
    """Open a portal on a data directory, with an SMTP server beside it."""
    with smtp_server(folder, tls=False) as (received, mail):
        portal = MailingPortal(data, clock, received, mail=mail)
        yield portal
        portal.close()


def text_of(mail: EmailMessage) -> str:
    """Return the text of a mail."""
    body = mail.get_body(("plain",))
    assert body
    return str(body.get_content()).replace("\r\n", "\n")
