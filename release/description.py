"""What the built package says of itself: the README, with links that work elsewhere, too.

A hook of hatchling's. Where the build is told the repository's public address
(`GATEPASS_REPOSITORY=https://forge.example/gatepass/gatepass`), links and pictures lead there, to
the files of this version, and the package's project URLs name it. Where it is not, links to files
are words without a link, and pictures are left out: a dead link helps nobody.
"""

import os
import re
from pathlib import Path

from hatchling.metadata.plugin.interface import MetadataHookInterface

VARIABLE = "GATEPASS_REPOSITORY"
_LINK = re.compile(r"(!?)\[([^\]]*)\]\((?!https?:|#|mailto:)([^)\s]+)\)")
_BLANK_LINES = re.compile(r"\n{3,}")


class Description(MetadataHookInterface):
    """Sets the fields that pyproject.toml calls dynamic."""

    def update(self, metadata: dict[str, object]) -> None:
        """Set `readme` and `urls`."""
        repository = os.environ.get(VARIABLE, "").rstrip("/")
        readme = Path(self.root, "README.md").read_text(encoding="utf-8")
        text = description(readme, repository, str(metadata["version"]))
        metadata["readme"] = {"content-type": "text/markdown", "text": text}
        metadata["urls"] = urls(repository, str(metadata["version"]))


def description(readme: str, repository: str, version: str) -> str:
    """Return the README with its relative links made absolute; without `repository`, as words."""

    def link(found: re.Match[str]) -> str:
        picture, words, path = found.groups()
        if not repository:
            return "" if picture else words
        place = "raw" if picture else "blob"
        return f"{picture}[{words}]({repository}/{place}/v{version}/{path})"

    return _BLANK_LINES.sub("\n\n", _LINK.sub(link, readme))


def urls(repository: str, version: str) -> dict[str, str]:
    """Return the project URLs; none without a repository."""
    if not repository:
        return {}
    files = f"{repository}/blob/v{version}"
    return {
        "Changelog": f"{files}/CHANGELOG.md",
        "Documentation": f"{files}/docs",
        "Security": f"{files}/SECURITY.md",
        "Source": repository,
    }
