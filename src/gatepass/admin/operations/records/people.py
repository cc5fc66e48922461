"""What these operations return.

Written by docs/generate.py from the operations of the server.
"""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from gatepass.admin.records import Items, Record
from gatepass.wire.secret import Secret as SecretText


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedPerson(Record):
    """A person in a list.

    `email_confirmed` is null where no mail is sent. Somebody without `has_portal_access` was made
    by a program of the organization (Partner API), and cannot log in.
    """

    id: UUID
    org_id: UUID
    username: str | None
    name: str
    email: str | None
    email_confirmed: bool | None
    pending_email: str | None
    role: str
    state: str
    has_initial_password: bool
    has_portal_access: bool
    created_at: datetime
    last_login_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundPeople(Items[ListedPerson]):
    """People who were found."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Person(Record):
    """Somebody who logs in to the portal.

    A `pending_email` is in force once it was confirmed. With an initial password that has expired
    nobody can log in until it is reset.
    """

    id: UUID
    org_id: UUID
    username: str | None
    email: str | None
    pending_email: str | None
    role: str
    state: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Access(Record):
    """A person, and the one sight of their initial password."""

    person: Person
    initial_password: SecretText | None
    login_url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RemovedFactors(Record):
    """A person, and how many second factors were removed."""

    person: Person
    removed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class EndedSessions(Record):
    """How many sessions have ended."""

    ended: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Invitation(Record):
    """An invitation by mail that was not accepted yet."""

    id: UUID
    org_id: UUID
    email: str
    role: str
    invited_by: str
    created_at: datetime
    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Invitations(Items[Invitation]):
    """The invitations of an organization, the newest first."""
