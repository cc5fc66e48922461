"""Organizations: found, created, renamed, suspended, resumed."""

from typing import Annotated, Literal
from uuid import UUID

from pydantic import AwareDatetime, Field

from gatepass.server.admin.operations import effects, examples
from gatepass.server.admin.operations.model import (
    ACCOUNT_MANAGER,
    EITHER,
    Arguments,
    Call,
    Effect,
    Line,
    Operation,
    Page,
    Result,
    SecretText,
    position_of,
)
from gatepass.server.domain import organization_lifecycle
from gatepass.server.domain.organizations import operations
from gatepass.server.domain.organizations.model import Organization as Stored
from gatepass.server.domain.organizations.search import model as search
from gatepass.server.domain.organizations.search import operations as searches
from gatepass.wire.errors import OAuthError

AREA = "organizations"
State = Literal["active", "suspended"]


class Organization(Result):
    """A partner: who may log in, and whose applications get tokens, while it is active."""

    id: UUID
    name: str
    state: State
    created_at: AwareDatetime
    suspended_at: AwareDatetime | None

    @classmethod
    def of(cls, found: Stored) -> "Organization":
        """Return the organization as operators see it."""
        return cls(
            id=found.id,
            name=found.name,
            state="suspended" if found.suspended_at else "active",
            created_at=found.created_at,
            suspended_at=found.suspended_at,
        )


class Organizations(Result):
    """A page of organizations."""

    items: list[Organization]
    next_cursor: str | None


class Wanted(Page):
    """Which organizations are wanted."""

    search: Annotated[Line, Field(description="words of the name, or how they begin")] = ""
    state: Annotated[State | None, Field(description="only those")] = None


class Named(Arguments):
    """One organization."""

    org_id: UUID


class New(Arguments):
    """A new organization with its first administrator: invited by mail, or by a password."""

    name: Line
    invite: Annotated[Line | None, Field(description="email address, to invite by mail")] = None
    username: Annotated[Line | None, Field(description="of the administrator, without mail")] = None
    email: Annotated[Line | None, Field(description="with `username`: their address")] = None


class Created(Result):
    """A new organization, and the one sight of an initial password."""

    organization: Organization
    username: str | None = None
    initial_password: SecretText = None
    login_url: str
    invited: str | None = None
    invited_until: AwareDatetime | None = None


class Renamed(Named):
    """A new name."""

    name: Line


def _list(call: Call, wanted: Wanted) -> Organizations:
    found = searches.page(
        call.context,
        search.Wanted(wanted.search, wanted.state),
        limit=wanted.limit,
        after=position_of(wanted.cursor, search.read_cursor),
    )
    return Organizations(
        items=[Organization.of(each) for each in found.organizations],
        next_cursor=found.next_cursor,
    )


def _show(call: Call, named: Named) -> Organization:
    return Organization.of(operations.find(call.context, named.org_id))


def _create(call: Call, new: New) -> Created:
    if (new.invite is None) == (new.username is None) or (new.invite and new.email):
        raise OAuthError(
            "invalid_request", "Give either `invite`, or `username` with or without `email`."
        )
    if new.invite is not None:
        made, invited = organization_lifecycle.create_with_invitation(
            call.context, call.by, new.name, new.invite
        )
        return Created(
            organization=Organization.of(made),
            login_url=call.login_url,
            invited=invited.email,
            invited_until=invited.expires_at,
        )
    created = organization_lifecycle.create_with_password(
        call.context, call.initial_password(), call.by, new.name, new.username or "", new.email
    )
    return Created(
        organization=Organization.of(created.organization),
        username=created.administrator.username,
        initial_password=created.initial_password.value,
        login_url=call.login_url,
    )


def _rename(call: Call, renamed: Renamed) -> Organization:
    return Organization.of(
        organization_lifecycle.rename(call.context, call.by, renamed.org_id, renamed.name)
    )


def _suspend(call: Call, named: Named) -> Organization:
    organization_lifecycle.set_suspended(call.context, call.by, named.org_id, suspended=True)
    return _show(call, named)


def _stops(call: Call, named: Named) -> Effect:
    operations.find(call.context, named.org_id)
    return effects.of_suspension(call, named.org_id)


def _resume(call: Call, named: Named) -> Organization:
    organization_lifecycle.set_suspended(call.context, call.by, named.org_id, suspended=False)
    return _show(call, named)


_EXAMPLE = {"org_id": examples.ORGANIZATION_ID}

LIST = Operation(
    name="organization.list",
    area=AREA,
    roles=EITHER,
    method="GET",
    path="/organizations",
    input=Wanted,
    output=Organizations,
    run=_list,
    summary="List organizations, the newest first, or search them.",
    example={"search": "acme", "limit": 50},
    answer={"items": [examples.ORGANIZATION], "next_cursor": None},
)
SHOW = Operation(
    name="organization.show",
    area=AREA,
    roles=EITHER,
    method="GET",
    path="/organizations/{org_id}",
    input=Named,
    output=Organization,
    run=_show,
    summary="Return one organization.",
    example=_EXAMPLE,
    answer=examples.ORGANIZATION,
)
CREATE = Operation(
    name="organization.create",
    area=AREA,
    roles=ACCOUNT_MANAGER,
    method="POST",
    path="/organizations",
    input=New,
    output=Created,
    run=_create,
    summary="Create an organization with its first administrator.",
    description="With `invite` they get a mail and choose username and password. With `username` "
    "the answer has their initial password, once; they must change it at the first login.",
    needs_password=lambda new: new.invite is None,
    status=201,
    example={"name": "Zephyr Power", "invite": "zoe@zephyr.example"},
    answer={
        "organization": {**examples.ORGANIZATION, "name": "Zephyr Power"},
        "username": None,
        "initial_password": None,
        "login_url": examples.LOGIN_URL,
        "invited": "zoe@zephyr.example",
        "invited_until": "2026-11-09T08:30:00Z",
    },
)
RENAME = Operation(
    name="organization.rename",
    area=AREA,
    roles=ACCOUNT_MANAGER,
    method="PATCH",
    path="/organizations/{org_id}",
    input=Renamed,
    output=Organization,
    run=_rename,
    summary="Rename an organization.",
    reads=SHOW,
    example={**_EXAMPLE, "name": "Acme Energy Ltd"},
    answer={**examples.ORGANIZATION, "name": "Acme Energy Ltd"},
)
SUSPEND = Operation(
    name="organization.suspend",
    area=AREA,
    roles=EITHER,
    method="POST",
    path="/organizations/{org_id}/suspend",
    input=Named,
    output=Organization,
    run=_suspend,
    summary="Suspend an organization: no logins, no tokens; its tokens are revoked permanently.",
    effect=_stops,
    reads=SHOW,
    example=_EXAMPLE,
    answer={
        **examples.ORGANIZATION,
        "state": "suspended",
        "suspended_at": "2026-11-29T10:00:00Z",
    },
)
RESUME = Operation(
    name="organization.resume",
    area=AREA,
    roles=EITHER,
    method="POST",
    path="/organizations/{org_id}/resume",
    input=Named,
    output=Organization,
    run=_resume,
    summary="Resume a suspended organization; its earlier tokens stay revoked.",
    reads=SHOW,
    example=_EXAMPLE,
    answer=examples.ORGANIZATION,
)

OPERATIONS = (LIST, SHOW, CREATE, RENAME, SUSPEND, RESUME)
