"""A secret that rotates itself, and one that leaked, as an administrator sees them."""

import time
from collections.abc import Callable
from pathlib import Path
from uuid import uuid4

import pytest
from click.testing import CliRunner

from browser.walk import Walk
from gatepass.cli import main
from gatepass.wire.metadata import REPORT_LEAK, TOKEN
from server_process import Organization, Server

Opens = Callable[..., Walk]
PASSWORD = "four dull penguins reading maps"
PATIENCE = 60.0  # seconds; a report is looked up two seconds later


@pytest.fixture
def acme(server: Server) -> Organization:
    return server.create_organization("Acme Energy", f"anna-{uuid4().hex[:8]}", "sandbox")


def rotate(server: Server, client_id: str, secret_file: Path) -> str:
    """Run `gatepass rotate`; return the secret that is in the file then."""
    environ = {
        "GATEPASS_TOKEN_URL": server.url("sandbox") + TOKEN,
        "GATEPASS_CLIENT_ID": client_id,
    }
    words = ["rotate", "--into", f"file:{secret_file}"]
    done = CliRunner().invoke(main, words, env=environ, prog_name="gatepass")
    assert done.exit_code == 0, done.output
    assert "committed: the old secret works until" in done.output
    return secret_file.read_text().strip()


def test_a_rotation_is_undone_and_a_report_of_a_leak_is_seen(
    server: Server, acme: Organization, walk: Opens, tmp_path: Path
) -> None:
    here: Walk = walk(width=1600, scheme="dark")
    here.log_in(acme.username, acme.initial_password)
    here.choose_password(acme.initial_password, PASSWORD)
    here.register("Billing")
    client_id, old = here.text("#client-id"), here.text("#client-secret")
    here.field("I have stored the client secret").check()
    here.press("Done")
    here.tab("Credentials")
    here.follow("Automatic rotation")
    here.field("On").check()
    here.press("Save")
    here.inspect("1-turned-on")

    secret_file = tmp_path / "secret"
    secret_file.write_text(old)
    new = rotate(server, client_id, secret_file)
    here.tab("Credentials")
    listed = here.text("main")
    assert all(each[-4:] in listed for each in (old, new))
    here.inspect("2-two-secrets")

    here.follow("Automatic rotation")
    here.open("Undo this rotation")
    here.inspect("3-undo")
    here.press("Undo the rotation")
    assert server.ask_token(client_id, new, "sandbox").status == 401
    assert server.ask_token(client_id, old, "sandbox").status == 200

    reported = server.ask("POST", REPORT_LEAK, "sandbox", data={"credential": old})
    assert reported.status == 202
    until = time.monotonic() + PATIENCE
    here.tab("Overview")
    while f"The secret ending in {old[-4:]} was reported as leaked" not in here.text("main"):
        assert time.monotonic() < until, here.text("main")
        here.page.wait_for_timeout(250)
        here.page.reload()
    here.inspect("4-reported")
    assert here.faults == []
