"""Commands run in this process: quicker than a process each, for tests with many of them."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import structlog
from click.testing import CliRunner

from gatepass.cli import main
from server_process import Ran


def run(*arguments: str, data: Path) -> Ran:
    """Run a command as `server_process.run` does."""
    with _log_put_back():
        result = CliRunner().invoke(main, [*arguments, "--data", str(data)])
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return Ran(result.exit_code, result.stdout, result.stderr)


@contextmanager
def _log_put_back() -> Iterator[None]:
    root = logging.getLogger()
    before = root.handlers[:], root.level
    try:
        yield
    finally:
        structlog.reset_defaults()
        logging.captureWarnings(capture=False)
        root.handlers[:], root.level = before
