"""The pages about inviting people and recovering accounts: their commands do what they show."""

import json
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest

from docs.page import ROOT, commands, looks_like
from gatepass.server.configuration.settings import load
from gatepass.server.environment import data_directory
from gatepass.server.environment.mail import delivery
from gatepass.wire.credential import Mode
from server.cli import inside
from server.cli.conftest import made
from server.cli.test_single_sign_on import turn_on
from server.environment.mail.smtp_server import Received, smtp_server

_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
TASK = ROOT / "docs" / "tasks" / "invite-your-team.md"
FACTORS = ROOT / "docs" / "operate" / "second-factors.md"
SINGLE_SIGN_ON = ROOT / "docs" / "operate" / "single-sign-on.md"
OPERATORS = ROOT / "docs" / "operate" / "operators.md"
OPERATE = ROOT / "docs" / "operate" / "recover-accounts.md"


@pytest.fixture
def place(tmp_path: Path) -> Iterator[tuple[Path, Received]]:
    with smtp_server(tmp_path, tls=False) as (received, mail):
        data = made(tmp_path / "data")
        lines = [f"{name} = {json.dumps(value)}" for name, value in mail.items()]
        (data / "gatepass.toml").write_text("\n".join(["[mail]", *lines, ""]))
        yield data, received


def play(page: Path, data: Path) -> None:
    for block in re.findall(r"```console\n(.*?)```", page.read_text(), re.DOTALL):
        for command in commands(block):
            listed = json.loads(inside.run("organization", "list", "--json", data=data).out)
            org_id = listed[0]["org_id"] if listed else ""
            words = shlex.split(command.text.replace("$ORG_ID", org_id))[1:]
            ran = inside.run(*words, data=data)
            assert ran.status == 0, ran.err
            shown, printed = (_UUID.sub("ID", text) for text in (command.shown or "", ran.out))
            assert looks_like(shown, printed), ran.out


def deliver(data: Path) -> None:
    settings = load(data=data)
    with data_directory.opened(settings, Mode.LIVE) as environment:
        delivery.of_environment(settings, environment).deliver()


def test_the_page_about_invitations_is_played(  # "invite-your-team.md"
    place: tuple[Path, Received],
) -> None:
    data, received = place

    play(TASK, data)
    deliver(data)

    assert {mail["To"] for mail in received.mails} == {"anna@acme.example", "ben@acme.example"}
    assert "7 days" in TASK.read_text()


def test_the_page_about_operators_is_played(  # "operators.md"
    place: tuple[Path, Received],
) -> None:
    data, received = place

    play(OPERATORS, data)
    found = re.findall(r"\| `gatepass (operator [^`]+|user [^`]+)`", OPERATORS.read_text())
    for command in found:
        confirmed = (*command.split(), "--yes") if _asks(command) else command.split()
        ran = inside.run(*confirmed, data=data)
        assert ran.status == 0, ran.err
    invited = inside.run(
        *("operator", "add", "--invite", "ben@operator.example", "--role", "security"), data=data
    )
    deliver(data)
    revoked = inside.run("operator", "remove", "ben@operator.example", data=data)

    assert len(found) == 7
    assert (invited.status, revoked.status) == (0, 0)
    assert "ben@operator.example" in {mail["To"] for mail in received.mails}
    listed = json.loads(inside.run("operator", "list", "--json", data=data).out)
    assert [row["username"] for row in listed] == ["olga"]


def _asks(command: str) -> bool:
    return command.split()[1] in {"reset", "reset-factors", "disable", "remove"}


def test_the_page_about_recovery_is_played(place: tuple[Path, Received]) -> None:
    data, received = place
    anna = "--admin", "anna", "--email", "anna@acme.example"
    inside.run("organization", "create", "Acme Energy", *anna, data=data)

    play(OPERATE, data)
    for command in re.findall(r"\| `gatepass (user [^`]+) ?`", OPERATE.read_text()):
        ran = inside.run(*command.split(), data=data)
        # The last administrator is not disabled; what is dangerous is asked for on a terminal.
        assert ran.status == (
            1 if command.split()[1] in {"reset", "disable", "reset-factors"} else 0
        ), ran.err
    deliver(data)

    assert [mail["Subject"] for mail in received.mails] == ["You got a new initial password"]


def test_the_page_about_second_factors_is_played(place: tuple[Path, Received]) -> None:
    data, _ = place
    inside.run("organization", "create", "Acme Energy", "--admin", "anna", data=data)
    [text] = re.findall(r"```toml\n(.*?)```", FACTORS.read_text(), re.DOTALL)
    (data / "factors.toml").write_text(text)

    play(FACTORS, data)

    settings = load(data / "factors.toml", data=data)
    assert settings.relying_party(Mode.LIVE).id == "example.com"


def test_the_page_about_single_sign_on_is_played(tmp_path: Path) -> None:
    data = made(tmp_path / "data")
    created = inside.run(
        "organization", "create", "Acme Energy", "--admin", "anna", "--json", data=data
    )
    turn_on(data, json.loads(created.out)["org_id"])

    play(SINGLE_SIGN_ON, data)
