import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from urllib.parse import urlencode

import pytest

from commands import clean_variables, run
from gatepass.server.cli.demo.pages import Page
from gateways.hostile import exchange, statuses
from server_process import free_ports
from stories.partners.portal import Portal

_OFFERS = ("websocket", "foo", "h2c")
_WHOLE_CREDENTIAL = re.compile(r"gp[sa]_(live|test)_[0-9A-Za-z]{12,}")


def test_the_demo_plays_the_main_job_and_shows_no_secret_whole(tmp_path: Path) -> None:
    data, port = tmp_path / "demo", str(free_ports())

    ran = run("demo", "--data", data, "--port", port, "--once")

    assert (ran.status, ran.err) == (0, "")
    statuses = re.findall(r"^   < HTTP (\d+)", ran.out, re.MULTILINE)
    assert statuses == ["303", "303", "303", "303", "200", "200", "200", "401"]
    assert 'error="invalid_token"' in ran.out
    assert ran.out.count("   $ curl ") == 9
    assert not _WHOLE_CREDENTIAL.search(ran.out)
    assert not _WHOLE_CREDENTIAL.search((data / "demo.log").read_text())


def test_a_folder_that_is_not_empty_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("precious")

    ran = run("demo", "--data", tmp_path, "--port", str(free_ports()), "--once")

    assert (ran.status, ran.out, ran.err.count("\n")) == (1, "", 1)
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_after_the_demo_the_portal_opens_with_what_it_printed_until_ctrl_c(tmp_path: Path) -> None:
    with _demo(tmp_path) as (demo, shown):
        page = _applications(shown)
        demo.send_signal(signal.SIGINT)
        _, err = demo.communicate(timeout=60)

    assert "Acme billing" in page
    assert (demo.returncode, err) == (0, "")


@pytest.mark.spec("RFC 9110", "7.8")
def test_the_demo_serves_a_request_with_an_offer_whole_and_is_no_proxy(tmp_path: Path) -> None:
    with _demo(tmp_path) as (_, shown):
        port = int(shown["Portal"].rstrip("/").rpartition(":")[2])
        # The client keeps its side open, as a server may drop a request whose client has closed.
        logins = [
            exchange(port, _login(shown, offer), pause=0.05, end=False, linger=0.2)
            for offer in _OFFERS
        ]
        inner = b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n"
        head = f"CONNECT /healthz HTTP/1.1\r\nHost: a\r\nContent-Length: {len(inner)}\r\n\r\n"
        connected = exchange(port, [head.encode(), inner], pause=0.05)

    for received in logins:
        assert statuses(received) == [303], received
        assert b"location: /oauth2/applications/" in received
    assert statuses(connected) == [501]


def test_the_demo_takes_another_port_where_the_usual_one_is_taken_and_says_so(
    tmp_path: Path,
) -> None:
    with ExitStack() as stack:
        with suppress(OSError):  # somebody else has it
            stack.enter_context(socket.create_server(("127.0.0.1", 8001)))
        _, shown = stack.enter_context(_demo(tmp_path, "--once"))

    assert "is in use: the demo uses" in shown["Port"]


def test_the_demo_on_a_port_that_was_named_and_is_taken_ends_in_one_line(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        ran = run("demo", "--data", str(tmp_path / "demo"), "--port", port, "--once")

    assert ran.status == 1
    assert f"port {port}" in ran.err
    assert ran.err.count("\n") == 1


@contextmanager
def _demo(folder: Path, *more: str) -> Iterator[tuple[subprocess.Popen[str], dict[str, str]]]:
    """Run the demo until it waits for Ctrl-C; give the process and what it printed by name."""
    arguments = more or ("--port", str(free_ports()))
    command = ["demo", "--data", str(folder / "demo"), *arguments]
    demo = subprocess.Popen(
        [sys.executable, "-m", "gatepass", *command],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=clean_variables({"PYTHONUNBUFFERED": "1"}),
        text=True,
    )
    with demo:
        try:
            assert demo.stdout is not None
            shown: dict[str, str] = {}
            for line in demo.stdout:
                name, _, value = line.partition(" ")
                shown[name] = value.strip()
                if "Ctrl-C" in line:
                    break
            yield demo, shown
        finally:
            demo.kill()


def _login(shown: dict[str, str], offer: str) -> list[bytes]:
    """Return a login with an offer to upgrade: its head and two halves of its body."""
    with Portal(shown["Portal"].rstrip("/")) as portal:
        form = portal.page("/accounts/login/").forms["/accounts/login/"]
        cookies = "; ".join(f"{each.name}={each.value}" for each in portal.http.cookies.jar)
        host = portal.http.base_url.netloc.decode()
    filled = form.filled(username=shown["Username"], password=shown["Password"])
    body = urlencode(filled).encode()
    head = (
        f"POST /accounts/login/ HTTP/1.1\r\nHost: {host}\r\nConnection: Upgrade\r\n"
        f"Upgrade: {offer}\r\nOrigin: http://{host}\r\nCookie: {cookies}\r\n"
        f"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    half = len(body) // 2
    return [head.encode(), body[:half], body[half:]]


def _applications(shown: dict[str, str]) -> str:
    with Portal(shown["Portal"].rstrip("/")) as portal:
        assert portal.log_in(shown["Username"], shown["Password"]).status_code == 303
        page: Page = portal.page("/oauth2/applications/")
    return " ".join(page.texts.values())
