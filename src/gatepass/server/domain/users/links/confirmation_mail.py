"""Mails the link that confirms an address: whoever opens it gets the mail of that address."""

from datetime import datetime

from gatepass.server.domain.context import Context
from gatepass.server.domain.users.links import store
from gatepass.server.domain.users.model import User
from gatepass.server.domain.users.notices import mails
from gatepass.server.domain.users.notices.languages import operations as languages
from gatepass.server.storage.database import Connection


def send(
    context: Context, connection: Connection, whose: User, address: str, now: datetime
) -> None:
    """Mail a link to `address`, in the caller's transaction; nothing where no mail is sent."""
    if context.outbox.sends_mail:
        token = store.add_of_user(connection, "email", whose.id, address, now)
        values = {
            **mails.about(whose, now),
            "token": token.value,
            languages.LANGUAGE: languages.of_mail(context, connection, whose.id),
        }
        context.outbox.add_mail(connection, address, "confirm_email", values, now)
