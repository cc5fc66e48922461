"""What goes with a release: its bill of materials, its audit, and how to report a weakness."""

import importlib.util
import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from types import ModuleType

import pytest

from shape.test_version import git

ROOT = Path(__file__).parents[2]
AUDIT = ROOT / "release" / "audit.py"
LOCKED = f"six==1.16.0 --hash=sha256:{'8' * 64}\n"
WEAKNESS: dict[str, object] = {
    "id": "OSV-1",
    "summary": "bad",
    "affected": [],
    "aliases": [],
    "details": "bad",
}


def program(name: str) -> ModuleType:
    found = importlib.util.spec_from_file_location(name, ROOT / "release" / f"{name}.py")
    assert found is not None
    assert found.loader is not None
    module = importlib.util.module_from_spec(found)
    found.loader.exec_module(module)
    return module


@contextmanager
def advisories(*known: dict[str, object]) -> Iterator[str]:
    """Return the address of an advisory service that knows these weaknesses of every package."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            body = json.dumps({"vulns": known}).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_words: object) -> None:
            """Stay silent."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/v1/query"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def audit(service: str, lock: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[int, str]:
    lock.write_text(LOCKED)
    monkeypatch.setenv("GATEPASS_AUDIT_SERVICE", service)
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    monkeypatch.setenv("XDG_CACHE_HOME", str(lock.parent))
    ran = subprocess.run([sys.executable, AUDIT, lock], capture_output=True, text=True, check=False)
    return ran.returncode, ran.stdout + ran.stderr


def test_the_bill_of_materials_is_what_the_lock_and_the_project_say() -> None:
    sbom = program("sbom")

    assert sbom.FILE.read_text() == sbom.text(), "run: make sbom"


def test_an_audit_out_of_reach_of_the_advisories_is_skipped_in_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    status, said = audit("http://127.0.0.1:1/v1/query", tmp_path / "lock", monkeypatch)

    assert status == 0
    assert said.startswith("audit skipped: the advisory service http://127.0.0.1:1/v1/query cannot")


def test_an_audit_tells_a_known_weakness_and_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with advisories(WEAKNESS) as service:
        status, said = audit(service, tmp_path / "lock", monkeypatch)

    assert status == 1
    assert "OSV-1" in said


def test_an_audit_without_known_weaknesses_ends_well(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with advisories() as service:
        status, said = audit(service, tmp_path / "lock", monkeypatch)

    assert (status, "No known vulnerabilities" in said) == (0, True), said


def test_the_audit_is_no_part_of_what_has_to_pass_offline() -> None:
    assert "audit" not in (ROOT / ".ci" / "run").read_text()
    assert "audit: setup" in (ROOT / "Makefile").read_text()


def test_the_security_page_says_how_to_report_and_which_versions_are_mended() -> None:
    page = (ROOT / "SECURITY.md").read_text()

    assert "private vulnerability report" in page.lower()
    assert "## Supported versions" in page
    assert "@" not in page  # no address that nobody reads


@pytest.fixture
def ready(tmp_path: Path) -> Path:
    """Return a repository in which 0.2.0 can be released."""
    chart = tmp_path / "examples/deploy/helm/gatepass/Chart.yaml"
    chart.parent.mkdir(parents=True)
    chart.write_text("name: gatepass\nversion: 0.2.0\nappVersion: 0.2.0\n")
    (tmp_path / "SECURITY.md").write_text("| 0.2 | yes |\n")
    notes = "### Upgrade notes\n\nNothing to do.\n\n### Changes\n\n- Something.\n"
    changes = f"# Changes\n\n## 0.2.0, 2026-12-01\n\n{notes}\n## 0.1.0, 2026-01-01\n\n- Old.\n"
    (tmp_path / "CHANGELOG.md").write_text(changes)
    git(tmp_path, "init", "--quiet")
    commit(tmp_path)
    return tmp_path


def commit(root: Path) -> None:
    git(root, "add", "--all")
    git(root, "commit", "--quiet", "--message", "a change")


def test_a_version_that_can_be_released_is_told_what_is_left_to_do(
    ready: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert program("check").main(ready, "0.2.0") == 0

    said = capsys.readouterr()
    assert said.err == ""
    assert git(ready, "rev-parse", "HEAD") in said.out
    assert "v0.2.0" in said.out
    assert "## 0.3.0, not yet released" in said.out
    assert git(ready, "tag") == ""


@pytest.mark.parametrize(
    ("file", "old", "new", "said"),
    [
        ("CHANGELOG.md", ", 2026-12-01", ", not yet released", "write the date"),
        ("CHANGELOG.md", "## 0.2.0", "## 0.3.0", "no section ## 0.2.0"),
        ("CHANGELOG.md", "# Changes", "# Changes\n\n## 0.3.0, 2026-12-02\n", "first section"),
        ("CHANGELOG.md", "### Upgrade notes", "Upgrade:", "no upgrade notes"),
        ("CHANGELOG.md", "- Something.", "", "lists no changes"),
        ("examples/deploy/helm/gatepass/Chart.yaml", "appVersion: 0.2.0", "", "appVersion"),
        ("SECURITY.md", "| 0.2 |", "| 0.1 |", "SECURITY.md"),
    ],
)
def test_what_keeps_a_version_from_being_released_is_said(
    ready: Path, capsys: pytest.CaptureFixture[str], file: str, old: str, new: str, said: str
) -> None:
    text = (ready / file).read_text()
    (ready / file).write_text(text.replace(old, new, 1))
    commit(ready)

    assert program("check").main(ready, "0.2.0") == 1

    told = capsys.readouterr()
    assert said in told.err
    assert told.err.count("\n") == 1
    assert told.out == ""


def test_uncommitted_changes_a_tag_that_exists_and_a_wrong_version_are_refused(
    ready: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    git(ready, "tag", "v0.2.0")
    (ready / "new").touch()

    assert program("check").main(ready, "0.2.0") == 1
    assert program("check").main(ready, "v0.2") == 1

    assert [line.split()[0] for line in capsys.readouterr().err.splitlines()] == [
        "The",
        "The",
        "'v0.2'",
    ]


def test_the_changelog_of_this_tree_can_become_that_of_a_release() -> None:
    text = (ROOT / "CHANGELOG.md").read_text()
    following = program("version").next_version(ROOT / "CHANGELOG.md")
    dated = text.replace(f"## {following}, not yet released", f"## {following}, 2026-12-01")

    assert list(program("check").of_changelog(dated, following)) == []
    assert list(program("check").of_changelog(text, following)) != []


def test_the_notes_of_a_release_are_its_section(capsys: pytest.CaptureFixture[str]) -> None:
    following = program("version").next_version(ROOT / "CHANGELOG.md")

    assert program("notes").main("0.1.0") == 0
    assert capsys.readouterr().out.startswith("The first version")
    assert program("notes").main(following) == 1
    assert capsys.readouterr().err.startswith("CHANGELOG.md has no section")
