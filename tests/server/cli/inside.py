"""Commands on a data directory, run in this process, for tests with many of them."""

import os
from pathlib import Path

from commands import Ran, run_in_process


def run(*arguments: str, data: Path) -> Ran:
    """Run a command in this process, with its variables, those of Gatepass included."""
    return run_in_process(*arguments, "--data", str(data), variables=os.environ)
