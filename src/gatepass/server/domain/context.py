"""What every operation of the domain needs of the environment that it changes or reads."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from gatepass.server.domain.changes.outbox.operations import Outbox
from gatepass.server.domain.changes.webhooks.operations import Webhooks
from gatepass.server.domain.throttling.hourly_limit import HourlyLimit
from gatepass.server.domain.token_policy import TokenPolicy
from gatepass.server.storage.database import Database
from gatepass.server.storage.master_key import MasterKey
from gatepass.wire.credential import Mode


@dataclass(frozen=True, slots=True)
class Context:
    """The database of one environment, its clock, and the values that are fixed while it runs.

    `clock` returns Unix seconds, `now` the same time in whole milliseconds, as the database keeps
    it. An operation calls `refresh` after a commit, so that this process applies the change at
    once. A message in `outbox`, and an event by
    `webhooks`, is written with the change that it tells of. `audit_limit` and
    `log_limit` bound what requests of strangers have written down.
    """

    name: str
    mode: Mode
    database: Database
    master_key: MasterKey
    token_policy: TokenPolicy
    clock: Callable[[], float]
    now: Callable[[], datetime]
    refresh: Callable[[], None]
    outbox: Outbox
    webhooks: Webhooks
    audit_limit: HourlyLimit
    log_limit: HourlyLimit
