"""The pages about ways to log in: they name each method, and the limits that the code has."""

import json
import re
import shlex
from pathlib import Path
from typing import get_args

import pytest

from docs.page import ROOT, commands, looks_like
from gatepass.server.domain.throttling.model import of_login, of_recovery
from gatepass.server.domain.users.model import INITIAL_PASSWORD_LIFETIME
from gatepass.server.domain.users.sessions.linked.model import CODE_LIFETIME
from gatepass.server.domain.users.sessions.proofs.model import FRESH, Method
from server.cli import inside
from server.cli.conftest import made

LOGGING_IN = (ROOT / "docs/operate/logging-in.md").read_text()
SANDBOX = ROOT / "docs/operate/sandbox-identity.md"


@pytest.mark.spec("ASVS", "6.1.1")
def test_the_page_names_the_limits_of_guesses() -> None:
    by_stranger, by_owner = of_login("anna", "203.0.113.7", None), of_login("anna", "", b"device")

    assert [each.free for each in by_stranger] == [5, 20, 100]
    assert [each.free for each in by_owner] == [5]
    for row in ("64 bits of IPv6) | 5 |", "accounts | 20 |", "anywhere | 100 |", "before | 5, and"):
        assert row in LOGGING_IN
    assert [each.free for each in of_recovery("a@b.example", "203.0.113.7")] == [20, 3]
    assert "bounded at 20 for a network and\n3 for an address" in LOGGING_IN


@pytest.mark.spec("ASVS", "6.1.2")
def test_the_page_lists_the_words_of_the_context() -> None:
    for word in ("the username", "the email address", "the name of the organization"):
        assert f"| {word} |" in LOGGING_IN


@pytest.mark.spec("ASVS", "6.1.3")
def test_the_page_has_every_method_of_proof() -> None:
    assert [each for each in get_args(Method) if f"`{each}`" not in LOGGING_IN] == []


def test_the_pages_name_the_times_that_the_code_has() -> None:
    assert f"{INITIAL_PASSWORD_LIFETIME.days} days" in LOGGING_IN
    assert f"{FRESH.seconds // 60} minutes" in LOGGING_IN
    assert f"within {CODE_LIFETIME.seconds} seconds" in SANDBOX.read_text()


def test_the_page_about_the_sandbox_is_played(tmp_path: Path) -> None:
    data = made(tmp_path / "data")
    ids = {}
    for name, environment in (("Acme Energy", "production"), ("Acme (trial)", "sandbox")):
        wanted = "--admin", "anna", "--environment", environment, "--json"
        ran = inside.run("organization", "create", name, *wanted, data=data)
        ids[f"{environment.upper()}_ORG_ID"] = json.loads(ran.out)["org_id"]
    [block] = re.findall(r"```console\n(.*?)```", SANDBOX.read_text(), re.DOTALL)
    for command in commands(block):
        words = [ids.get(word, word) for word in shlex.split(command.text)[1:]]
        ran = inside.run(*words, data=data)
        assert ran.status == 0, ran.err
        assert looks_like(command.shown or "", ran.out), ran.out

    unlinked = inside.run("organization", "unlink", ids["SANDBOX_ORG_ID"], data=data)
    again = inside.run("organization", "unlink", ids["SANDBOX_ORG_ID"], data=data)
    unknown = inside.run(
        "organization",
        "link",
        ids["PRODUCTION_ORG_ID"],
        "--to",
        ids["PRODUCTION_ORG_ID"],
        data=data,
    )

    assert "no longer linked" in unlinked.out
    assert (unlinked.status, again.status, unknown.status) == (0, 1, 1)
