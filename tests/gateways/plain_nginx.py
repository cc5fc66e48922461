"""An nginx that passes everything on and says nothing of it, as many are set up."""

import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from gateways.gateway import Gateway, program
from harness import clean_variables, free_ports

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


@contextmanager
def plain_nginx(folder: Path, *, behind: int, lines: str = "") -> Iterator[Gateway]:
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
    gateway = Gateway("nginx", port)
    try:
        deadline = time.monotonic() + _WITHIN
        while not _is_answering(gateway):
            assert process.poll() is None, (folder / "log").read_text()
            assert time.monotonic() < deadline
            time.sleep(_ASK_EVERY)
        yield gateway
    finally:
        process.terminate()
        process.wait(_WITHIN)


def _is_answering(gateway: Gateway) -> bool:
    with suppress(OSError):
        return gateway.ask("/healthz").status == 200
    return False
