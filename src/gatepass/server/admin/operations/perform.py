"""Performs an operation in one transaction, with what was asked of it besides."""

import hashlib
import json
from dataclasses import dataclass, replace
from typing import Any, NamedTuple, Protocol

from gatepass.server.admin.operations.model import Arguments, Call, Effect, Operation, Result
from gatepass.server.domain.audit.model import Actor
from gatepass.server.domain.users import initial_passwords
from gatepass.server.domain.users.passwords.hashing import run
from gatepass.server.environment.environment import Environment
from gatepass.server.storage.database import Connection

_ETAG_BYTES = 16


class ChangedMeanwhileError(Exception):
    """The object is not any more the one that the caller has seen (RFC 9110 §13.1.1)."""


class Performed(NamedTuple):
    """What came of an operation: its result as JSON has it, and the ETag of what it shows."""

    result: dict[str, Any]
    etag: str
    effect: Effect | None = None


@dataclass(frozen=True, slots=True)
class Conditions:
    """What a caller asks for besides: to change only what it has seen, or nothing at all."""

    if_match: tuple[str, ...] = ()
    dry_run: bool = False


ALWAYS = Conditions()


class Once(Protocol):
    """What makes an operation that is asked for twice be performed once."""

    def find(self, connection: Connection) -> Performed | None:
        """Return what came of it the first time; raise where that was another one."""
        ...

    def keep(self, connection: Connection, performed: Performed) -> None:
        """Keep what came of it, in the same transaction."""
        ...


def perform(
    operation: Operation[Any, Any],
    environment: Environment,
    by: Actor,
    arguments: Arguments,
    conditions: Conditions = ALWAYS,
    once: Once | None = None,
    *,
    on_machine: bool = False,
) -> Performed:
    """Perform an operation; a dry run returns what would be, and undoes it.

    Does NOT check whether `by` may do it. Raises what the operation raises, and
    ChangedMeanwhileError: then nothing was changed.
    """
    needs_password = operation.needs_password and operation.needs_password(arguments)
    initial = run(initial_passwords.new_password(environment.hasher)) if needs_password else None
    context = replace(environment.context, refresh=_nothing)
    call = Call(environment, context, by, initial, on_machine)
    if operation.access == "read":
        found = _dump(operation.run(call, arguments))
        return Performed(found, etag(found))
    try:
        done = _write(operation, call, arguments, conditions, once)
    except _Undone as undone:
        return undone.performed
    environment.context.refresh()
    return done


def _write(
    operation: Operation[Any, Any],
    call: Call,
    arguments: Arguments,
    conditions: Conditions,
    once: Once | None,
) -> Performed:
    """Perform it in one transaction; raise _Undone for a dry run, so that nothing is written."""
    with call.context.database.outer_write() as connection:
        earlier = once.find(connection) if once else None
        if earlier is not None:
            return earlier
        _check_unchanged(operation, call, arguments, conditions.if_match)
        effect = operation.effect(call, arguments) if operation.effect else None
        result = operation.run(call, arguments)
        etag_now = _etag_of(operation, call, arguments, result)
        if conditions.dry_run:
            raise _Undone(Performed(_without_secrets(result), etag_now, effect))
        done = Performed(_dump(result), etag_now, effect)
        if once:
            once.keep(connection, done)
    return done


def preview(
    operation: Operation[Any, Any], environment: Environment, by: Actor, arguments: Arguments
) -> Effect | None:
    """Return what an operation would stop, without performing it."""
    if operation.effect is None:
        return None
    return operation.effect(Call(environment, environment.context, by), arguments)


def etag(representation: object) -> str:
    """Return the strong ETag of a representation (RFC 9110 §8.8.3)."""
    canonical = json.dumps(representation, sort_keys=True, separators=(",", ":")).encode()
    return f'"{hashlib.sha256(canonical).hexdigest()[: 2 * _ETAG_BYTES]}"'


class _Undone(Exception):
    """Ends the transaction of a dry run, and carries what it would have done."""

    def __init__(self, performed: Performed) -> None:
        super().__init__()
        self.performed = performed


def _check_unchanged(
    operation: Operation[Any, Any], call: Call, arguments: Arguments, if_match: tuple[str, ...]
) -> None:
    if not if_match or operation.reads is None:
        return
    # "*" matches whatever exists; of what does not exist this raises NotFoundError
    now = _current(operation.reads, call, arguments)
    if "*" not in if_match and etag(now) not in if_match:
        raise ChangedMeanwhileError


def _etag_of(
    operation: Operation[Any, Any], call: Call, arguments: Arguments, result: Result
) -> str:
    """Return the ETag of the object after the change; none where it is gone, or is another."""
    reads = operation.reads
    if reads is None or operation.method == "DELETE":
        return ""
    if reads.output is operation.output:
        return etag(_dump(result))
    return etag(_current(reads, call, arguments))


def _current(reads: Operation[Any, Any], call: Call, arguments: Arguments) -> dict[str, Any]:
    names = reads.input.model_fields.keys()
    own = {name: value for name, value in arguments.model_dump().items() if name in names}
    return _dump(reads.run(call, reads.input.model_validate(own)))


def _dump(result: Result) -> dict[str, Any]:
    return result.model_dump(mode="json")


def _without_secrets(result: Result) -> dict[str, Any]:
    secrets = {
        name
        for name, about in type(result).model_fields.items()
        if isinstance(about.json_schema_extra, dict) and about.json_schema_extra.get("x-secret")
    }
    return _dump(result) | dict.fromkeys(secrets, None)


def _nothing() -> None:
    pass
