"""The page about the Admin API: what it shows of curl is done as it stands there."""

import json
import re
import shlex
import subprocess
from pathlib import Path

from docs.page import ROOT, Command, commands, looks_like
from server_process import Server

PAGE = ROOT / "docs" / "reference" / "admin-api.md"


def test_the_walk_with_curl_is_played(fresh_server: Server, tmp_path: Path) -> None:
    fresh_server.run("operator", "add", "olga", "--role", "owner")
    first, *others = re.findall(r"```console\n(.*?)```", PAGE.read_text(), re.DOTALL)
    [create] = commands(first)
    created = fresh_server.run(*shlex.split(create.text.replace("\\\n", " "))[1:])
    assert created.status == 0, created.err
    credentials = json.loads(created.out)
    variables = {
        "URL": fresh_server.url(),
        "CLIENT_ID": credentials["client_id"],
        "CLIENT_SECRET": credentials["client_secret"],
    }

    every = [command for block in others for command in commands(block)]
    for shown, printed in zip(every, _played(every, variables, tmp_path), strict=True):
        if shown.shown is not None:
            assert looks_like(shown.shown, printed), (shown.text, printed)


def _played(every: list[Command], variables: dict[str, str], folder: Path) -> list[str]:
    """Run the commands in one shell, whose variables last; return what each has printed."""
    mark = "--- next ---"
    script = "\n".join(f"{each.text}\necho '{mark}'" for each in every)
    ran = subprocess.run(
        ["bash", "-c", script],
        cwd=folder,
        env={"PATH": "/usr/bin:/bin", **variables},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    return ran.stdout.split(f"{mark}\n")[: len(every)]
