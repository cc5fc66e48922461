"""The server itself: whether it works, what runs, and how far behind what it knows is."""

from importlib.metadata import version

from pydantic import AwareDatetime

from gatepass.server.admin.operations.model import EITHER, Arguments, Call, Operation, Result
from gatepass.server.observability import health
from gatepass.server.storage.heartbeat import store as heartbeat

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


class System(Result):
    """How an environment is, and what runs it."""

    version: str
    tables: str | None
    database: str
    last_write_at: AwareDatetime | None
    problems: list[Problem]
    sends_mail: bool
    feed: Feed


def _show(call: Call, _: Arguments) -> System:
    environment, database = call.environment, call.context.database
    with database.read() as connection:
        last_write = heartbeat.last(connection)
    found = health.problems(environment)
    return System(
        version=version("gatepass"),
        tables=database.schema().revision,
        database="postgresql" if database.is_postgresql else "sqlite",
        last_write_at=last_write,
        problems=[Problem(name=each.name, text=each.text, stops=each.stops) for each in found],
        sends_mail=call.context.outbox.sends_mail,
        feed=Feed(
            position=environment.position.seq,
            lag_seconds=round(environment.lag(), 3),
            waiting_guards=len(environment.notifier),
        ),
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
        "tables": "0027",
        "database": "postgresql",
        "last_write_at": "2026-11-29T10:41:07Z",
        "problems": [],
        "sends_mail": True,
        "feed": {"position": 90211, "lag_seconds": 0.07, "waiting_guards": 3},
    },
)

OPERATIONS = (SHOW,)
