"""The endpoints: each reads its parameters, runs an operation and returns the result."""

from typing import Annotated
from urllib.parse import urlencode
from uuid import UUID, uuid4

from fastapi import Depends, Query, Response
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from gatepass.server.domain.organizations import operations as organizations
from gatepass.server.domain.users import operations as users
from gatepass.server.domain.users.model import Role
from gatepass.server.domain.users.model import User as StoredUser
from gatepass.server.partner_api import cursor, request_body
from gatepass.server.partner_api.access import Caller, Id, Reader, Writer, identifier
from gatepass.server.partner_api.schemas import Filter, NewUser, User, UserChange, UserPage

DEFAULT_LIMIT = 50
LARGEST_LIMIT = 200

Cursor = Annotated[str, Field(pattern=cursor.PATTERN)]
Created = Annotated[NewUser, Depends(request_body.of(NewUser, request_body.JSON))]
Changed = Annotated[
    UserChange, Depends(request_body.of(UserChange, request_body.JSON, request_body.MERGE_PATCH))
]


class Organization(BaseModel):
    """The organization that the calling application belongs to."""

    model_config = ConfigDict(from_attributes=True, frozen=True)

    id: UUID
    name: str
    created_at: AwareDatetime


class Wanted(BaseModel):
    """The filters of a list of users; a user must match all of them.

    A filter that is left out does not apply; only the default of `limit` is used.
    """

    model_config = ConfigDict(frozen=True)

    limit: int = Field(DEFAULT_LIMIT, ge=1, le=LARGEST_LIMIT)
    cursor: Cursor = Field(default_factory=str, description="`next_cursor`, as it was given")
    role: Role = Field(default_factory=lambda: "user")
    email: Filter = Field(default_factory=str, description="exactly, in whatever case")
    external_user_id: Filter = Field(default_factory=str, description="exactly")

    def filters(self) -> dict[str, str]:
        """Return the filters that are set."""
        return self.model_dump(include={"role", "email", "external_user_id"}, exclude_unset=True)


def get_organization(caller: Reader) -> Organization:
    """Return the organization."""
    return Organization.model_validate(
        organizations.find(caller.environment.context, caller.org_id)
    )


def list_users(caller: Reader, wanted: Annotated[Wanted, Query()], response: Response) -> UserPage:
    """Return users, oldest first, in pages.

    A user who existed when the first page was read appears exactly once, whatever is added or
    deleted meanwhile. The URL of the next page is also in the Link header (RFC 8288).
    """
    found, has_more = users.page(
        caller.environment.context,
        caller.org_id,
        where=wanted.filters(),
        after=cursor.read(wanted.cursor) if wanted.cursor else None,
        limit=wanted.limit,
    )
    following = cursor.write(found[-1]) if has_more else None
    if following:
        query = urlencode({**wanted.filters(), "limit": wanted.limit, "cursor": following})
        response.headers["Link"] = f'<{_address(caller)}?{query}>; rel="next"'
    return UserPage(items=[User.of(user) for user in found], next_cursor=following)


def create_user(caller: Writer, sent: Created, response: Response) -> User:
    """Create a user without access to the portal; an administrator can grant it there."""
    now = caller.environment.now()
    new = StoredUser(uuid4(), caller.org_id, created_at=now, updated_at=now, **sent.model_dump())
    user = users.add(caller.environment.context, caller.actor, new)
    response.headers["Location"] = f"{_address(caller)}/{user.id}"
    return User.of(user)


def get_user(caller: Reader, user_id: Id) -> User:
    """Return one user."""
    return User.of(users.find(caller.environment.context, caller.org_id, identifier(user_id)))


def replace_user(caller: Writer, user_id: Id, sent: Created) -> User:
    """Replace a user: fields that are left out become null.

    Changing the role or email of a user who logs in to the portal also requires the scope
    `portal_users`; the new email is in `pending_email` until it is confirmed.
    """
    return _change(caller, user_id, sent.model_dump())


def change_user(caller: Writer, user_id: Id, sent: Changed) -> User:
    """Change the fields that are sent and keep the rest (RFC 7396).

    Changing the role or email of a user who logs in to the portal also requires the scope
    `portal_users`; the new email is in `pending_email` until it is confirmed.
    """
    return _change(caller, user_id, sent.model_dump(exclude_unset=True))


def delete_user(caller: Writer, user_id: Id) -> None:
    """Delete a user; for one who logs in to the portal, this also requires `portal_users`."""
    users.remove(
        caller.environment.context,
        caller.actor,
        caller.org_id,
        identifier(user_id),
        may_change_portal_users=caller.may_change_portal_users,
    )


def _change(caller: Caller, user_id: str, values: dict[str, object]) -> User:
    environment, org_id, person_id = caller.environment, caller.org_id, identifier(user_id)
    if not values:
        return User.of(users.find(environment.context, org_id, person_id))
    changed = users.change(
        environment.context,
        caller.actor,
        org_id,
        person_id,
        values,
        may_change_portal_users=caller.may_change_portal_users,
    )
    return User.of(changed)


def _address(caller: Caller) -> str:
    return f"{caller.environment.partner_api}/org/{caller.org_id}/users"
