"""Denied access (403, 404): one log line and one audit entry for each, up to a limit an hour.

The entry is in the trail of the organization that asked, and names nothing of another one:
whether what was asked for exists elsewhere is not looked up.
"""

from typing import NamedTuple

import structlog

from gatepass.server.domain.audit import store as audit
from gatepass.server.domain.audit.model import Actor, Entry
from gatepass.server.domain.context import Context
from gatepass.server.storage.errors import DatabaseAwayError

_ACTION = "access.denied"
_LONGEST_PATH = 200  # characters

log = structlog.get_logger("gatepass.server")


class Denial(NamedTuple):
    """What was denied, and why; `path` is as the caller wrote it, without the query."""

    method: str
    path: str
    status: int
    reason: str


def record(context: Context, by: Actor, denied: Denial, **who: str) -> None:
    """Log and audit a denial; `who` are the log's names for the actor. Blocks.

    Raises nothing where the database is away: the answer is no in any case.
    """
    now = context.now()
    if not context.audit_limit.allow(_ACTION, by.source, now.timestamp(), by.org_id):
        return
    path = _printable(denied.path)
    log.warning(
        _ACTION,
        environment=context.name,
        org_id=str(by.org_id),
        **who,
        method=denied.method,
        path=path,
        source=by.source,
        status=denied.status,
        reason=denied.reason,
    )
    detail = {"status": str(denied.status), "method": denied.method, "reason": denied.reason}
    entry = Entry(now, by.org_id, by.name, _ACTION, path, "refused", by.source, detail)
    try:
        with context.database.write() as connection:
            audit.record(connection, entry)
    except DatabaseAwayError:
        log.error("audit.lost", environment=context.name, action=_ACTION)  # noqa: TRY400


def _printable(path: str) -> str:
    """Return a path that any log and database can keep."""
    return "".join(char if char.isprintable() else "?" for char in path[:_LONGEST_PATH])
