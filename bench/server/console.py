"""The console with many organizations and applications: `python -m bench.server.console`.

There are 100,000 with 10 applications each; beside it another server has 100. The two take turns, a
request each; the ratio is that of the medians.
"""

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
from bench.server.application_list import send

FEW, MANY = 100, 100_000
EACH = 10  # applications of an organization
TIMES = 100
MOST = 2.0
_LATER = "later"
_PASSWORD = "seven green lanterns hang outside"
_BASE = "/console/production/"
_LIST = f"{_BASE}organizations/"
_PAGES = {
    "overview": _BASE,
    "organizations": _LIST,
    "organizations, suspended": f"{_LIST}?state=suspended",
    "search that finds many": f"{_LIST}?q=partner",
    "search that finds one": f"{_LIST}?q=partner+77+",
    "search that finds none": f"{_LIST}?q=zebra",
    "search that finds none, of frequent parts": f"{_LIST}?q=energy+partner+1",
    "search of suspended ones that finds few": f"{_LIST}?q=777&state=suspended",
    "search by client id": f"{_LIST}?q=gpc_live_of_partner_77_3",
    "page of an organization": "",
}


def measure() -> Part:
    """Measure the first pages of lists, the search, and the page of an organization."""
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        few, many = (
            stack.enter_context(_logged_in(Path(folder, str(count)), count))
            for count in (FEW, MANY)
        )
        rows = [_row(figure, path, few, many) for figure, path in _PAGES.items()]
        rows.append(_row("organizations, a later page", _LATER, few, many))
    return Part("Console, 100,000 organizations with 1,000,000 applications", {}, tuple(rows))


class _Visitor:
    """A logged-in operator, and where the pages are that depend on what there is."""

    def __init__(self, client: httpx2.Client, organization: str) -> None:
        self.client = client
        self.organization = organization
        next_page = client.get(_LIST).text.partition('" rel="next"')[0].rpartition('href="')[2]
        self.later = _LIST + next_page

    def path(self, given: str) -> str:
        """Return the path of a page; without one it is that of an organization."""
        return self.later if given == _LATER else given or self.organization


def _row(figure: str, path: str, few: _Visitor, many: _Visitor) -> Row:
    times: dict[_Visitor, list[float]] = {few: [], many: []}
    for number in range(TIMES + 20):
        for visitor, taken in times.items():
            asked = visitor.path(path)
            started = time.perf_counter()
            assert visitor.client.get(asked).status_code == 200, asked
            if number >= 20:
                taken.append(time.perf_counter() - started)
    one, other = (median(taken) * 1000 for taken in times.values())
    detail = f"{other:.1f} ms of {MANY:,}, {one:.1f} ms of {FEW}"
    return limit_row(figure, other / one, MOST, "x", detail)


@contextmanager
def _logged_in(data: Path, count: int) -> Iterator[_Visitor]:
    """Serve so many organizations to an owner."""
    data.mkdir()
    (data / "gatepass.toml").write_text("[password]\ntime_cost = 1\nmemory_kib = 8192\n")
    gatepass_server.create_with_administrator(data)
    own = gatepass_server.organization_id(data)
    initial = gatepass_server.add_owner(data, "olga")
    with closing(sqlite3.connect(data / "production.sqlite3")) as database, database:
        _copy_the_only_organization(database, own, count)
    with gatepass_server.served(data) as server:
        _await_index(data / "production.sqlite3")
        url = f"http://localhost:{server.port}"
        with httpx2.Client(base_url=url, trust_env=False, timeout=60) as client:
            send(client, "/accounts/login/", username="olga", password=initial)
            send(
                client,
                "/accounts/password/",
                current_password=initial,
                new_password=_PASSWORD,
                new_password_again=_PASSWORD,
            )
            yield _Visitor(client, f"{_LIST}{own}/")


def _await_index(file: Path) -> None:
    """Wait until the server has filled the index of the organizations' names."""
    with closing(sqlite3.connect(file)) as database:
        filled = "SELECT 1 FROM organization_name_index WHERE filled_at IS NULL"
        while database.execute(filled).fetchone() is None:
            time.sleep(0.1)


def _copy_the_only_organization(database: sqlite3.Connection, own: str, count: int) -> None:
    """Make the others, each with its applications; one of 50 is suspended."""
    database.execute(
        "WITH RECURSIVE number(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM number WHERE n < ?) "
        "INSERT INTO organization (id, name, created_at, suspended_at) "
        "SELECT lower(hex(randomblob(16))), 'Partner ' || n || ' Energy', created_at + n, "
        "CASE n % 50 WHEN 0 THEN created_at + n END FROM organization, number WHERE id = ?",
        (count, own.replace("-", "")),
    )
    changed = ("id", "org_id", "client_id", "name")
    every = [str(row[1]) for row in database.execute("PRAGMA table_info(application)")]
    kept = ", ".join(name for name in every if name not in changed)
    copied = ", ".join(f"model.{name}" for name in every if name not in changed)
    database.execute(
        "WITH RECURSIVE number(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM number WHERE n < ?) "
        f"INSERT INTO application ({', '.join(changed)}, {kept}) "
        "SELECT lower(hex(randomblob(16))), partner.id, "
        "'gpc_live_of_partner_' || substr(partner.name, 9, instr(substr(partner.name, 9), ' ') - 1)"
        f" || '_' || n, 'Application ' || n, {copied} "
        "FROM organization AS partner, number, application AS model "
        "WHERE partner.name LIKE 'Partner %' AND model.name = 'bench'",
        (EACH,),
    )


if __name__ == "__main__":
    print_part(measure())
