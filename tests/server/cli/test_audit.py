"""`gatepass audit list`: the whole audit trail, for the operator."""

import json
from typing import Any

import pytest

from server.cli.conftest import Command


@pytest.fixture(scope="module")
def org_id(gatepass: Command) -> str:
    gatepass("organization", "create", "Bolt Power", "--admin", "bo")
    made = gatepass("organization", "create", "Acme", "--admin", "anna", "--json", "--as", "Maria")
    acme = str(json.loads(made.out)["org_id"])
    gatepass("organization", "rename", acme, "Acme Energy", "--as", "Maria")
    return acme


def listed(gatepass: Command, *arguments: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(gatepass("audit", "list", "--json", *arguments).out)
    return found


def test_entries_of_all_organizations_are_listed_the_newest_first(
    gatepass: Command, org_id: str
) -> None:
    found = listed(gatepass)

    numbers = [each["number"] for each in found]
    assert numbers == sorted(numbers, reverse=True)
    assert {each["organization"] for each in found} > {org_id}
    assert found[0]["action"] == "organization.renamed"


def test_they_name_the_operators_people(gatepass: Command, org_id: str) -> None:
    [renamed] = listed(gatepass, "--organization", org_id, "--action", "organization.renamed")

    assert (renamed["actor"], renamed["subject"]) == ("operator", "Acme Energy")
    assert renamed["detail"]["before"] == "Acme"
    assert renamed["detail"]["claim"] == "Maria"
    assert renamed["detail"]["operator"]


@pytest.mark.parametrize(
    ("arguments", "number"),
    [
        (("--action", "organization."), 3),
        (("--actor", "OPERATOR", "--action", "organization.created"), 2),
        (("--actor", "anna"), 0),
        (("--refused",), 0),
        (("--since", "2026-01-01", "--until", "2099-12-31", "--action", "organization."), 3),
        (("--until", "2001-01-01"), 0),
        (("--since", "2001-01-01T00:00:00Z", "--limit", "2"), 2),
        (("--application", "gpc_live_nothing"), 0),
    ],
)
@pytest.mark.usefixtures("org_id")
def test_what_is_asked_for_is_found(
    gatepass: Command, arguments: tuple[str, ...], number: int
) -> None:
    assert len(listed(gatepass, *arguments)) == number


@pytest.mark.usefixtures("org_id")
def test_json_lines_are_all_entries_one_a_line(gatepass: Command) -> None:
    lines = gatepass("audit", "list", "--json-lines", "--limit", "1").out.splitlines()

    assert [json.loads(line)["number"] for line in lines] == [
        each["number"] for each in listed(gatepass, "--limit", "1000")
    ]


@pytest.mark.usefixtures("org_id")
def test_a_table_has_a_line_for_each_entry(gatepass: Command) -> None:
    heading, *lines = gatepass("audit", "list", "--action", "organization.").out.splitlines()

    assert heading.split()[:3] == ["number", "at", "organization"]
    assert len(lines) == 3


@pytest.mark.parametrize("moment", ["soon", "2026-13-01", "1.11.2026"])
def test_a_moment_that_is_none_is_refused(gatepass: Command, moment: str) -> None:
    ran = gatepass("audit", "list", "--since", moment)

    assert ran.status == 2
    assert "is neither a day" in ran.err


def test_a_name_that_is_none_is_refused_and_nothing_is_renamed(
    gatepass: Command, org_id: str
) -> None:
    ran = gatepass("organization", "rename", org_id, " \u200b ")

    assert ran.status == 1
    shown = json.loads(gatepass("organization", "show", org_id, "--json").out)
    assert shown["name"] == "Acme Energy"


def test_the_same_name_again_writes_no_entry(gatepass: Command, org_id: str) -> None:
    before = len(listed(gatepass, "--organization", org_id))

    assert gatepass("organization", "rename", org_id, "Acme Energy").status == 0
    assert len(listed(gatepass, "--organization", org_id)) == before
