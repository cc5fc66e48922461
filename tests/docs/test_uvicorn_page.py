"""The page about uvicorn behind a proxy: its check runs, and its proxies' lines drop the offer."""

import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from docs.page import Reader, blocks, play
from gateways.gateway import program, started
from gateways.hostile import exchange
from harness import clean_variables, free_ports

PAGE = "run-uvicorn-behind-a-proxy.md"
FILES = Path(__file__).parents[1] / "gateways" / "forwarding"
# Where each proxy's lines of the page belong: a text of the file, and what stands in its place.
DROPPED = {
    "nginx": (
        ("$http_upgrade;\n            proxy", '"";\n            proxy'),
        ("$connection_upgrade;", '"";'),
    ),
    "caddy": (("\treverse", "\trequest_header -Upgrade\n\trequest_header -Connection\n\treverse"),),
    "traefik": (
        ("      service", "      middlewares: [drop]\n      service"),
        (
            "  services",
            (
                "  middlewares:\n    drop:\n      headers:\n"
                '        customRequestHeaders: {Upgrade: "", Connection: ""}\n  services'
            ),
        ),
    ),
    "haproxy": (
        (
            "    default_backend",
            (
                "    http-request del-header upgrade\n    http-request del-header connection\n"
                "    default_backend"
            ),
        ),
    ),
    "envoy": (("upgrade_configs: [{upgrade_type: websocket}]", ""),),
}


@contextmanager
def uvicorn(folder: Path, *arguments: str) -> Iterator[int]:
    """Serve the page's program."""
    [echo] = [block for block in blocks(PAGE) if block.file]
    (folder / echo.file).write_text(echo.text)
    port = free_ports()
    command = [sys.executable, "-m", "uvicorn", "--port", str(port), *arguments, "echo:app"]
    with (folder / "uvicorn.log").open("wb") as log:
        process = subprocess.Popen(
            command, cwd=folder, stdout=log, stderr=log, env=clean_variables()
        )
    try:
        while b"running on" not in (folder / "uvicorn.log").read_bytes():
            assert process.poll() is None
            time.sleep(0.02)
        yield port
    finally:
        process.kill()
        process.wait()


def offer(port: int) -> bytes:
    head = b"POST / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    return exchange(port, [head + b"Content-Length: 5\r\n\r\n", b"whole"], pause=0.1, end=False)


def test_the_check_of_the_page_runs(tmp_path: Path) -> None:
    with Reader(tmp_path, {"9000": str(free_ports())}, clean_variables()) as reader:
        list(play(PAGE, reader, {}))


@pytest.mark.parametrize(("http", "is_kept"), [("h11", True), ("httptools", False)])
def test_h11_keeps_the_body_and_httptools_does_not(
    tmp_path: Path, http: str, *, is_kept: bool
) -> None:
    with uvicorn(tmp_path, "--http", http, "--ws", "none") as port:
        assert (b"body: whole" in offer(port)) == is_kept


@pytest.mark.parametrize("name", DROPPED)
def test_the_lines_of_a_proxy_drop_the_offer(tmp_path: Path, name: str) -> None:
    if program(name) is None:
        pytest.skip(f"{name} is not installed")
    with uvicorn(tmp_path, "--http", "httptools", "--ws", "none") as api:
        folder, port = tmp_path / name, free_ports()
        shutil.copytree(FILES / name, folder)
        for file in folder.iterdir():
            text = file.read_text()
            for old, new in DROPPED[name]:
                text = text.replace(old, new)
            file.write_text(text.replace("8000", str(api)).replace("8080", str(port)))
        with started(name, folder, port) as gateway:
            received = offer(gateway.port)

    assert b" 403 " in received if name == "envoy" else b"body: whole" in received, received
