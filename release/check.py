"""Checks that a version can be released: `make release VERSION=0.2.0`. It changes nothing.

Prints what is wrong and fails, or prints what is left to do by hand.
"""

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
_VERSION = re.compile(r"\d+\.\d+\.\d+")
_DATED = re.compile(r", (\d{4}-\d{2}-\d{2})$")
_LEFT = """\
{version} can be released. What is left, by hand:

1. Wait until the workflow has passed for this commit, {commit}.
2. git tag --sign --message 'Gatepass {version}' v{version} && git push origin v{version}
3. Approve the environment `release` in the forge. The workflow builds wheel, source distribution
   and image again from the tag, tests them, and publishes them with attestations.
4. Verify what was published (docs/operate/harden.md), and install it:
   pip install gatepass=={version}
5. Copy the section of CHANGELOG.md into the release's notes. If it fixes a vulnerability, publish
   the advisory.
6. Begin the next section of CHANGELOG.md: ## {following}, not yet released
"""


def problems(root: Path, version: str) -> Iterator[str]:
    """Give what keeps a version from being released."""
    if not _VERSION.fullmatch(version):
        yield f"{version!r} is no version such as 0.2.0."
        return
    yield from of_changelog((root / "CHANGELOG.md").read_text(encoding="utf-8"), version)
    chart = (root / "examples/deploy/helm/gatepass/Chart.yaml").read_text(encoding="utf-8")
    for name in ("version", "appVersion"):
        if f"\n{name}: {version}\n" not in chart:
            yield f"The chart (examples/deploy/helm/gatepass/Chart.yaml) has another {name}."
    if f"| {version.rpartition('.')[0]} |" not in (root / "SECURITY.md").read_text("utf-8"):
        yield "SECURITY.md does not list it among the supported versions."
    if _git(root, "status", "--porcelain"):
        yield "The work tree has changes that are not committed."
    if _git(root, "tag", "--list", f"v{version}"):
        yield f"The tag v{version} exists. Released versions do not change: take the next number."


def section(changelog: str, version: str) -> tuple[str, str] | None:
    """Return the heading and the text of a version's section; None if there is none."""
    for part in re.split(r"^## ", changelog, flags=re.MULTILINE)[1:]:
        heading, _, text = part.partition("\n")
        if heading.split(",")[0] == version:
            return heading, text
    return None


def of_changelog(changelog: str, version: str) -> Iterator[str]:
    """Give what keeps a version from being released in the text of CHANGELOG.md."""
    found = section(changelog, version)
    if found is None:
        yield f"CHANGELOG.md has no section ## {version}, YYYY-MM-DD."
        return
    heading, text = found
    if not _DATED.search(heading):
        yield f"CHANGELOG.md says {heading!r}: write the date, ## {version}, YYYY-MM-DD."
    first = re.search(r"^## (\S+?),?(?: |$)", changelog, re.MULTILINE)
    if first and first[1] != version:
        yield f"The first section of CHANGELOG.md is {first[1]}, not {version}."
    notes = re.search(r"^### Upgrade notes\n+(.+?)(?=^### |\Z)", text, re.MULTILINE | re.DOTALL)
    if not notes:
        yield f"The section {version} has no upgrade notes (### Upgrade notes)."
    if "### Changes\n\n- " not in text:
        yield f"The section {version} lists no changes (### Changes)."


def _git(root: Path, *arguments: str) -> str:
    ran = subprocess.run(  # noqa: S603 - fixed words, and a version that was checked
        ["git", *arguments],  # noqa: S607 - git of the contributor
        cwd=root,
        capture_output=True,
        text=True,
        check=True,
    )
    return ran.stdout.strip()


def main(root: Path, version: str) -> int:
    """Print what is wrong, or what is left to do; return the exit status."""
    found = list(problems(root, version))
    for each in found:
        print(each, file=sys.stderr)
    if found:
        return 1
    major, minor, _ = version.split(".")
    following = f"{major}.{int(minor) + 1}.0"
    print(
        _LEFT.format(version=version, commit=_git(root, "rev-parse", "HEAD"), following=following)
    )
    return 0


if __name__ == "__main__":
    sys.exit(main(ROOT, sys.argv[1] if len(sys.argv) > 1 else ""))
