"""The server itself: whether it works, what runs, and how far behind what it knows is."""

from datetime import UTC, datetime
from importlib.metadata import version

from pydantic import AwareDatetime

from gatepass.server.admin.operations.model import EITHER, Arguments, Call, Operation, Result
from gatepass.server.domain.changes.outbox import store as outbox
from gatepass.server.observability import health
from gatepass.server.storage.heartbeat import store as heartbeat
from gatepass.server.storage.migrations.revisions import NEWEST

AREA = "system"


class Problem(Result):
    """Something that is wrong; where it `stops` the server, it serves no tokens."""

    name: str
    text: str
    stops: bool


class Feed(Result):
    """The change feed of this environment, as the process that answers knows it.

    `lag_seconds` is how long ago memory was last known to be right. `waiting_guards` are the long
    polls of guards that wait for the next revocation at this process.
    """

    position: int
    lag_seconds: float
    waiting_guards: int


class Work(Result):
    """A work of housekeeping; `done_at` is null where it was not done since the start."""

    name: str
    done_at: AwareDatetime | None


class System(Result):
    """How an environment is, and what runs it.

    `newest_tables` is the newest revision of the tables that this version knows. `housekeeping` is
    that of the process that answers.
    """

    version: str
    tables: str | None
    newest_tables: str
    database: str
    last_write_at: AwareDatetime | None
    problems: list[Problem]
    sends_mail: bool
    oldest_waiting_mail_at: AwareDatetime | None
    feed: Feed
    housekeeping: list[Work]


def _show(call: Call, _: Arguments) -> System:
    environment, database = call.environment, call.context.database
    with database.read() as connection:
        last_write = heartbeat.last(connection)
        has_outbox = database.has(connection, outbox.REVISION)
        oldest_mail = outbox.oldest_waiting(connection, "mail") if has_outbox else None
    found = health.problems(environment)
    return System(
        version=version("gatepass"),
        tables=database.schema().revision,
        newest_tables=NEWEST,
        database="postgresql" if database.is_postgresql else "sqlite",
        last_write_at=last_write,
        problems=[Problem(name=each.name, text=each.text, stops=each.stops) for each in found],
        sends_mail=call.context.outbox.sends_mail,
        oldest_waiting_mail_at=oldest_mail,
        feed=Feed(
            position=environment.position.seq,
            lag_seconds=round(environment.lag(), 3),
            waiting_guards=len(environment.notifier),
        ),
        housekeeping=[
            Work(name=name, done_at=datetime.fromtimestamp(at, UTC) if at else None)
            for name, at in environment.housekept_at.copy().items()
        ],
    )


SHOW = Operation(
    name="system.show",
    area=AREA,
    roles=EITHER,
    method="GET",
    path="/system",
    input=Arguments,
    output=System,
    run=_show,
    summary="Return versions, problems, and how current the answering process is.",
    answer={
        "version": "0.2.0",
        "tables": "0032",
        "newest_tables": "0032",
        "database": "postgresql",
        "last_write_at": "2026-11-29T10:41:07Z",
        "problems": [],
        "sends_mail": True,
        "oldest_waiting_mail_at": "2026-11-29T10:40:58Z",
        "feed": {"position": 90211, "lag_seconds": 0.07, "waiting_guards": 3},
        "housekeeping": [{"name": "flush", "done_at": "2026-11-29T10:41:05Z"}],
    },
)

OPERATIONS = (SHOW,)
