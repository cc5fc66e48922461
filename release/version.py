"""The version of a build: that of the tag, or one of development before the next release.

`v0.2.0` is version 0.2.0. Three commits later, while CHANGELOG.md has a section `0.3.0, not yet
released`, it is 0.3.0.dev3+g and the commit. Without tags all commits count; a source distribution
has its version in it, and what `git archive` makes the commit's tag or id.
"""

import re
from pathlib import Path

from setuptools_scm import ScmVersion, get_version

ROOT = Path(__file__).parents[1]
_NEXT = re.compile(r"^## (\d+\.\d+\.\d+), not yet released$", re.MULTILINE)
_NEWEST = re.compile(r"^## (\d+\.\d+\.\d+)", re.MULTILINE)


def version() -> str:
    """Return the version of what is in this folder."""
    return get_version(
        ROOT,
        version_scheme=_scheme,
        local_scheme="node-and-date",
        tag_regex=r"^v(?P<version>\d+\.\d+\.\d+)$",
        git_describe_command=["git", "describe", "--dirty", "--tags", "--long", "--match", "v*"],
        fallback_version=f"{next_version(ROOT / 'CHANGELOG.md')}.dev0",
    )


def _scheme(found: ScmVersion) -> str:
    if found.exact:
        return found.format_with("{tag}")
    return f"{next_version(ROOT / 'CHANGELOG.md')}.dev{found.distance}"


def next_version(changelog: Path) -> str:
    """Return the version that is not yet released, or else the one after the newest."""
    text = changelog.read_text(encoding="utf-8")
    if found := _NEXT.search(text):
        return found[1]
    newest = _NEWEST.search(text)
    if newest is None:
        raise ValueError(f"{changelog} has no section of a version.")
    major, minor, _ = newest[1].split(".")
    return f"{major}.{int(minor) + 1}.0"
