"""Resources: the APIs that tokens are for (RFC 8707)."""

from collections.abc import Iterable
from typing import Annotated

from pydantic import Field

from gatepass.jose.algorithms import Algorithm
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
from gatepass.server.domain.catalogue import operations
from gatepass.server.domain.catalogue.model import Resource as Stored
from gatepass.server.domain.keys import operations as keys
from gatepass.server.domain.keys.keyring import signers
from gatepass.server.domain.token_policy import Form, Tokens
from gatepass.server.storage.errors import NotFoundError
from gatepass.wire.errors import OAuthError

AREA = "catalogue"


class Resource(Result):
    """An API that tokens are for; null is the environment's default, `form` what comes of it.

    JWTs are `signed_with` another algorithm until the key of the form's own is in use.
    """

    uri: str
    name: str
    tokens: Tokens | None
    algorithm: Algorithm | None
    form: Form
    signed_with: Algorithm | None


class Resources(Result):
    """All resources of an environment."""

    items: list[Resource]


class OneResource(Arguments):
    """One resource."""

    uri: Annotated[Line, Field(description="an absolute URI")]


class NewResource(OneResource):
    """A new resource; null is the environment's default."""

    name: Annotated[Line, Field(description="shown to partners")]
    tokens: Tokens | None = None
    algorithm: Algorithm | None = None


class ResourceChange(OneResource):
    """What changes; null is the environment's default, and what is not given stays as it is."""

    name: Line | None = None
    tokens: Tokens | None = None
    algorithm: Algorithm | None = None


def _list(call: Call, _: Arguments) -> Resources:
    found = operations.current(call.context).resources.values()
    return Resources(items=_shown(call, found))


def _show(call: Call, one: OneResource) -> Resource:
    found = operations.current(call.context).resources.get(one.uri)
    if found is None:
        raise NotFoundError(one.uri)
    [shown] = _shown(call, [found])
    return shown


def _shown(call: Call, found: Iterable[Stored]) -> list[Resource]:
    """Return resources as operators see them."""
    kept = keys.all_keys(call.context)
    signing = signers(kept, call.context.now(), call.environment.algorithm)
    algorithms: dict[Form, Algorithm] = {
        algorithm: key.purpose for algorithm, key in signing.items() if key.purpose != "opaque"
    }
    return [
        Resource(
            uri=each.uri,
            name=each.name,
            tokens=each.tokens,
            algorithm=each.algorithm,
            form=each.form,
            signed_with=algorithms.get(each.form),
        )
        for each in found
    ]


def _add(call: Call, new: NewResource) -> Resource:
    operations.add_resource(call.context, call.by, new.uri, new.name, new.tokens, new.algorithm)
    return _show(call, new)


def _change(call: Call, new: ResourceChange) -> Resource:
    values = new.model_dump(exclude_unset=True, exclude={"uri"})
    if not values or values.get("name", "") is None:
        raise OAuthError("invalid_request", "Give at least one field to change, and a name.")
    operations.change_resource(call.context, call.by, new.uri, values)
    return _show(call, new)


def _of_change(call: Call, new: ResourceChange) -> Effect:
    before, sent = _show(call, new), new.model_fields_set
    changes_form = any(
        name in sent and getattr(new, name) != getattr(before, name)
        for name in ("tokens", "algorithm")
    )
    return effects.of_resource(call, new.uri, changes_form=changes_form)


def _of_removal(call: Call, one: OneResource) -> Effect:
    return effects.of_removed_resource(call, one.uri)


def _remove(call: Call, one: OneResource) -> Nothing:
    operations.remove_resource(call.context, call.by, one.uri)
    return Nothing()


_ANSWER = {
    "uri": examples.RESOURCE,
    "name": "Meters",
    "tokens": "jwt",
    "algorithm": None,
    "form": "ES256",
    "signed_with": "ES256",
}
_EXAMPLE = {"uri": examples.RESOURCE}

LIST = Operation(
    name="resource.list",
    area=AREA,
    roles=EITHER,
    method="GET",
    path="/resources",
    input=Arguments,
    output=Resources,
    run=_list,
    summary="List the resources (APIs) that an environment issues tokens for.",
    answer={"items": [_ANSWER]},
)
SHOW = Operation(
    name="resource.show",
    area=AREA,
    roles=EITHER,
    method="GET",
    path="/resource",
    input=OneResource,
    output=Resource,
    run=_show,
    summary="Return one resource.",
    example=_EXAMPLE,
    answer=_ANSWER,
)
ADD = Operation(
    name="resource.add",
    area=AREA,
    roles=SECURITY,
    method="POST",
    path="/resources",
    input=NewResource,
    output=Resource,
    run=_add,
    summary="Add an API by its resource URI; then add scopes to it.",
    status=201,
    example={"uri": "https://bills.example.com", "name": "Bills", "tokens": "jwt"},
    answer={**_ANSWER, "uri": "https://bills.example.com", "name": "Bills"},
)
CHANGE = Operation(
    name="resource.change",
    area=AREA,
    roles=SECURITY,
    method="PATCH",
    path="/resource",
    input=ResourceChange,
    output=Resource,
    run=_change,
    effect=_of_change,
    summary="Change a resource: all that is given, or nothing. It applies to new tokens.",
    reads=SHOW,
    example={**_EXAMPLE, "tokens": "opaque"},
    answer={**_ANSWER, "tokens": "opaque", "form": "opaque", "signed_with": None},
)
REMOVE = Operation(
    name="resource.remove",
    area=AREA,
    roles=SECURITY,
    method="DELETE",
    path="/resource",
    input=OneResource,
    output=Nothing,
    run=_remove,
    effect=_of_removal,
    summary="Remove a resource that has no scopes.",
    reads=SHOW,
    example={"uri": examples.OLD_RESOURCE},
)

OPERATIONS = (LIST, SHOW, ADD, CHANGE, REMOVE)
