"""A report of a leaked credential, which may be any text of the right form."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal
from uuid import UUID

from gatepass.server.domain.applications.secrets.leaks.model import Channel
from gatepass.wire.secret import Secret

LONGEST_ADDRESS = 500
"""Characters of the address where a credential was found that are kept."""


@dataclass(frozen=True, slots=True)
class LeakReport:
    """What is kept of a reported credential until it was looked up; never the credential.

    Of a secret, `digest` is what is stored of secrets. Of an access token it is the token's id,
    with its expiry and its application, by `application_id` or `client_id`. A token that this
    environment did not make has neither, and its report is kept all the same, so that the time of
    the answer does not say what it was.
    """

    received_at: datetime
    source: str
    channel: Channel
    location: str
    kind: Literal["secret", "token"]
    digest: bytes
    application_id: UUID | None = None
    client_id: str = ""
    expires_at: datetime | None = None

    @property
    def is_own_token(self) -> bool:
        """Return whether it is of a token that this environment made."""
        return self.application_id is not None or bool(self.client_id)


def report_of_secret(
    secret: Secret, now: datetime, source: str, channel: Channel, location: str
) -> LeakReport:
    """Return the report of a client secret."""
    return LeakReport(now, source, channel, printable(location), "secret", secret.digest())


def report_of_token(
    token: Secret,
    made: tuple[bytes, bytes | str, int] | None,
    now: datetime,
    source: str,
    channel: Channel,
    location: str,
) -> LeakReport:
    """Return the report of an access token; `made` are id, application and expiry (seconds)."""
    location = printable(location)
    if made is None:
        return LeakReport(now, source, channel, location, "token", token.digest())
    token_id, application, expires_at = made
    return LeakReport(
        now,
        source,
        channel,
        location,
        "token",
        token_id,
        application_id=UUID(bytes=application) if isinstance(application, bytes) else None,
        client_id=application if isinstance(application, str) else "",
        expires_at=datetime.fromtimestamp(expires_at, UTC),
    )


def printable(address: str) -> str:
    """Return an address as any log, mail and database can keep it."""
    return "".join(char if char.isprintable() else "?" for char in address[:LONGEST_ADDRESS])
