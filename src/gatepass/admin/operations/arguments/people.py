"""What the methods of these operations take.

Written by docs/generate.py from the operations of the server.
"""

from typing import Literal, Required, TypedDict
from uuid import UUID

from gatepass.admin.arguments import Change, ConditionalChange, ConditionalCreation, Creation


class PersonList(TypedDict, total=False):
    """The arguments of `person.list`."""

    limit: int
    cursor: str
    org_id: Required[UUID | str]
    search: str
    everybody: bool


class PersonFind(TypedDict, total=False):
    """The arguments of `person.find`."""

    username: str
    email: str


class PersonShow(TypedDict, total=False):
    """The arguments of `person.show`."""

    user_id: Required[UUID | str]


class PersonAdd(Creation, total=False):
    """The arguments of `person.add`."""

    org_id: Required[UUID | str]
    username: Required[str]
    email: str | None
    role: Literal["admin", "staff", "user"]


class PersonSetRole(ConditionalChange, total=False):
    """The arguments of `person.set_role`."""

    user_id: Required[UUID | str]
    role: Required[Literal["admin", "staff", "user"]]


class PersonResetPassword(ConditionalCreation, total=False):
    """The arguments of `person.reset_password`."""

    user_id: Required[UUID | str]


class PersonResetFactors(ConditionalCreation, total=False):
    """The arguments of `person.reset_factors`."""

    user_id: Required[UUID | str]


class PersonDisable(ConditionalCreation, total=False):
    """The arguments of `person.disable`."""

    user_id: Required[UUID | str]


class PersonEnable(ConditionalCreation, total=False):
    """The arguments of `person.enable`."""

    user_id: Required[UUID | str]


class PersonEndSessions(ConditionalCreation, total=False):
    """The arguments of `person.end_sessions`."""

    user_id: Required[UUID | str]


class PersonEndAllSessions(Creation, total=False):
    """The arguments of `person.end_all_sessions`."""


class InvitationList(TypedDict, total=False):
    """The arguments of `invitation.list`."""

    org_id: Required[UUID | str]


class InvitationCreate(Creation, total=False):
    """The arguments of `invitation.create`."""

    org_id: Required[UUID | str]
    email: Required[str]
    role: Literal["admin", "staff", "user"]


class InvitationResend(Creation, total=False):
    """The arguments of `invitation.resend`."""

    org_id: Required[UUID | str]
    invitation_id: Required[UUID | str]


class InvitationRevoke(Change, total=False):
    """The arguments of `invitation.revoke`."""

    org_id: Required[UUID | str]
    invitation_id: Required[UUID | str]
