"""`gatepass` commands: as a process, as users run them, or in this one, which is quicker."""

import logging
import os
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import structlog
from click.testing import CliRunner

from gatepass.cli import main

_IN_PROCESS = threading.Lock()  # variables and output belong to the whole process


class Ran(NamedTuple):
    """A command that has ended."""

    status: int
    out: str
    err: str


def run(
    *arguments: str | Path, variables: Mapping[str, str] | None = None, cwd: Path | None = None
) -> Ran:
    """Run `gatepass` to its end, as a process; it takes a second."""
    ended = subprocess.run(
        [sys.executable, "-m", "gatepass", *arguments],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        env=clean_variables(variables),
        cwd=cwd,
        text=True,
        check=False,
        timeout=120,
    )
    return Ran(ended.returncode, ended.stdout, ended.stderr)


def run_in_process(*arguments: str | Path, variables: Mapping[str, str] | None = None) -> Ran:
    """Run a command as `run` does, in this process; what it raises is raised here."""
    given = clean_variables(variables)
    removed = dict.fromkeys(os.environ.keys() - given.keys())
    with _IN_PROCESS, _log_put_back():
        result = CliRunner().invoke(main, [*map(str, arguments)], env={**removed, **given})
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return Ran(result.exit_code, result.stdout, result.stderr)


def clean_variables(more: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return this process's variables without settings of Gatepass, and `more`."""
    kept = {name: text for name, text in os.environ.items() if not name.startswith("GATEPASS_")}
    return kept | dict(more or {})


@contextmanager
def _log_put_back() -> Iterator[None]:
    root = logging.getLogger()
    handlers = root.handlers[:]
    levels = {name: logging.getLogger(name).level for name in ("", *root.manager.loggerDict)}
    try:
        yield
    finally:
        structlog.reset_defaults()
        logging.captureWarnings(capture=False)
        root.handlers[:] = handlers
        for name in ("", *root.manager.loggerDict):
            logging.getLogger(name).setLevel(levels.get(name, logging.NOTSET))
