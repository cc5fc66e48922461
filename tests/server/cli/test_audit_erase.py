"""`gatepass audit erase`: the trail names the person no more, and is still whole."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from commands import Ran
from server.cli import inside
from server.cli.conftest import made

Run = Callable[..., Ran]


@pytest.fixture
def gatepass(tmp_path: Path) -> Run:
    data = made(tmp_path / "data")

    def run(*arguments: str) -> Ran:
        return inside.run(*arguments, data=data)

    for name in ("anna", "ben", "annabel"):
        run("organization", "create", f"Company of {name[::-1]}", "--admin", name)
    return run


def listed(gatepass: Run) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(gatepass("audit", "list", "--json").out)
    return found


def test_a_person_is_erased_and_nobody_else(gatepass: Run) -> None:
    gatepass("audit", "checkpoint")
    assert '"ben"' in gatepass("audit", "list", "--json").out

    ran = gatepass("audit", "erase", "BEN", "--yes", "--reason", "request 7", "--as", "Maria")

    assert ran.status == 0, ran.err
    newest, *entries = listed(gatepass)
    assert newest["action"] == "audit.erased"
    assert newest["detail"].items() >= {
        "entries": "1", "reason": "request 7", "claim": "Maria"
    }.items()  # fmt: skip
    assert "ben" not in {each["subject"] for each in entries}
    assert {"anna", "annabel", "erased"} <= {each["subject"] for each in entries}


def test_the_trail_stays_whole_and_counts_what_was_erased(gatepass: Run) -> None:
    made_now = gatepass("audit", "checkpoint").out
    gatepass("audit", "erase", "ben", "--yes")
    gatepass("audit", "erase", "anna", "--yes")
    gatepass("audit", "erase", "operator", "--yes")  # touches what was erased before

    verified = gatepass("audit", "verify", "--json")

    assert verified.status == 0, verified.out
    assert json.loads(verified.out)["erased"] == len(listed(gatepass)) - 1
    assert made_now.strip()


def test_it_is_confirmed(gatepass: Run) -> None:
    before = listed(gatepass)

    ran = gatepass("audit", "erase", "ben")

    assert ran.status == 1
    assert "--yes" in ran.err
    assert listed(gatepass) == before


@pytest.mark.parametrize("name", ["nobody", "be", "ben@example", "%", ".*"])
def test_whom_no_entry_names_is_said(gatepass: Run, name: str) -> None:
    assert "No entry" in gatepass("audit", "erase", name, "--yes").out


@pytest.mark.parametrize("arguments", [(" ",), ("ben", "--also", ""), ("ben", "--reason", "a\nb")])
def test_what_is_no_name_is_refused(gatepass: Run, arguments: tuple[str, ...]) -> None:
    assert gatepass("audit", "erase", *arguments, "--yes").status == 2


def test_another_name_is_erased_as_well(gatepass: Run) -> None:
    gatepass("audit", "erase", "nobody", "--also", "Ben", "--yes")

    assert "ben" not in {each["subject"] for each in listed(gatepass)}
