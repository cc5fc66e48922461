"""The page about commands on another server: its commands work on a real one, as it shows."""

import json
import re
import shlex
from pathlib import Path

from commands import run
from docs.page import ROOT, commands, looks_like
from server_process import Server

_PAGE = ROOT / "docs" / "operate" / "run-commands-from-another-machine.md"


def test_the_commands_of_the_page_do_what_it_shows(fresh_server: Server, tmp_path: Path) -> None:
    fresh_server.run("operator", "add", "olga", "--role", "owner")
    create, export, played = re.findall(r"```console\n(.*?)```", _PAGE.read_text(), re.DOTALL)
    [made] = commands(create)
    arguments = shlex.split(made.text.replace("\\\n", " "))[1:]
    created = json.loads(fresh_server.run(*arguments, "--json").out)
    values = {
        "GATEPASS_SERVER": fresh_server.url(),
        "GATEPASS_CLIENT_ID": created["client_id"],
        "GATEPASS_CLIENT_SECRET": created["client_secret"],
        "GATEPASS_ENVIRONMENT": "production",
    }
    assert re.findall(r"export (\w+)=", export) == list(values)

    for each in commands(played):
        ran = run(*shlex.split(each.text)[1:], variables=values, cwd=tmp_path)
        assert ran.status == 0, ran.err
        assert each.shown is not None
        assert looks_like(each.shown, ran.out), ran.out
    assert list(tmp_path.glob("gatepass-data")) == []
