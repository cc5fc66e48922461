"""The page about mail: its settings send mail, its commands print what it shows."""

import re
from pathlib import Path

import pytest

from commands import run_in_process
from docs.page import ROOT, commands, looks_like
from gatepass.server.configuration.settings import load
from gatepass.server.environment.mail.messages import KINDS
from server.cli.conftest import made
from server.environment.mail.smtp_server import PASSWORD, smtp_server

_PAGE = (ROOT / "docs" / "operate" / "send-mail.md").read_text()


def test_the_settings_and_commands_of_the_page_send_mail(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    [text] = re.findall(r"```toml\n(.*?)```", _PAGE, re.DOTALL)
    variables = {"GATEPASS_MAIL__PASSWORD": PASSWORD}
    monkeypatch.setenv("GATEPASS_MAIL__PASSWORD", PASSWORD)
    with smtp_server(tmp_path, needs_password=True) as (received, mail):
        own = f'host = "{mail["host"]}"\nport = {mail["port"]}\nca_file = "{mail["ca_file"]}"'
        data = made(tmp_path / "data")
        (data / "gatepass.toml").write_text(text.replace('host = "smtp.example.com"', own))
        for block in re.findall(r"```console\n(.*?)```", _PAGE, re.DOTALL):
            for command in commands(block):
                words = command.text.split()[1:]
                ran = run_in_process(*words, "--data", data, variables=variables)
                assert ran.status == 0, ran.err
                assert looks_like(command.shown or "", ran.out)

    [test_mail] = received.mails
    assert test_mail["From"] == "Example Energy <partners@example.com>"
    assert "1 Main Street, London" in str(test_mail)
    assert load(data=data).operator.support in str(test_mail)


def test_the_page_has_a_line_for_every_kind_of_mail() -> None:
    lines = _PAGE.partition("| to | when |\n|---|---|\n")[2].partition("\n\n")[0].splitlines()

    assert len(lines) == len(KINDS) - 3  # test; requests and rejections, and both passwords: one
