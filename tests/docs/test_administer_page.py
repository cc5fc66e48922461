"""The page about the Admin API's client: its program runs against a real server."""

import json
import re
import shlex
import subprocess
import sys
from pathlib import Path

from docs.page import ROOT, commands
from gatepass.admin import errors
from gatepass.admin.operations.groups import Groups
from server_process import Server

PAGE = ROOT / "docs" / "operate" / "administer-from-python.md"
REFERENCE = ROOT / "docs" / "reference" / "python" / "admin.md"

_SHOWN = """\
anna.acme has an initial password: True
Billing ('203.0.113.0/24',)
Acme Energy active YEAR
1 application stops; suspended
active
412 Somebody has changed it since you read it. Read it again, and send the change with its ETag.
422 ['networks.0']
['Acme Energy Ltd'] active
Acme Energy Ltd "
"""


def test_the_program_of_the_page_runs_as_it_stands_there(
    fresh_server: Server, tmp_path: Path
) -> None:
    fresh_server.run("operator", "add", "olga", "--role", "owner")
    text = PAGE.read_text()
    [create] = commands(*re.findall(r"```console\n(.*?)```", text, re.DOTALL))
    arguments = shlex.split(create.text.replace("\\\n", " "))[1:]
    created = json.loads(fresh_server.run(*arguments, "--json").out)
    *blocking, first, second = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    # as a notebook: the last blocks await
    awaited = "\n".join(f"    {line}" for line in (first + second).splitlines())
    program = (
        f"{''.join(blocking)}\nimport asyncio\nasync def main():\n{awaited}\nasyncio.run(main())\n"
    )

    ran = subprocess.run(
        [sys.executable, "-c", program],
        env={
            "GATEPASS_SERVER": fresh_server.url(),
            "GATEPASS_CLIENT_ID": created["client_id"],
            "GATEPASS_CLIENT_SECRET": created["client_secret"],
        },
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )

    assert ran.returncode == 0, ran.stderr
    assert re.sub(r"\b20\d\d\b", "YEAR", ran.stdout) == _SHOWN


def test_the_page_names_each_error() -> None:
    text = PAGE.read_text()
    own = [each for each in vars(errors).values() if isinstance(each, type)]
    raised = [
        each.__name__
        for each in own
        if issubclass(each, Exception) and each.__module__ == errors.__name__
    ]
    assert [each for each in raised if f"`{each}`" not in text] == []


def test_the_reference_has_each_group_of_operations() -> None:
    properties = [each for each in vars(Groups).values() if isinstance(each, property)]
    classes = [each.fget.__annotations__["return"] for each in properties if each.fget]
    assert classes
    text = REFERENCE.read_text()
    assert [name for name in classes if not re.search(rf"\b{name}\b", text)] == []
