"""The package of the fast path may be deleted: the server then responds by ASGI alone."""

import os
import re
import shutil
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from server_process import Server

SOURCES = Path(__file__).parents[4] / "src"
FAST_PATH = Path("gatepass/server/serving/fast_path")


def test_only_run_imports_the_package() -> None:
    importing = [
        str(file.relative_to(SOURCES))
        for file in (SOURCES / "gatepass").rglob("*.py")
        if not file.is_relative_to(SOURCES / FAST_PATH)
        and re.search(r"serving(\.| import )fast_path", file.read_text())
    ]

    assert importing == ["gatepass/server/run.py"]


@pytest.mark.slow
def test_without_the_package_the_server_issues_tokens(tmp_path: Path) -> None:
    copy = tmp_path / "src"
    shutil.copytree(SOURCES, copy, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.rmtree(copy / FAST_PATH)
    program = "import gatepass.server.serving.fast_path"
    imported = subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, "PYTHONPATH": str(copy)},
        capture_output=True,
        text=True,
        check=False,
    )
    with closing(Server(tmp_path / "data", variables={"PYTHONPATH": str(copy)})) as server:
        server.start()
        client_id, secret, _ = server.create_application(server.create_organization().org_id)
        responses = [server.ask_token(client_id, secret) for _ in range(3)]
        refused = server.ask_token(client_id, "wrong")
        assert server.stop() == 0
        log = server.log()

    assert "No module named 'gatepass.server.serving.fast_path'" in imported.stderr
    assert [response.status for response in responses] == [200, 200, 200]
    assert refused.status == 401
    assert "http.fallback" not in log
