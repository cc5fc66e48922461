"""The portal's list of 10,000 applications: `python -m bench.server.application_list`.

Beside it another server has 10. The two take turns, a request each; the ratio is that of the
medians.
"""

import re
import sqlite3
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from statistics import median

import httpx2

from bench.report import Part, Row, limit_row, print_part
from bench.server import gatepass_server

FEW, MANY = 10, 10_000
TIMES = 200
MOST = 2.0
_PASSWORD = "seven green lanterns hang outside"
_LIST = "/oauth2/applications/"
_PAGES = {
    "list, newest first": _LIST,
    "list, by name, last page": f"{_LIST}?sort=name&page=9999",
    "search that finds one": f"{_LIST}?q=application+7",
}


def measure() -> Part:
    """Measure the list, sorted and searched."""
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        few, many = (
            stack.enter_context(_logged_in(Path(folder, str(count)), count))
            for count in (FEW, MANY)
        )
        rows = tuple(_row(figure, path, few, many) for figure, path in _PAGES.items())
    return Part("Portal, 10,000 applications of one organization", {}, rows)


def _row(figure: str, path: str, few: httpx2.Client, many: httpx2.Client) -> Row:
    times: dict[httpx2.Client, list[float]] = {few: [], many: []}
    for number in range(TIMES + 20):
        for client, taken in times.items():
            started = time.perf_counter()
            assert client.get(path).status_code == 200
            if number >= 20:
                taken.append(time.perf_counter() - started)
    one, other = (median(taken) * 1000 for taken in times.values())
    detail = f"{other:.1f} ms of {MANY:,}, {one:.1f} ms of {FEW}"
    return limit_row(figure, other / one, MOST, "x", detail)


@contextmanager
def _logged_in(data: Path, count: int) -> Iterator[httpx2.Client]:
    """Serve an organization with so many applications to its administrator."""
    data.mkdir()
    (data / "gatepass.toml").write_text("[password]\ntime_cost = 1\nmemory_kib = 8192\n")
    initial = gatepass_server.create_with_administrator(data)
    with closing(sqlite3.connect(data / "production.sqlite3")) as database, database:
        _copy_the_only_application(database, count)
    with gatepass_server.served(data) as server:
        url = f"http://localhost:{server.port}"
        with httpx2.Client(base_url=url, trust_env=False, timeout=60) as client:
            _send(client, "/accounts/login/", username="bench", password=initial)
            _send(
                client,
                "/accounts/password/",
                current_password=initial,
                new_password=_PASSWORD,
                new_password_again=_PASSWORD,
            )
            yield client


def _send(client: httpx2.Client, path: str, **form: str) -> None:
    token = re.search(r'name="csrf" value="([^"]*)"', client.get(path).text)
    assert token
    headers = {"origin": str(client.base_url).rstrip("/")}
    answer = client.post(path, data={"csrf": token[1], **form}, headers=headers)
    assert answer.status_code == 303, answer.status_code


def _copy_the_only_application(database: sqlite3.Connection, count: int) -> None:
    every = [str(row[1]) for row in database.execute("PRAGMA table_info(application)")]
    kept = ", ".join(
        name for name in every if name not in {"id", "client_id", "name", "created_at"}
    )
    database.execute(
        "WITH RECURSIVE number(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM number WHERE n < ?) "
        f"INSERT INTO application (id, client_id, name, created_at, {kept}) "
        "SELECT lower(hex(randomblob(16))), 'gpc_live_bench' || n, 'Application ' || n, "
        f"created_at + n, {kept} FROM application, number",
        (count - 1,),
    )


if __name__ == "__main__":
    print_part(measure())
