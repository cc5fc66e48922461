import re
import signal
import subprocess
import sys
from pathlib import Path

from gatepass.server.demo.pages import Page
from harness import clean_variables, free_ports, run
from stories.portal import Portal

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
    port = free_ports()
    command = ["demo", "--data", str(tmp_path / "demo"), "--port", str(port)]
    demo = subprocess.Popen(
        [sys.executable, "-m", "gatepass", *command],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=clean_variables({"PYTHONUNBUFFERED": "1"}),
        text=True,
    )
    try:
        assert demo.stdout is not None
        shown: dict[str, str] = {}
        for line in demo.stdout:
            name, _, value = line.partition(" ")
            shown[name] = value.strip()
            if "Ctrl-C" in line:
                break
        page = _applications(shown)
        demo.send_signal(signal.SIGINT)
        _, err = demo.communicate(timeout=60)
    finally:
        demo.kill()
        demo.wait()

    assert "Acme billing" in page
    assert (demo.returncode, err) == (0, "")


def _applications(shown: dict[str, str]) -> str:
    with Portal(shown["Portal"].rstrip("/")) as portal:
        assert portal.log_in(shown["Username"], shown["Password"]).status_code == 303
        page: Page = portal.page("/oauth2/applications/")
    return " ".join(page.texts.values())
