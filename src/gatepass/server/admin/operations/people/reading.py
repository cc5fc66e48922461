"""People: listed, found, shown."""

import re

from gatepass.server.admin.operations import examples, partners
from gatepass.server.admin.operations.model import EITHER, Call, Operation, position_of
from gatepass.server.admin.operations.people.model import (
    AREA,
    FoundPeople,
    ListedPerson,
    OnePerson,
    People,
    PeopleOf,
    Person,
    WantedPerson,
)
from gatepass.server.domain.users import operations
from gatepass.server.domain.users.model import User
from gatepass.server.domain.users.store import After
from gatepass.server.partner_api import cursor
from gatepass.server.storage.errors import NotFoundError
from gatepass.wire.errors import OAuthError

_LISTED = {
    **examples.PERSON,
    "name": "Anna Berg",
    "email_confirmed": True,
    "has_initial_password": False,
    "has_portal_access": True,
    "created_at": "2026-11-02T08:30:00Z",
    "last_login_at": "2026-11-28T07:12:44Z",
}


def read_cursor(text: str) -> After | None:
    """Return the position of a cursor, None for an empty text; raise ValueError for no cursor."""
    if not text:
        return None
    if not re.fullmatch(cursor.PATTERN, text):
        raise ValueError("not a cursor")
    return cursor.read(text)


def _list(call: Call, wanted: PeopleOf) -> People:
    partners.organization(call, wanted.org_id)
    found, has_more = operations.page(
        call.context,
        wanted.org_id,
        where={"search": wanted.search} if wanted.search else {},
        after=position_of(wanted.cursor, read_cursor),
        limit=wanted.limit,
        only_portal=not wanted.everybody,
    )
    return People(
        items=ListedPerson.each(call, found),
        next_cursor=cursor.write(found[-1]) if has_more else None,
    )


def _find(call: Call, wanted: WantedPerson) -> FoundPeople:
    if bool(wanted.username) == bool(wanted.email):
        raise OAuthError("invalid_request", "Give either `username` or `email`.")
    if wanted.email:
        found = operations.with_portal_email(call.context, wanted.email)
    else:
        one = operations.find_anywhere(call.context, wanted.username)
        found = [one] if one else []
    here = [each for each in found if _is_here(call, each)]
    return FoundPeople(items=ListedPerson.each(call, here))


def _is_here(call: Call, found: User) -> bool:
    try:
        partners.person(call, found.id)
    except NotFoundError:
        return False
    return True


def show(call: Call, one: OnePerson) -> Person:
    """Return a person as operators see them."""
    return Person.of(call, partners.person(call, one.user_id))


LIST = Operation(
    name="person.list",
    area=AREA,
    roles=EITHER,
    method="GET",
    path="/organizations/{org_id}/people",
    input=PeopleOf,
    output=People,
    run=_list,
    summary="List the people of an organization, the oldest first.",
    description="Without `everybody` these are the people who log in to the portal.",
    example={"org_id": examples.ORGANIZATION_ID, "search": "anna"},
    answer={"items": [_LISTED], "next_cursor": None},
)
FIND = Operation(
    name="person.find",
    area=AREA,
    roles=EITHER,
    method="GET",
    path="/people",
    input=WantedPerson,
    output=FoundPeople,
    run=_find,
    summary="Find people by username or address, of whatever organization.",
    example={"username": "anna"},
    answer={"items": [_LISTED]},
)
SHOW = Operation(
    name="person.show",
    area=AREA,
    roles=EITHER,
    method="GET",
    path="/people/{user_id}",
    input=OnePerson,
    output=Person,
    run=show,
    summary="Return one person.",
    example={"user_id": examples.PERSON_ID},
    answer=examples.PERSON,
)

OPERATIONS = (LIST, FIND, SHOW)
