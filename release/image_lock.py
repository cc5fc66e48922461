"""Writes what the container image installs: `python release/image_lock.py`.

It is the part of the lock that the server needs with PostgreSQL and telemetry. It runs in the
locked environment, and reads there what each package needs.
"""

import re
import sys
import tomllib
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

sys.path.insert(0, str(Path(__file__).parents[1]))
from release.sbom import ROOT, graph, locked

FILE = ROOT / "release" / "image.lock"
EXTRAS = ("server", "postgres", "telemetry")
_BLOCK = re.compile(r"^(?=\S)", re.MULTILINE)  # a requirement begins at the margin


def text() -> str:
    """Return the file's content."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"]
    asked = [*project["dependencies"], *(line for name in EXTRAS for line in extras[name])]
    needed = graph(map(Requirement, asked), locked())
    blocks = _BLOCK.split((ROOT / "requirements.lock").read_text())
    return "".join(each for each in blocks if canonicalize_name(each.partition("==")[0]) in needed)


if __name__ == "__main__":
    FILE.write_text(text())
