"""A request as a page function of the console gets it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from pydantic import ValidationError

from gatepass.server.admin.api.idempotency import AnotherRequestError, Once
from gatepass.server.admin.operations.model import Arguments, Effect, Operation, Role
from gatepass.server.admin.operations.perform import ChangedMeanwhileError, Conditions, Performed
from gatepass.server.admin.operations.perform import perform as perform_operation
from gatepass.server.admin.operations.perform import preview as preview_operation
from gatepass.server.domain.audit.model import Actor
from gatepass.server.domain.context import Context
from gatepass.server.domain.users.model import InvalidField
from gatepass.server.domain.users.operators.model import Operator
from gatepass.server.environment.environment import NAMES
from gatepass.server.oauth.served_environment import ServedEnvironment
from gatepass.server.portal.redirects import CONSOLE
from gatepass.server.portal.request import PortalRequest
from gatepass.server.storage.idempotency import store as idempotency
from gatepass.translation.message import Message
from gatepass.wire.credential import Mode
from gatepass.wire.errors import OAuthError

_NOT_ALLOWED = Message("Your roles do not include this.")
_ANOTHER = Message(
    "This form was sent already, with other values. Nothing more was changed: open its page again."
)
_CHANGED_MEANWHILE = Message(
    "Somebody has changed this meanwhile, and nothing was changed by you. What it is now is below."
)
_NOT_READABLE = Message("This is too long, or not of the kind that is expected here.")


@dataclass(frozen=True, slots=True)
class ConsoleRequest:
    """A request of an operator, and the environment in which they act."""

    portal: PortalRequest
    mode: Mode

    @property
    def environment(self) -> ServedEnvironment:
        """Return the environment in which the operator acts."""
        production = self.portal.environment
        if self.mode is production.mode:
            return production
        if production.other is None:
            raise RuntimeError("the console needs both environments in one process")
        return production.other

    @property
    def context(self) -> Context:
        """Return what operations need of the environment."""
        return self.environment.context

    @property
    def operator(self) -> Operator:
        """Return who acts; `ConsoleAccess` has checked that they have a role."""
        operator = self.portal.operator
        if operator is None:
            raise RuntimeError("a page of the console was opened by nobody who operates")
        return operator

    @property
    def roles(self) -> frozenset[Role]:
        """Return the operator's roles in the environment."""
        return self.operator.roles.get(self.mode, frozenset())

    @property
    def actor(self) -> Actor:
        """Return the operator, for the audit trail."""
        return self.operator.actor(self.portal.visitor.source)

    @property
    def base(self) -> str:
        """Return the path of the environment's first page."""
        return path_of(self.mode)

    @property
    def form(self) -> Mapping[str, str]:
        """Return the form."""
        return self.portal.form

    @property
    def query(self) -> Mapping[str, str]:
        """Return the query of the address."""
        return self.portal.query

    def id(self, name: str) -> UUID:
        """Return an id of the path."""
        return self.portal.ids[name]

    def may(self, operation: Operation[Any, Any]) -> bool:
        """Return whether the operator may do something here."""
        return operation.allows(self.roles)

    def perform(self, operation: Operation[Any, Any], **arguments: object) -> Performed:
        """Perform an operation for the operator; a form that is sent twice does it once.

        Raises what it raises, and OAuthError: where their roles do not include it (403), for what
        is no argument of it, and where its object is not any more the one that the form was made
        with (409).
        """
        self._check_may(operation)
        given = _arguments(operation, arguments)
        once = self._once(operation, given) if operation.access == "write" else None
        try:
            return self._perform(operation, given, Conditions(self._seen), once)
        except AnotherRequestError:
            raise InvalidField("", _ANOTHER, taken=True) from None

    def try_out(self, operation: Operation[Any, Any], **arguments: object) -> Performed:
        """Return what an operation would do, and undo it."""
        self._check_may(operation)
        given = _arguments(operation, arguments)
        return self._perform(operation, given, Conditions(self._seen, dry_run=True))

    def preview(self, operation: Operation[Any, Any], **arguments: object) -> Effect | None:
        """Return what an operation would stop: nothing where they may not do it."""
        if not self.may(operation):
            return None
        given = _arguments(operation, arguments)
        return preview_operation(operation, self.environment, self.actor, given)

    @property
    def _seen(self) -> tuple[str, ...]:
        """Return the ETag of what the form was made with, where it says so."""
        seen = self.portal.form.get("seen")
        return (seen,) if seen else ()

    def _perform(
        self,
        operation: Operation[Any, Any],
        given: Arguments,
        conditions: Conditions,
        once: Once | None = None,
    ) -> Performed:
        try:
            return perform_operation(
                operation, self.environment, self.actor, given, conditions, once
            )
        except ChangedMeanwhileError:
            raise InvalidField("", _CHANGED_MEANWHILE, taken=True) from None

    def _check_may(self, operation: Operation[Any, Any]) -> None:
        if not self.may(operation):
            raise OAuthError("invalid_request", _NOT_ALLOWED, log_detail="role", status=403)

    def _once(self, operation: Operation[Any, Any], given: Arguments) -> Once | None:
        """Return what makes a form count once that has a random id of its own.

        The id is derived from the session's, which the database does not know.
        """
        if "once" not in self.portal.form:
            return None
        with self.environment.database.read() as connection:
            if not self.environment.database.has(connection, idempotency.REVISION):
                return None
        asked = [operation.name, given.model_dump(mode="json")]
        whose = f"operator {self.operator.user.id}"
        return Once(whose, str(self.portal.creation_id()), asked, self.environment.now())


def path_of(mode: Mode) -> str:
    """Return the path of an environment's first page."""
    return f"{CONSOLE}{NAMES[mode]}/"


def _arguments(operation: Operation[Any, Any], given: Mapping[str, object]) -> Arguments:
    model: type[Arguments] = operation.input
    try:
        return model.model_validate(given)
    except ValidationError as error:
        where = error.errors(include_url=False, include_input=False)[0]["loc"]
        raise InvalidField(str(where[0]) if where else "", _NOT_READABLE) from None
