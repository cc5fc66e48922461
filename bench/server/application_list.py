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
TIMES = 150
MOST = 2.0
_PASSWORD = "seven green lanterns hang outside"
_LIST = "/oauth2/applications/"
_LAST = "page=9999"
_PAGES = {
    "list, newest first": _LIST,
    "list, newest first, last page": f"{_LIST}?{_LAST}",
    "list, by name": f"{_LIST}?sort=name",
    "list, by name, page 200": f"{_LIST}?sort=name&page=200",
    "list, by name, last page": f"{_LIST}?sort=name&{_LAST}",
    "list, last used first": f"{_LIST}?sort=used",
    "list, last used first, last page": f"{_LIST}?sort=used&{_LAST}",
    "never used": f"{_LIST}?state=unused",
    "never used, by name, last page": f"{_LIST}?state=unused&sort=name&{_LAST}",
    "secret ends soon": f"{_LIST}?state=expiring",
    "search that finds one": f"{_LIST}?q=application+7&sort=name",
    "search that finds none": f"{_LIST}?q=zebra",
    "search that finds all, last page": f"{_LIST}?q=application&{_LAST}",
    "search that finds all, last used first": f"{_LIST}?q=application&sort=used",
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
            send(client, "/accounts/login/", username="bench", password=initial)
            send(
                client,
                "/accounts/password/",
                current_password=initial,
                new_password=_PASSWORD,
                new_password_again=_PASSWORD,
            )
            yield client


def send(client: httpx2.Client, path: str, **form: str) -> None:
    """Send a form with the token of its page."""
    token = re.search(r'name="csrf" value="([^"]*)"', client.get(path).text)
    assert token
    headers = {"origin": str(client.base_url).rstrip("/")}
    answer = client.post(path, data={"csrf": token[1], **form}, headers=headers)
    assert answer.status_code == 303, answer.status_code


def _copy_the_only_application(database: sqlite3.Connection, count: int) -> None:
    """Make the others: half of them were used, one of 100 is disabled, one of 9 ends soon."""
    own = ("id", "client_id", "name", "created_at", "last_used_at", "last_used_from", "disabled_at")
    every = [str(row[1]) for row in database.execute("PRAGMA table_info(application)")]
    kept = ", ".join(name for name in every if name not in own)
    database.execute(
        "WITH RECURSIVE number(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM number WHERE n < ?) "
        f"INSERT INTO application ({', '.join(own)}, {kept}) "
        "SELECT lower(hex(randomblob(16))), 'gpc_live_' || lower(hex(randomblob(13))), "
        "'Application ' || n, created_at + n, "
        "CASE n % 2 WHEN 0 THEN created_at + abs(random() % 1000000000) END, "
        "CASE n % 2 WHEN 0 THEN '192.0.2.1' END, CASE n % 100 WHEN 0 THEN created_at END, "
        f"{kept} FROM application, number",
        (count - 1,),
    )
    database.execute(
        "INSERT INTO application_secret (id, application_id, digest, last_four, created_at, "
        "expires_at) SELECT lower(hex(randomblob(16))), id, randomblob(32), 'abcd', created_at, "
        "CASE rowid % 9 WHEN 1 THEN created_at + 2592000000 END FROM application "
        "WHERE id NOT IN (SELECT application_id FROM application_secret)"
    )


if __name__ == "__main__":
    print_part(measure())
