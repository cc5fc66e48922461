from pathlib import Path

import pytest
from structlog.testing import capture_logs

from gatepass.server.storage.database import Database, sqlite_url
from server.partner_api.partner_client import Partner, use_database

_PROBLEM = "application/problem+json"


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE"])
def test_without_its_database_the_api_says_so_and_when_to_come_again(
    partner: Partner, method: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    partner.call("GET", partner.org)  # so that the token is known to memory
    nowhere = Database(sqlite_url(tmp_path / "nowhere" / "x.sqlite3"))
    use_database(partner, monkeypatch, nowhere)
    path = partner.users if method == "POST" else partner.administrator

    response = partner.call(method, path, json={"email": "a@example.com", "role": "admin"})

    assert (response.status_code, response.headers["content-type"]) == (503, _PROBLEM)
    assert int(response.headers["retry-after"]) > 0
    assert response.json()["status"] == 503


def test_a_bug_of_ours_is_a_bland_problem(
    partner: Partner, monkeypatch: pytest.MonkeyPatch
) -> None:
    partner.token()
    use_database(partner, monkeypatch, "no database at all")

    response = partner.call("GET", partner.users)

    assert (response.status_code, response.headers["content-type"]) == (500, _PROBLEM)
    assert "database" not in response.text


def test_a_denial_stays_one_while_the_database_is_away(
    partner: Partner, other: Partner, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    partner.call("GET", partner.org)  # so that the token is known to memory
    nowhere = Database(sqlite_url(tmp_path / "nowhere" / "x.sqlite3"))
    use_database(partner, monkeypatch, nowhere)

    with capture_logs() as logged:
        response = partner.call("GET", other.org)

    assert response.status_code == 404
    # The thread that follows changes may notice it, too.
    events = [each["event"] for each in logged if each["event"] != "database.away"]
    assert events == ["access.denied", "audit.lost"]
