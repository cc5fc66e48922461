"""People: added, reset, disabled, and what they may do."""

from gatepass.server.admin.operations import effects, examples, partners
from gatepass.server.admin.operations.model import (
    ACCOUNT_MANAGER,
    EITHER,
    SECURITY,
    Arguments,
    Call,
    Operation,
)
from gatepass.server.admin.operations.people.model import (
    AREA,
    Access,
    EndedSessions,
    NewPerson,
    NewRole,
    OnePerson,
    Person,
    RemovedFactors,
)
from gatepass.server.admin.operations.people.reading import SHOW, show
from gatepass.server.domain.users import initial_passwords, operations
from gatepass.server.domain.users.factors import operations as factors

_EXAMPLE = {"user_id": examples.PERSON_ID}
_ACCESS = {
    "person": examples.PERSON,
    "initial_password": "kobu-3nep-tira-8vod-mesu",
    "login_url": examples.LOGIN_URL,
}


def _add(call: Call, new: NewPerson) -> Access:
    partners.organization(call, new.org_id)
    added, password = initial_passwords.add_with_access(
        call.context,
        call.by,
        new.org_id,
        username=new.username,
        email=new.email,
        role=new.role,
        initial=call.initial_password(),
    )
    return Access.of(call, Person.of(call, added), password)


def _set_role(call: Call, new: NewRole) -> Person:
    found = partners.person(call, new.user_id)
    operations.set_role(call.context, call.by, found.org_id, found.id, new.role)
    return show(call, new)


def _reset_password(call: Call, one: OnePerson) -> Access:
    found = partners.person(call, one.user_id)
    _, password = initial_passwords.give_access(
        call.context, call.by, found.org_id, found.id, None, initial=call.initial_password()
    )
    return Access.of(call, show(call, one), password)


def _reset_factors(call: Call, one: OnePerson) -> RemovedFactors:
    found = partners.person(call, one.user_id)
    removed = factors.reset(call.context, call.by, found.org_id, found.id)
    return RemovedFactors(person=show(call, one), removed=removed)


def _disable(call: Call, one: OnePerson) -> Person:
    return _set_enabled(call, one, enabled=False)


def _enable(call: Call, one: OnePerson) -> Person:
    return _set_enabled(call, one, enabled=True)


def _set_enabled(call: Call, one: OnePerson, *, enabled: bool) -> Person:
    found = partners.person(call, one.user_id)
    operations.set_enabled(call.context, call.by, found.org_id, found.id, enabled=enabled)
    return show(call, one)


def _end_sessions(call: Call, one: OnePerson) -> Person:
    found = partners.person(call, one.user_id)
    operations.end_sessions(call.context, call.by, found.org_id, found.id)
    return show(call, one)


def _end_all(call: Call, _: Arguments) -> EndedSessions:
    return EndedSessions(ended=operations.end_all_sessions(call.context, call.by))


ADD = Operation(
    name="person.add",
    area=AREA,
    roles=ACCOUNT_MANAGER,
    method="POST",
    path="/organizations/{org_id}/people",
    input=NewPerson,
    output=Access,
    run=_add,
    summary="Add a user to an organization, with an initial password.",
    description="The answer has their initial password, once; they must change it at the first "
    "login.",
    needs_password=lambda _: True,
    status=201,
    example={
        "org_id": examples.ORGANIZATION_ID,
        "username": "carla",
        "email": "carla@acme.example",
        "role": "admin",
    },
    answer=_ACCESS,
)
SET_ROLE = Operation(
    name="person.set_role",
    area=AREA,
    roles=ACCOUNT_MANAGER,
    method="PUT",
    path="/people/{user_id}/role",
    input=NewRole,
    output=Person,
    run=_set_role,
    summary="Change somebody's role; the last administrator keeps theirs.",
    reads=SHOW,
    example={**_EXAMPLE, "role": "staff"},
    answer={**examples.PERSON, "role": "staff"},
)
RESET_PASSWORD = Operation(
    name="person.reset_password",
    area=AREA,
    roles=ACCOUNT_MANAGER,
    method="POST",
    path="/people/{user_id}/reset-password",
    input=OnePerson,
    output=Access,
    run=_reset_password,
    summary="Set an initial password for somebody who lost theirs; their sessions end.",
    needs_password=lambda _: True,
    effect=effects.of_password_reset,
    reads=SHOW,
    example=_EXAMPLE,
    answer=_ACCESS,
)
RESET_FACTORS = Operation(
    name="person.reset_factors",
    area=AREA,
    roles=ACCOUNT_MANAGER,
    method="POST",
    path="/people/{user_id}/reset-factors",
    input=OnePerson,
    output=RemovedFactors,
    run=_reset_factors,
    summary="Remove all second factors of somebody who lost them; their sessions end.",
    effect=effects.of_factor_reset,
    reads=SHOW,
    example=_EXAMPLE,
    answer={"person": examples.PERSON, "removed": 1},
)
DISABLE = Operation(
    name="person.disable",
    area=AREA,
    roles=EITHER,
    method="POST",
    path="/people/{user_id}/disable",
    input=OnePerson,
    output=Person,
    run=_disable,
    summary="Disable somebody: their sessions end, and they cannot log in.",
    effect=effects.of_disabled_person,
    reads=SHOW,
    example=_EXAMPLE,
    answer={**examples.PERSON, "state": "disabled"},
)
ENABLE = Operation(
    name="person.enable",
    area=AREA,
    roles=EITHER,
    method="POST",
    path="/people/{user_id}/enable",
    input=OnePerson,
    output=Person,
    run=_enable,
    summary="Enable somebody again; their password is the one from before.",
    reads=SHOW,
    example=_EXAMPLE,
    answer=examples.PERSON,
)
END_SESSIONS = Operation(
    name="person.end_sessions",
    area=AREA,
    roles=EITHER,
    method="POST",
    path="/people/{user_id}/end-sessions",
    input=OnePerson,
    output=Person,
    run=_end_sessions,
    summary="End all sessions of somebody; they can log in again.",
    effect=effects.of_ended_sessions,
    reads=SHOW,
    example=_EXAMPLE,
    answer=examples.PERSON,
)
END_ALL_SESSIONS = Operation(
    name="person.end_all_sessions",
    area=AREA,
    roles=SECURITY,
    method="POST",
    path="/sessions/end",
    input=Arguments,
    output=EndedSessions,
    run=_end_all,
    summary="End the sessions of everybody in every organization; they can log in again.",
    effect=effects.of_all_sessions,
    example={},
    answer={"ended": 12},
)

OPERATIONS = (
    ADD,
    SET_ROLE,
    RESET_PASSWORD,
    RESET_FACTORS,
    DISABLE,
    ENABLE,
    END_SESSIONS,
    END_ALL_SESSIONS,
)
