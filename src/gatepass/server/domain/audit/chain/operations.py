"""Making checkpoints, by schedule or by command."""

from datetime import timedelta

import structlog

from gatepass.jose.signing import SigningKey
from gatepass.server.domain.audit.chain import checkpoint, store
from gatepass.server.domain.audit.chain.checkpoint import Checkpoint, CheckpointError
from gatepass.server.domain.audit.chain.model import Link
from gatepass.server.domain.context import Context
from gatepass.server.storage.database import Connection

EVERY = timedelta(hours=1)

log = structlog.get_logger("gatepass.server")


class ChainBrokenError(Exception):
    """The chain no longer has the digest that its newest checkpoint says."""

    def __init__(self, number: int) -> None:
        super().__init__(
            f"the audit trail does not fit its checkpoint {number}; run: gatepass audit verify"
        )


def make_checkpoint(
    context: Context, key: SigningKey, issuer: str, every: timedelta = EVERY
) -> Checkpoint | None:
    """Make and send out a checkpoint where entries were added since the last one; else None.

    It is due `every` so often, and at once where another key signs than that of the last one,
    which may soon be deleted. Raises ChainBrokenError, so that nothing is signed over it.
    """
    with context.database.read() as connection:
        if not context.database.has(connection, store.REVISION):
            return None
        if _due(connection, context, key, every) is None:
            return None
    with context.database.write() as connection:  # another process may have been faster
        link = _due(connection, context, key, every)
        if link is None:
            return None
        last = store.last_checkpoint(connection)
        if last is not None:
            _check(connection, last)
        before = last.statement if last else ""
        new = checkpoint.make(key, issuer, context.name, link, context.now(), before)
        store.add_checkpoint(connection, new)
        send(context, connection, new)
    _log(context, new)
    return new


def send(context: Context, connection: Connection, made: Checkpoint) -> None:
    """Send a checkpoint to the webhooks that want it, in the transaction that makes it.

    What was sent out of the database cannot be changed by somebody who writes there.
    """
    context.webhooks.emit(
        connection,
        "audit.checkpoint",
        made.at,
        number=made.number,
        checkpoint=made.statement,
    )


def _log(context: Context, made: Checkpoint) -> None:
    log.info(
        "audit.checkpoint",
        environment=context.name,
        number=made.number,
        checkpoint=made.statement,
    )


def _due(
    connection: Connection, context: Context, key: SigningKey, every: timedelta
) -> Link | None:
    """Return the link that the next checkpoint is about, if it is time for one.

    Raises ChainBrokenError where links are missing that the last one was about.
    """
    link, last = store.last(connection), store.last_checkpoint(connection)
    if last is None:
        return link
    if link is None or link.number < last.number:
        raise ChainBrokenError(last.number)
    if link.number == last.number:
        return None
    is_time = context.now() - last.at >= every
    return link if is_time or _kid(last) != key.kid else None


def _kid(made: Checkpoint) -> str:
    try:
        return checkpoint.read(made.statement).kid
    except CheckpointError:
        return ""


def _check(connection: Connection, last: Checkpoint) -> None:
    try:
        digest = checkpoint.verify(last).digest
    except CheckpointError:
        raise ChainBrokenError(last.number) from None
    if store.digest_at(connection, last.number) != digest:
        raise ChainBrokenError(last.number)
