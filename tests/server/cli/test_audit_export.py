"""`gatepass audit export`: files for spreadsheets and for programs."""

import csv
import io
import json
from pathlib import Path

import pytest

from server.cli.conftest import Command

FORMULA = "=HYPERLINK(1)"


@pytest.fixture(scope="module")
def trail(gatepass: Command) -> Command:
    gatepass("organization", "create", "Acme", "--admin", "anna")
    gatepass("organization", "create", FORMULA, "--admin", "ben")
    return gatepass


def test_json_lines_have_each_entry_with_the_digest_of_its_link(trail: Command) -> None:
    lines = trail("audit", "export", "--format", "json-lines").out.splitlines()

    found = [json.loads(line) for line in lines]
    listed = json.loads(trail("audit", "list", "--json").out)
    assert [{**each, "link": None} for each in found] == [
        {**each, "link": None} for each in reversed(listed)
    ]
    assert all(len(bytes.fromhex(each["link"])) == 32 for each in found)
    assert len({each["link"] for each in found}) == len(found) == 4


def test_csv_has_words_and_no_formula(trail: Command) -> None:
    ran = trail("audit", "export", "--format", "csv", "--action", "organization.")

    header, *rows = csv.reader(io.StringIO(ran.out))
    assert header[-1] == "organization"
    assert [row[3] for row in rows] == ["Created the organization"] * 2
    assert rows[1][4] == f"'{FORMULA}"
    assert all(len(row) == len(header) for row in rows)


def test_a_file_is_new_and_its_owners_alone(trail: Command, tmp_path: Path) -> None:
    output = tmp_path / "trail.csv"
    arguments = ("audit", "export", "--format", "csv", "--output", str(output))

    assert trail(*arguments).status == 0
    content = output.read_bytes()
    again = trail(*arguments)

    assert output.stat().st_mode & 0o777 == 0o600
    assert content.count(b"\r\n") == 5
    assert (again.status, output.read_bytes()) == (1, content)
    assert "cannot be written" in again.err
