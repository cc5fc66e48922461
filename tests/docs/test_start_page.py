"""The first page for a newcomer: its examples, played with the real server."""

import re
from pathlib import Path

from commands import clean_variables
from docs.page import Reader, play
from server_process import free_ports

INSTALLED = {
    "python3 -m venv .venv && . .venv/bin/activate": "true",
    ". .venv/bin/activate": "true",
    "pip install 'gatepass[server,guard]' fastapi": "true",
}


def printed(reader: Reader, name: str) -> str:
    """Return a value that the latest command has printed as `name: value`."""
    found = re.search(rf"^{name}: +(\S+)$", reader.printed, re.MULTILINE)
    assert found, f"no {name} was printed"
    return found[1]


def test_ten_minutes_lead_from_nothing_to_a_protected_api(tmp_path: Path) -> None:
    port, api = free_ports(), free_ports()
    instead = INSTALLED | {
        "gatepass serve": f"gatepass serve --port {port}",
        "localhost:8000": f"localhost:{port}",
        "localhost:9000": f"localhost:{api}",
        "--port 9000": f"--port {api}",
    }
    with Reader(tmp_path, instead, clean_variables()) as reader:
        for block in play("../start/ten-minutes.md", reader, {}):
            if "organization create" in block.text:
                reader.instead = {**reader.instead, "ORG_ID": printed(reader, "org_id")}
            if "application create" in block.text:
                client_id = printed(reader, "client_id")
                # not in the names of variables
                ours = {
                    f"{before}CLIENT_ID": f"{before}{client_id}" for before in ("=", "disable ")
                }
                reader.instead = {**reader.instead, **ours}
                reader.typed = printed(reader, "client_secret")
