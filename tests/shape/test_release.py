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
