"""Operations on the data of this machine, for the system's user who runs the command."""

import json
from collections.abc import Mapping
from importlib import import_module
from typing import TYPE_CHECKING, Any

import click

from gatepass.server.cli.operations.model import Done, Effect
from gatepass.server.cli.terminal import options
from gatepass.server.domain.organizations import operations as organizations
from gatepass.server.environment.environment import Environment
from gatepass.server.storage.errors import NotFoundError

if TYPE_CHECKING:
    from gatepass.server.admin.operations.model import Arguments, Operation

_PACKAGE = "gatepass.server.admin.operations"
_NO_OPERATOR = (
    "There is no operator in this environment yet. Add the first one to production: gatepass "
    "operator add USERNAME --role owner"
)
MODULES = {
    "application": (
        "applications.reading",
        "applications.settings",
        "applications.credentials",
        "applications.keys",
        "applications.certificates",
        "applications.methods",
        "usage.counts",
        "usage.refusals",
        "usage.secrets",
        "usage.expiring",
    ),
    "audit": ("system.audit", "system.audit_proof"),
    "invitation": ("people.invitations",),
    "key": ("system.keys",),
    "mail": ("system.mail",),
    "organization": ("organizations",),
    "person": ("people.reading", "people.access"),
    "policy": ("policies.changes",),
    "resource": ("catalogue.resources",),
    "scope": ("catalogue.scopes",),
    "secret": ("usage.expiring",),
    "webhook": ("webhooks.endpoints", "webhooks.deliveries"),
}
"""Where the operations of an object are: a command loads only these."""


class LocalOperations:
    """Performs operations in an environment that is open."""

    is_on_machine = True

    def __init__(self, environment: Environment) -> None:
        self._environment = environment
        self.environment_name = environment.name

    def operating_organization(self) -> str:
        """Return the id of the operator's organization; see the protocol."""
        found = organizations.find_operating(self._environment.context)
        if found is None:
            raise click.ClickException(_NO_OPERATOR)
        return str(found)

    def perform(self, name: str, arguments: Mapping[str, object], *, dry_run: bool = False) -> Done:
        """Perform an operation; see the protocol."""
        from gatepass.server.admin.operations.perform import Conditions, perform

        operation = find(name)
        done = perform(
            operation,
            self._environment,
            options.operator(),
            _validated(operation, arguments),
            Conditions(dry_run=dry_run),
            on_machine=True,
        )
        effect = done.effect and Effect(
            done.effect.is_reversible,
            [str(each) for each in done.effect.sentences],
            done.effect.counts,
        )
        return Done(done.result, effect)


def find(name: str) -> "Operation[Any, Any]":
    """Return an operation by its name, without loading those of other objects."""
    for module in MODULES[name.partition(".")[0]]:
        for each in import_module(f"{_PACKAGE}.{module}").OPERATIONS:
            if each.name == name:
                found: Operation[Any, Any] = each
                return found
    raise LookupError(name)


def _validated(operation: "Operation[Any, Any]", values: Mapping[str, object]) -> "Arguments":
    """Return the arguments; raise NotFoundError for what is no id, ClickException otherwise."""
    from pydantic import ValidationError

    model: type[Arguments] = operation.input
    try:
        return model.model_validate_json(json.dumps(values))
    except ValidationError as error:
        found = error.errors(include_url=False, include_input=False, include_context=False)
    for name in operation.parameters:
        if any(each["loc"][:1] == (name,) for each in found):
            raise NotFoundError(str(values[name]))
    from gatepass.server.partner_api.errors import of_fields

    refused = "; ".join(f"{each.field}: {each.detail}" for each in of_fields(found).errors)
    raise click.ClickException(refused)
