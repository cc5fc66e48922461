"""Prints a version's section of CHANGELOG.md for its release: `python release/notes.py 0.2.0`."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))
from release.check import ROOT, section


def main(version: str) -> int:
    """Print the section; return the exit status."""
    found = section((ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), version)
    if found is None or "not yet released" in found[0]:
        print(f"CHANGELOG.md has no section of the released version {version}.", file=sys.stderr)
        return 1
    print(found[1].strip())
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
