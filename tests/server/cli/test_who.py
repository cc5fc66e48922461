"""The audit trail says who ran a command; an organization sees that the operator did."""

import json
import os
import pwd
import sqlite3
from pathlib import Path
from uuid import UUID

import pytest

from gatepass.server.domain.audit import store
from server.cli.inside import run
from server.fixtures import open_passive_server

ME = pwd.getpwuid(os.geteuid()).pw_name


def create(data: Path, *more: str) -> str:
    """Create an organization; give its id."""
    ran = run("organization", "create", "Acme", "--admin", "anna", "--json", *more, data=data)
    assert ran.status == 0, ran.err
    return str(json.loads(ran.out)["org_id"])


def details(data: Path) -> list[dict[str, str]]:
    with sqlite3.connect(data / "production.sqlite3") as connection:
        return [json.loads(row[0]) for row in connection.execute("SELECT detail FROM audit")]


def test_an_entry_of_a_command_names_the_system_user(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SUDO_USER", raising=False)

    create(data)

    assert {each["operator"] for each in details(data)} == {ME}
    assert not any("claim" in each for each in details(data))


def test_an_entry_of_a_command_under_sudo_names_who_called_it(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SUDO_USER", "maria")

    create(data)

    assert {each["operator"] for each in details(data)} == {f"maria as {ME}"}


def test_who_somebody_says_they_are_stands_beside_it(data: Path) -> None:
    create(data, "--as", "Maria Ölund")

    assert {each["claim"] for each in details(data)} == {"Maria Ölund"}
    assert all(each["operator"] for each in details(data))


@pytest.mark.parametrize("claim", ["two\nlines", "x" * 101, "bell\x07"])
def test_a_name_that_is_none_is_refused_before_anything_is_done(data: Path, claim: str) -> None:
    ran = run("organization", "create", "Acme", "--admin", "anna", "--as", claim, data=data)

    assert ran.status == 2
    assert "one line of 100 characters" in ran.err
    assert not data.exists()


def test_an_organization_sees_the_operator_and_not_the_person(data: Path) -> None:
    org_id = UUID(create(data, "--as", "Maria"))

    with open_passive_server(data) as server, server.environment().database.read() as connection:
        entries = [entry for _, entry in store.page(connection, org_id)]

    assert {each.actor for each in entries} == {"operator"}
    assert not any({"operator", "claim"} & each.detail.keys() for each in entries)
