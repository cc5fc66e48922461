"""What Gatepass is measured against: each peer as its documentation sets it up, one worker.

`bench/setup.sh` installs them; one that is missing raises NotMeasuredError.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.load import Target
from bench.processes import NotMeasuredError, environment, free_port, running
from bench.server.empty_asgi import BODY, HEADERS
from bench.server.gatepass_server import Credentials, token_request

PEERS = Path(__file__).parent
PATH = os.pathsep.join((os.environ.get("PATH", ""), "/usr/local/sbin", "/usr/sbin"))
"""Where programs are looked for; Debian keeps nginx where only root looks."""
CREDENTIALS = Credentials("bench", "a-secret-that-only-the-benchmark-uses")
"""Of the peers' one client, in databases that live for one run."""
_CLIENT = {
    "BENCH_CLIENT_ID": CREDENTIALS.client_id,
    "BENCH_CLIENT_SECRET": CREDENTIALS.client_secret,
}
_DJANGO = PEERS / "django_oauth_toolkit"
_DJANGO_PYTHON = str(_DJANGO / ".venv" / "bin" / "python")


@contextmanager
def empty(name: str) -> Iterator[Target]:
    """Serve the empty ASGI handler."""
    port = free_port()
    command = [sys.executable, "-m", "bench.server.empty_asgi", str(port)]
    with running(command, f"http://127.0.0.1:{port}/") as process_id:
        yield Target(name, port, process_id, (token_request(CREDENTIALS),))


@contextmanager
def nginx(name: str) -> Iterator[Target]:
    """Serve the empty handler's answer by nginx."""
    program = shutil.which("nginx", path=PATH)
    if program is None:
        raise NotMeasuredError(f"{name}: nginx is missing; as root, bench/setup.sh installs it")
    port = free_port()
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "nginx.conf")
        file.write_text(_nginx_conf(port))
        command = [program, "-p", folder, "-c", str(file), "-e", "stderr"]
        with running(command, f"http://127.0.0.1:{port}/") as process_id:
            yield Target(name, port, process_id, (token_request(CREDENTIALS),))


def _nginx_conf(port: int) -> str:
    own = {b"content-type", b"content-length"}  # nginx writes these by itself
    headers = [(key, value) for key, value in HEADERS if key not in own]
    lines = "".join(f"add_header {key.decode()} {value.decode()};\n" for key, value in headers)
    text = (PEERS / "nginx" / "nginx.conf").read_text()
    return (
        text.replace("@PORT@", str(port))
        .replace("@BODY@", BODY.decode())
        .replace("@HEADERS@", lines)
    )


def django_database(name: str, file: Path) -> None:
    """Make the SQLite database of django-oauth-toolkit, with its client."""
    _need(name, _DJANGO / ".venv")
    subprocess.run(
        [_DJANGO_PYTHON, str(_DJANGO / "project.py")],
        env=environment(_django_variables(file)),
        check=True,
        stdout=subprocess.DEVNULL,
    )


@contextmanager
def django_oauth_toolkit(name: str, database: Path) -> Iterator[Target]:
    """Serve django-oauth-toolkit by gunicorn."""
    port = free_port()
    gunicorn = [_DJANGO_PYTHON, "-m", "gunicorn", "--chdir", str(_DJANGO), "--workers", "1"]
    command = [*gunicorn, "--bind", f"127.0.0.1:{port}", "project:application"]
    variables = _django_variables(database)
    with running(command, f"http://127.0.0.1:{port}/", variables) as process_id:
        yield Target(name, port, process_id, (token_request(CREDENTIALS, "/o/token/"),))


def _django_variables(database: Path) -> dict[str, str]:
    return {"BENCH_DATABASE": str(database), **_CLIENT}


@contextmanager
def oidc_provider(name: str) -> Iterator[Target]:
    """Serve node-oidc-provider with its in-memory adapter."""
    home = PEERS / "oidc_provider"
    node = shutil.which("node")
    if node is None:
        raise NotMeasuredError(f"{name}: node is missing; as root, bench/setup.sh installs it")
    _need(name, home / "node_modules")
    port = free_port()
    variables = {"BENCH_PORT": str(port), "NODE_ENV": "production", **_CLIENT}
    url = f"http://127.0.0.1:{port}/"
    with running([node, str(home / "server.mjs")], url, variables) as process_id:
        yield Target(name, port, process_id, (token_request(CREDENTIALS, "/token"),))


def _need(name: str, folder: Path) -> None:
    if not (folder / ".ready").exists():
        raise NotMeasuredError(f"{name} is not installed; bench/setup.sh does it")
