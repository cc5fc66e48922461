"""Endpoints with the guard and without, for uvicorn; `behind` has the guard in front of all.

Some do nothing, each in an application of its own, as FastAPI tries one route after another. Some
do what FastAPI's tutorial does: plain functions, which open a database by a dependency, read
twenty rows, and answer with a model.
"""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from typing import Annotated

from fastapi import Depends, FastAPI
from pydantic import BaseModel
from starlette.requests import HTTPConnection

from bench.guard.jwt_issuer import API, ISSUER
from gatepass.guard.asgi import Protected, Receive, Requirements, Scope, Send
from gatepass.guard.fastapi import Guard, Principal

ROWS = 20

guard = Guard(ISSUER, resource=API, jwks_uri=os.environ["BENCH_JWKS_URI"])
tutorial, empty, empty_depending, empty_guarded = FastAPI(), FastAPI(), FastAPI(), FastAPI()
Reader = Annotated[Principal, guard.requires("read")]


class Reading(BaseModel):
    """What a meter said."""

    meter: str
    at: int
    kwh: float


def connected() -> Iterator[sqlite3.Connection]:
    """Return a connection to the database with the readings."""
    with closing(
        sqlite3.connect(os.environ["BENCH_DATABASE"], check_same_thread=False)
    ) as database:
        yield database


Database = Annotated[sqlite3.Connection, Depends(connected)]


def prepare() -> None:
    """Make that database."""
    with closing(sqlite3.connect(os.environ["BENCH_DATABASE"])) as database, database:
        database.execute("CREATE TABLE reading (meter TEXT, at INTEGER, kwh REAL)")
        made = ((f"meter-{number}", number, number / 7) for number in range(ROWS))
        database.executemany("INSERT INTO reading VALUES (?, ?, ?)", made)


async def nobody(_connection: HTTPConnection) -> None:
    """Look at nothing: what FastAPI itself takes for a dependency."""


@empty.get("/open")
async def everyone() -> dict[str, str]:
    """Answer everyone."""
    return {"status": "ok"}


@empty_depending.get("/depending", dependencies=[Depends(nobody)])
async def depending() -> dict[str, str]:
    """Answer everyone, after a dependency."""
    return {"status": "ok"}


@empty_guarded.get("/guarded")
async def partners(_caller: Reader) -> dict[str, str]:
    """Answer who has the scope."""
    return {"status": "ok"}


@tutorial.get("/open/readings")
def readings(database: Database) -> list[Reading]:
    """Return the readings to everyone."""
    return _readings(database)


@tutorial.get("/guarded/readings")
def readings_for_partners(database: Database, _caller: Reader) -> list[Reading]:
    """Return the readings to who has the scope."""
    return _readings(database)


def _readings(database: sqlite3.Connection) -> list[Reading]:
    rows = database.execute("SELECT meter, at, kwh FROM reading")
    return [Reading(meter=meter, at=at, kwh=kwh) for meter, at, kwh in rows]


EMPTY = {"/open": empty, "/depending": empty_depending, "/guarded": empty_guarded}


async def app(scope: Scope, receive: Receive, send: Send) -> None:
    """Pass a request on to the application of its path."""
    await EMPTY.get(scope.get("path", ""), tutorial)(scope, receive, send)


behind = Protected(app, guard.core, Requirements.of("read"))


if __name__ == "__main__":
    prepare()
