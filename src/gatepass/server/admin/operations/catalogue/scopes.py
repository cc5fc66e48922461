"""Scopes of the catalogue."""

from typing import Annotated

from pydantic import Field

from gatepass.server.admin.operations import examples
from gatepass.server.admin.operations.catalogue import effects
from gatepass.server.admin.operations.model import (
    EITHER,
    SECURITY,
    Arguments,
    Call,
    Effect,
    Line,
    Nothing,
    Operation,
    Result,
)
from gatepass.server.domain.applications.store import count_with_scope
from gatepass.server.domain.catalogue import operations
from gatepass.server.domain.catalogue.model import CataloguedScope
from gatepass.server.storage.errors import NotFoundError
from gatepass.wire.errors import OAuthError

AREA = "catalogue"


class Scope(Result):
    """A scope that tokens of one resource may carry.

    A default one new applications have; a restricted one only the operator grants.
    """

    name: str
    resource: str
    description: str
    is_default: bool
    is_restricted: bool

    @classmethod
    def of(cls, found: CataloguedScope) -> "Scope":
        """Return the scope as operators see it."""
        return cls(
            name=found.name,
            resource=found.resource,
            description=str(found.description),
            is_default=found.is_default,
            is_restricted=found.is_restricted,
        )


class Scopes(Result):
    """All scopes of an environment."""

    items: list[Scope]


class OneScope(Arguments):
    """One scope."""

    name: Line


class NewCataloguedScope(OneScope):
    """A new scope; without a resource it is of the Partner API."""

    description: Annotated[Line, Field(description="for partners: what it allows")]
    resource: Annotated[Line | None, Field(description="URI of its resource")] = None
    is_default: bool = False
    is_restricted: bool = False


class ScopeChange(OneScope):
    """What changes; what is not given stays as it is."""

    description: Line | None = None
    is_default: bool | None = None
    is_restricted: bool | None = None


def _list(call: Call, _: Arguments) -> Scopes:
    found = operations.current(call.context).scopes.values()
    return Scopes(items=[Scope.of(each) for each in found])


def _show(call: Call, one: OneScope) -> Scope:
    found = operations.current(call.context).scopes.get(one.name)
    if found is None:
        raise NotFoundError(one.name)
    return Scope.of(found)


def _add(call: Call, new: NewCataloguedScope) -> Scope:
    resource = call.environment.partner_api if new.resource is None else new.resource
    added = CataloguedScope(new.name, new.description, new.is_default, new.is_restricted, resource)
    operations.add_scope(call.context, call.by, added)
    return _show(call, new)


def _change(call: Call, new: ScopeChange) -> Scope:
    sent = new.model_dump(exclude_unset=True, exclude={"name"})
    values = {name: value for name, value in sent.items() if value is not None}
    if not values:
        raise OAuthError("invalid_request", "Give at least one field to change.")
    operations.change_scope(call.context, call.by, new.name, values)
    return _show(call, new)


def _of_change(call: Call, new: ScopeChange) -> Effect:
    return effects.of_scope(call, new.name, restricted=new.is_restricted, default=new.is_default)


def _of_removal(call: Call, one: OneScope) -> Effect:
    return effects.of_removed_scope(call, one.name)


def _remove(call: Call, one: OneScope) -> Nothing:
    operations.remove_scope(call.context, call.by, one.name, count_with_scope)
    return Nothing()


_ANSWER = {
    "name": examples.SCOPE,
    "resource": examples.RESOURCE,
    "description": "Read meters",
    "is_default": False,
    "is_restricted": False,
}
_EXAMPLE = {"name": examples.SCOPE}

LIST = Operation(
    name="scope.list",
    area=AREA,
    roles=EITHER,
    method="GET",
    path="/scopes",
    input=Arguments,
    output=Scopes,
    run=_list,
    summary="List the scopes, each with its resource and description.",
    answer={"items": [_ANSWER]},
)
SHOW = Operation(
    name="scope.show",
    area=AREA,
    roles=EITHER,
    method="GET",
    path="/scope",
    input=OneScope,
    output=Scope,
    run=_show,
    summary="Return one scope.",
    example=_EXAMPLE,
    answer=_ANSWER,
)
ADD = Operation(
    name="scope.add",
    area=AREA,
    roles=SECURITY,
    method="POST",
    path="/scopes",
    input=NewCataloguedScope,
    output=Scope,
    run=_add,
    summary="Add a scope; existing applications do not have it until it is granted to them.",
    status=201,
    example={
        "name": "meters:write",
        "description": "Correct meters",
        "resource": examples.RESOURCE,
    },
    answer={**_ANSWER, "name": "meters:write", "description": "Correct meters"},
)
CHANGE = Operation(
    name="scope.change",
    area=AREA,
    roles=SECURITY,
    method="PATCH",
    path="/scope",
    input=ScopeChange,
    output=Scope,
    run=_change,
    effect=_of_change,
    summary="Change a scope: all that is given, or nothing. Applications keep their scopes.",
    reads=SHOW,
    example={**_EXAMPLE, "is_default": True},
    answer={**_ANSWER, "is_default": True},
)
REMOVE = Operation(
    name="scope.remove",
    area=AREA,
    roles=SECURITY,
    method="DELETE",
    path="/scope",
    input=OneScope,
    output=Nothing,
    run=_remove,
    effect=_of_removal,
    summary="Remove a scope that no application has.",
    reads=SHOW,
    example=_EXAMPLE,
)

OPERATIONS = (LIST, SHOW, ADD, CHANGE, REMOVE)
