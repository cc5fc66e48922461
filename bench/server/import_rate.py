"""How fast `gatepass import` registers applications: `python -m bench.server.import_rate [COUNT]`.

The command as a process of its own, from a database of django-oauth-toolkit into an empty data
directory on SQLite. Against it: the same rows put into an empty database by the driver alone.
"""

import os
import secrets
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

import apsw

from bench.processes import ROOT, NotMeasuredError, environment
from bench.report import Part, Row, print_part
from gatepass.server.environment.environment import file
from gatepass.server.storage.database import Database, sqlite_url
from gatepass.wire.credential import Mode

APPLICATIONS = 200_000
A_SECOND = 20_000
_OF_ONE_USER = 1_000
_AT_ONCE = 10_000
_SITE = """
CREATE TABLE auth_user (id integer PRIMARY KEY, username varchar(150));
CREATE TABLE oauth2_provider_application (
  id integer PRIMARY KEY, client_id varchar(255) UNIQUE, client_secret varchar(255),
  name varchar(255), client_type varchar(32), authorization_grant_type varchar(44),
  redirect_uris text, user_id integer REFERENCES auth_user (id), created datetime,
  hash_client_secret bool);
CREATE INDEX of_user ON oauth2_provider_application (user_id);
"""
_TABLES = ("organization", "application", "application_secret", "imported", "audit", "change")


class _Spent(NamedTuple):
    seconds: float
    cpu: float
    peak: float  # MB


def measure(count: int = APPLICATIONS) -> Part:
    """Measure the import of so many applications, and the bare insertion of its rows."""
    with tempfile.TemporaryDirectory() as folder:
        site, data = Path(folder, "site.sqlite3"), Path(folder, "data")
        _make(site, count)
        command = _import(site, data)
        bare = _insert(file(data, Mode.LIVE), Path(folder, "bare.sqlite3"))
    return Part("Import", {}, (*_rows(count, command, bare),))


def _make(site: Path, count: int) -> None:
    with closing(apsw.Connection(str(site))) as connection:
        connection.execute(_SITE)
        users = ((number, f"user{number}") for number in range(1, count // _OF_ONE_USER + 2))
        with connection:
            connection.executemany("INSERT INTO auth_user VALUES (?, ?)", users)
            marks = ", ".join("?" * 10)
            sql = f"INSERT INTO oauth2_provider_application VALUES ({marks})"
            connection.executemany(sql, (_application(number) for number in range(count)))


def _application(number: int) -> tuple[object, ...]:
    kept = f"pbkdf2_sha256$1000000${secrets.token_urlsafe(16)}${secrets.token_hex(21)}0="
    kind = ("confidential", "client-credentials", "")
    user = number // _OF_ONE_USER + 1
    made = "2026-07-20 12:34:56.789"
    return (number, secrets.token_urlsafe(30), kept, f"Billing {number}", *kind, user, made, 1)


def _import(site: Path, data: Path) -> _Spent:
    of = ("django-oauth-toolkit", f"sqlite:///{site}", "--organization-by", "user")
    command = [sys.executable, "-m", "gatepass", "import", *of, "--data", str(data)]
    began = time.monotonic()
    process = subprocess.Popen(command, cwd=ROOT, env=environment(), stdout=subprocess.DEVNULL)
    _, status, used = os.wait4(process.pid, 0)  # of this process alone
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise NotMeasuredError(f"the import ended with {process.returncode}")
    seconds = time.monotonic() - began
    return _Spent(seconds, used.ru_utime + used.ru_stime, used.ru_maxrss * 1024 / 1e6)


def _insert(filled: Path, empty: Path) -> _Spent:
    """Insert the rows of one database into another by `executemany`, as many in a transaction."""
    with closing(Database(sqlite_url(empty))) as database:
        database.migrate()
    spent = cpu = 0.0
    with (
        closing(apsw.Connection(str(filled))) as source,
        closing(apsw.Connection(str(empty))) as to,
    ):
        for pragma in ("synchronous = FULL", "foreign_keys = ON"):
            to.execute(f"PRAGMA {pragma}")
        rows = {name: source.execute(f"SELECT * FROM {name}") for name in _TABLES}
        while some := dict(_next(rows)):
            began, cpu_began = time.monotonic(), time.process_time()
            with to:
                for name, those in some.items():
                    marks = ", ".join("?" * len(those[0]))
                    to.executemany(f"INSERT OR IGNORE INTO {name} VALUES ({marks})", those)
            spent += time.monotonic() - began
            cpu += time.process_time() - cpu_began
    return _Spent(spent, cpu, 0)


def _next(rows: dict[str, apsw.Cursor]) -> Iterator[tuple[str, list[Any]]]:
    for name, cursor in rows.items():
        if some := list(islice(cursor, _AT_ONCE)):
            yield name, some


def _rows(count: int, command: _Spent, bare: _Spent) -> Iterator[Row]:
    rate, of_bare = count / command.seconds, bare.seconds / command.seconds
    yield Row(
        f"applications that `gatepass import` registers, of {count:,}",
        f"{rate:,.0f} a second, peak memory {command.peak:,.0f} MB",
        f">= {A_SECOND:,} a second",
        rate >= A_SECOND,
    )
    by_cpu = f"{of_bare:.2f} (by CPU time {bare.cpu / command.cpu:.2f})"
    yield Row("the same, of the bare insertion of its rows", by_cpu, "stated", None)


if __name__ == "__main__":
    print_part(measure(*map(int, sys.argv[1:])))
