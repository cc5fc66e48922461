"""What the methods of these operations take.

Written by docs/generate.py from the operations of the server.
"""

from typing import Literal, Required, TypedDict
from uuid import UUID

from gatepass.admin.arguments import ConditionalChange, ConditionalCreation, Creation


class OrganizationList(TypedDict, total=False):
    """The arguments of `organization.list`."""

    limit: int
    cursor: str
    search: str
    state: Literal["active", "suspended"] | None


class OrganizationShow(TypedDict, total=False):
    """The arguments of `organization.show`."""

    org_id: Required[UUID | str]


class OrganizationCreate(Creation, total=False):
    """The arguments of `organization.create`."""

    name: Required[str]
    invite: str | None
    username: str | None
    email: str | None


class OrganizationRename(ConditionalChange, total=False):
    """The arguments of `organization.rename`."""

    org_id: Required[UUID | str]
    name: Required[str]


class OrganizationSuspend(ConditionalCreation, total=False):
    """The arguments of `organization.suspend`."""

    org_id: Required[UUID | str]


class OrganizationResume(ConditionalCreation, total=False):
    """The arguments of `organization.resume`."""

    org_id: Required[UUID | str]


class PolicyShow(TypedDict, total=False):
    """The arguments of `policy.show`."""

    org_id: Required[UUID | str]


class PolicyChange(ConditionalChange, total=False):
    """The arguments of `policy.change`."""

    second_factor: Literal["optional", "required"] | None
    session_idle: int | None
    session_absolute: int | None
    registration: Literal["staff", "administrators"] | None
    single_sign_on: Literal["allowed", "required"] | None
    secret_lifetime: int | None
    leaked_secret: Literal["notify", "revoke"] | None
    leaked_secret_grace: int | None
    new_applications: Literal["secrets", "keys"] | None
    org_id: Required[UUID | str]


class PolicyChangeOperator(ConditionalChange, total=False):
    """The arguments of `policy.change_operator`."""

    second_factor: Literal["optional", "required"] | None
    session_idle: int | None
    session_absolute: int | None
    registration: Literal["staff", "administrators"] | None
    single_sign_on: Literal["allowed", "required"] | None
    secret_lifetime: int | None
    leaked_secret: Literal["notify", "revoke"] | None
    leaked_secret_grace: int | None
    new_applications: Literal["secrets", "keys"] | None


class OrganizationUsage(TypedDict, total=False):
    """The arguments of `organization.usage`."""

    org_id: Required[UUID | str]
    period: Literal["24h", "7d", "90d"]


class OrganizationRefusals(TypedDict, total=False):
    """The arguments of `organization.refusals`."""

    org_id: Required[UUID | str]
    limit: int
