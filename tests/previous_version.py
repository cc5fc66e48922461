"""The version before this one, as its commit has it, for tests that run both."""

import io
import subprocess
import tarfile
import tomllib
from pathlib import Path

_ROOT = Path(__file__).parents[1]
_FOUND = tomllib.loads((Path(__file__).parent / "previous_version.toml").read_text())

COMMIT: str = _FOUND["commit"]
REVISION: str = _FOUND["revision"]
MISSING = (
    f"the history of this checkout does not have {COMMIT[:7]}, the version before "
    "(git fetch --unshallow)"
)


def unpack(folder: Path) -> Path | None:
    """Write its packages to a folder, and return where they are; None without the history."""
    archived = subprocess.run(
        ["git", "archive", COMMIT, "src/gatepass"], cwd=_ROOT, capture_output=True, check=False
    )
    if archived.returncode:
        return None
    with tarfile.open(fileobj=io.BytesIO(archived.stdout)) as archive:
        archive.extractall(folder, filter="data")
    return folder / "src"
