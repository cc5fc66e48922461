"""What commands show of dangerous operations before they are done, and how they find them."""

import json
import os
import pty
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from commands import clean_variables
from gatepass.server.admin.operations.registry import BY_NAME
from gatepass.server.cli.operations import local
from server.cli import inside
from server.cli.conftest import Command, made


def _json(gatepass: Command, *arguments: str) -> Any:  # noqa: ANN401 - as the command prints it
    ran = gatepass(*arguments, "--json")
    assert ran.status == 0, ran.err
    return json.loads(ran.out)


@pytest.fixture(scope="module")
def org_id(gatepass: Command) -> str:
    created = _json(gatepass, "organization", "create", "Acme Energy", "--admin", "anna")
    org_id = str(created["org_id"])
    _json(gatepass, "organization", "add-admin", org_id, "--admin", "ben")
    return org_id


@pytest.fixture(scope="module")
def client_id(gatepass: Command, org_id: str) -> str:
    arguments = ("application", "create", "--organization", org_id, "--name", "Billing")
    return str(_json(gatepass, *arguments)["client_id"])


@pytest.fixture(scope="module")
def endpoint(gatepass: Command, org_id: str) -> str:
    arguments = ("webhook", "add", "https://partner.example/", "--organization", org_id)
    return str(_json(gatepass, *arguments)["id"])


def test_a_command_finds_every_operation_of_its_objects() -> None:
    known = [name for name in BY_NAME if name.partition(".")[0] in local.MODULES]

    assert len(known) > 60
    for name in known:
        modules = local.MODULES[name.partition(".")[0]]
        if name not in {"organization.usage", "organization.refusals"}:  # no command has them
            assert local.find(name) is BY_NAME[name], (name, modules)


_DANGEROUS = {
    "suspend": ("organization suspend {org_id}", "1 application stops"),
    "disable an application": ("application disable {client_id}", "0 access tokens"),
    "delete an application": ("application delete {client_id}", "never work again"),
    "revoke tokens": ("application revoke-tokens {client_id}", "gets new ones"),
    "rotate": ("application rotate {client_id} --overlap none", "stops working at once"),
    "reset": ("user reset anna", "current password stops working"),
    "reset factors": ("user reset-factors anna", "0 second factors"),
    "disable a person": ("user disable ben", "cannot log in until"),
    "end sessions": ("user end-sessions anna", "0 sessions end"),
    "end all sessions": ("user end-sessions --all", "0 sessions end"),
    "disable a webhook": ("webhook disable {endpoint}", "0 deliveries wait"),
    "remove a webhook": ("webhook remove {endpoint}", "never sent"),
    "rotate keys at once": ("keys rotate --now", "Every program must request a new token"),
}


@pytest.mark.parametrize(("command", "words"), _DANGEROUS.values(), ids=_DANGEROUS)
def test_a_dry_run_says_what_would_stop_and_changes_nothing(
    gatepass: Command,
    org_id: str,
    client_id: str,
    endpoint: str,
    command: str,
    words: str,
) -> None:
    before = gatepass("audit", "list").out

    words_of_command = command.format(org_id=org_id, client_id=client_id, endpoint=endpoint).split()
    ran = gatepass(*words_of_command, "--dry-run")

    assert (ran.status, ran.err) == (0, "")
    assert words in ran.out
    assert ran.out.endswith("Nothing was changed.\n")
    assert gatepass("audit", "list").out == before


def test_a_dry_run_prints_its_effect_as_json(gatepass: Command, client_id: str) -> None:
    shown = _json(gatepass, "application", "rotate", client_id, "--dry-run")

    assert shown["dry_run"] is True
    assert shown["effect"]["reversible"] is True
    assert shown["effect"]["counts"] == {"live_secrets": 1, "tokens_in_the_last_hour": 0}


def test_a_dry_run_of_what_cannot_be_done_fails_as_the_command_would(gatepass: Command) -> None:
    ran = gatepass("application", "disable", "gpc_live_nobody", "--dry-run")

    assert (ran.status, ran.out) == (1, "")
    assert "gpc_live_nobody was not found" in ran.err


def test_an_argument_that_no_operation_takes_is_named(gatepass: Command, org_id: str) -> None:
    ran = gatepass("organization", "rename", org_id, "x" * 1001)

    assert (ran.status, ran.out) == (1, "")
    assert "name: " in ran.err


def test_on_a_terminal_what_would_stop_is_shown_before_the_question(data: Path) -> None:
    made(data)
    arguments = ("organization", "create", "Acme", "--admin", "anna", "--json")
    org_id = json.loads(inside.run(*arguments, data=data).out)["org_id"]
    typed, terminal = pty.openpty()
    os.write(typed, b"n\n")

    ended = subprocess.run(
        [sys.executable, "-m", "gatepass", "organization", "suspend", org_id, "--data", data],
        stdin=terminal,
        capture_output=True,
        env=clean_variables(),
        text=True,
        check=False,
    )
    os.close(terminal)
    os.close(typed)

    before, asked, after = ended.stderr.partition("Suspend Acme in production?")
    assert "1 person cannot log in." in before
    assert asked
    assert "Nothing is done." in after
    assert ended.returncode == 1
