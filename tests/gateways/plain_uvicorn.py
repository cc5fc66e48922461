"""A plain uvicorn, as an API of somebody else runs it: with httptools it has the upgrade fault."""

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from commands import clean_variables
from server_process import free_ports


@contextmanager
def serving(folder: Path, program: str, *arguments: str) -> Iterator[int]:
    """Serve `app` of an ASGI program on the port that is given."""
    (folder / "echo.py").write_text(program)
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
