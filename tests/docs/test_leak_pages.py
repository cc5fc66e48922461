"""The pages about leaked credentials: their commands do what they show, their numbers are so."""

import re
import secrets
import time
from itertools import product
from pathlib import Path

from docs.page import ROOT, Reader, play
from docs.test_people_pages import play as play_inside
from docs.test_policy_pages import text_of
from gatepass.server.domain.throttling.report_budget import MOST_IN_TOTAL, MOST_REPORTS
from gatepass.wire.credential import Kind, Mode, mint
from server.cli.conftest import made
from server_process import Server

OPERATE = ROOT / "docs" / "operate" / "report-leaks.md"
TASK = ROOT / "docs" / "tasks" / "report-a-leak.md"
HTTP = ROOT / "docs" / "reference" / "http.md"


def test_the_operators_page_is_played(tmp_path: Path) -> None:
    play_inside(OPERATE, made(tmp_path / "data"))


def test_a_secret_is_reported_as_the_page_says_and_the_server_acts_by_itself(
    server: Server, tmp_path: Path
) -> None:
    organization = server.create_organization("Leaking Energy", "lea")
    secret = server.create_application(organization.org_id).client_secret
    (tmp_path / "found.txt").write_text(f"{secret}\n")

    with Reader(tmp_path, {"http://localhost:8000": server.url()}, {}) as reader:
        list(play("report-a-leak.md", reader, {}))

    until = time.monotonic() + 60
    while not _leaked(server) and time.monotonic() < until:
        time.sleep(0.2)
    [event] = _leaked(server)
    assert (event["channel"], event["source"]) == ("report", "127.0.0.1")
    assert secret not in server.log()


def test_the_regular_expressions_for_github_find_every_credential_and_no_client_id() -> None:
    kinds = (Kind.CLIENT_SECRET, Kind.ACCESS_TOKEN)
    found = re.findall(r"```text\s+(gp\S+)\s+```", OPERATE.read_text())

    for kind, mode in product(kinds, Mode):
        sizes = {Kind.CLIENT_SECRET: (32,), Kind.ACCESS_TOKEN: (54, 120, 700)}[kind]
        texts = [mint(kind, mode, secrets.token_bytes(size)) for size in sizes * 200]
        wanted = found[kinds.index(kind)]
        assert all(re.fullmatch(wanted, text) for text in texts)
        assert not re.search(wanted, mint(Kind.CLIENT_ID, mode, secrets.token_bytes(16)))


def test_the_pages_name_the_limits_that_are_in_force() -> None:
    assert f"{MOST_REPORTS} credentials a minute" in text_of(OPERATE)
    assert f"{MOST_REPORTS} reports a minute" in text_of(TASK)
    assert f"and {MOST_IN_TOTAL} from all" in text_of(OPERATE)
    assert f"and {MOST_IN_TOTAL} from all" in text_of(HTTP)


def _leaked(server: Server) -> list[dict[str, object]]:
    return [each for each in server.events() if each["event"] == "secret.leak_reported"]
