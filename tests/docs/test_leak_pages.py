"""The pages about leaked credentials: their commands do what they show, their numbers are so."""

import time
from pathlib import Path

from docs.page import ROOT, Reader, play
from docs.test_people_pages import play as play_inside
from docs.test_policy_pages import text_of
from gatepass.server.domain.throttling.report_budget import MOST_IN_TOTAL, MOST_REPORTS
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


def test_the_pages_name_the_limits_that_are_in_force() -> None:
    assert f"{MOST_REPORTS} credentials a minute" in text_of(OPERATE)
    assert f"{MOST_REPORTS} reports a minute" in text_of(TASK)
    assert f"and {MOST_IN_TOTAL} from all" in text_of(OPERATE)
    assert f"and {MOST_IN_TOTAL} from all" in text_of(HTTP)


def _leaked(server: Server) -> list[dict[str, object]]:
    return [each for each in server.events() if each["event"] == "secret.leaked"]
