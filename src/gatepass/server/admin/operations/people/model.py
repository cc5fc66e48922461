"""What operations on people take and return."""

from collections.abc import Sequence
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import AwareDatetime, Field

from gatepass.server.admin.operations.model import (
    Arguments,
    Call,
    Line,
    Page,
    Result,
    SecretText,
)
from gatepass.server.domain.users import portal_users
from gatepass.server.domain.users.invitations.model import Invitation as StoredInvitation
from gatepass.server.domain.users.model import Role, User, has_expired_password
from gatepass.wire.secret import Secret

AREA = "people"
PersonState = Literal["active", "disabled", "initial_password_expired"]


class Person(Result):
    """Somebody who logs in to the portal.

    A `pending_email` is in force once it was confirmed. With an initial password that has expired
    nobody can log in until it is reset.
    """

    id: UUID
    org_id: UUID
    username: str | None
    email: str | None
    pending_email: str | None
    role: Role
    state: PersonState

    @classmethod
    def of(cls, call: Call, found: User) -> "Person":
        """Return the person as operators see them."""
        return cls(**_known(call, found))


class ListedPerson(Result):
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
    role: Role
    state: PersonState
    has_initial_password: bool
    has_portal_access: bool
    created_at: AwareDatetime
    last_login_at: AwareDatetime | None

    @classmethod
    def each(cls, call: Call, found: Sequence[User]) -> "list[ListedPerson]":
        """Return people as operators see them."""
        confirmed = portal_users.confirmed(call.context, found)
        return [
            cls(
                **_known(call, each),
                name=each.full_name,
                email_confirmed=None if confirmed is None else each.id in confirmed,
                has_initial_password=each.must_change_password
                and each.initial_password_at is not None,
                has_portal_access=each.has_portal_access,
                created_at=each.created_at,
                last_login_at=each.last_login_at,
            )
            for each in found
        ]


def _known(call: Call, found: User) -> dict[str, Any]:
    return {
        "id": found.id,
        "org_id": found.org_id,
        "username": found.username,
        "email": found.email,
        "pending_email": found.pending_email,
        "role": found.role,
        "state": _state(call, found),
    }


def _state(call: Call, found: User) -> PersonState:
    if found.disabled_at:
        return "disabled"
    expired = has_expired_password(found, call.context.now())
    return "initial_password_expired" if expired else "active"


class People(Result):
    """A page of people."""

    items: list[ListedPerson]
    next_cursor: str | None


class PeopleOf(Page):
    """Which people of an organization are wanted."""

    org_id: UUID
    search: Annotated[Line, Field(description="a part of the username, name or address")] = ""
    everybody: Annotated[bool, Field(description="also those without access to the portal")] = False


class WantedPerson(Arguments):
    """Whom somebody looks for, in all organizations: by username or by address."""

    username: Annotated[Line, Field(description="the whole username")] = ""
    email: Annotated[Line, Field(description="the whole address")] = ""


class FoundPeople(Result):
    """People who were found."""

    items: list[ListedPerson]


class OnePerson(Arguments):
    """One person."""

    user_id: UUID


class NewPerson(Arguments):
    """A new user of an organization, who logs in with an initial password."""

    org_id: UUID
    username: Line
    email: Line | None = None
    role: Role = "staff"


class Access(Result):
    """A person, and the one sight of their initial password."""

    person: Person
    initial_password: SecretText = None
    login_url: str

    @classmethod
    def of(cls, call: Call, person: Person, password: Secret) -> "Access":
        """Return the access of a person."""
        return cls(person=person, initial_password=password.value, login_url=call.login_url)


class NewRole(OnePerson):
    """Another role."""

    role: Role


class RemovedFactors(Result):
    """A person, and how many second factors were removed."""

    person: Person
    removed: int


class EndedSessions(Result):
    """How many sessions have ended."""

    ended: int


class Invitation(Result):
    """An invitation by mail that was not accepted yet."""

    id: UUID
    org_id: UUID
    email: str
    role: Role
    invited_by: str
    created_at: AwareDatetime
    expires_at: AwareDatetime

    @classmethod
    def of(cls, found: StoredInvitation) -> "Invitation":
        """Return the invitation as operators see it."""
        return cls.model_validate(found)


class Invitations(Result):
    """The invitations of an organization, the newest first."""

    items: list[Invitation]


class InvitationsOf(Arguments):
    """An organization whose invitations are wanted."""

    org_id: UUID


class OneInvitation(InvitationsOf):
    """One invitation."""

    invitation_id: UUID


class NewInvitation(InvitationsOf):
    """Whom to invite."""

    email: Line
    role: Role = "staff"
