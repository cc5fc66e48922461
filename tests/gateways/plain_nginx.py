"""An nginx that passes everything on and says nothing of it, as many are set up."""

import subprocess
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from http.client import HTTPConnection
from pathlib import Path
from typing import NamedTuple

from commands import clean_variables
from gateways.gateway import program
from server_process import free_ports

_WITHIN = 30.0  # seconds
_ASK_EVERY = 0.02
_CONFIGURATION = """\
pid nginx.pid;
error_log stderr;
daemon off;
events {{}}
http {{
    access_log off;
    server {{
        listen 127.0.0.1:{port};
        location / {{
            proxy_pass http://127.0.0.1:{behind};
            {lines}
        }}
    }}
}}
"""


class Answer(NamedTuple):
    """What came back."""

    status: int
    body: bytes


class PlainNginx:
    """An nginx that listens on a port."""

    def __init__(self, port: int) -> None:
        self.port = port

    def ask(self, path: str, host: str = "localhost") -> Answer:
        """Ask for a path to the letter, by one Host header."""
        with closing(HTTPConnection("127.0.0.1", self.port, timeout=_WITHIN)) as connection:
            connection.putrequest("GET", path, skip_host=True, skip_accept_encoding=True)
            connection.putheader("Host", host)
            connection.endheaders()
            with connection.getresponse() as response:
                return Answer(response.status, response.read())


@contextmanager
def plain_nginx(folder: Path, *, behind: int, lines: str = "") -> Iterator[PlainNginx]:
    """Run an nginx in front of a port; `lines` are added to its `location`."""
    port = free_ports()
    (folder / "nginx.conf").write_text(_CONFIGURATION.format(port=port, behind=behind, lines=lines))
    found = program("nginx")
    assert found is not None
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [found, "-p", ".", "-c", "nginx.conf"],
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            env=clean_variables(),
        )
    nginx = PlainNginx(port)
    try:
        deadline = time.monotonic() + _WITHIN
        while not _is_answering(nginx):
            assert process.poll() is None, (folder / "log").read_text()
            assert time.monotonic() < deadline
            time.sleep(_ASK_EVERY)
        yield nginx
    finally:
        process.terminate()
        process.wait(_WITHIN)


def _is_answering(nginx: PlainNginx) -> bool:
    with suppress(OSError):
        return nginx.ask("/healthz").status == 200
    return False
