"""The pages at the root of the repository, in the section Contribute of the site.

They are written to be read in the repository, so their links lead from its root; here they are
led to where the site has those files.
"""

import re
from pathlib import Path

from sphinx.application import Sphinx

ROOT = Path(__file__).parent.parent
PAGES = {
    "ARCHITECTURE.md": "contribute/architecture.md",
    "CONTRIBUTING.md": "contribute/contributing.md",
    "SECURITY.md": "contribute/security.md",
    "CHANGELOG.md": "contribute/changelog.md",
    "README.md": "index.md",
}

_LINK = re.compile(r"(?<!`)\[((?:[^\[\]]|\[[^\[\]]*\])+)\]\((?![a-z]+:|#)([^()\s#]+)(#[^()\s]*)?\)")


def relink(_app: Sphinx, path: Path, _docname: str, content: list[str]) -> None:
    """Correct the links of a page that is included; Sphinx's event `include-read`.

    `path` is relative to docs/.
    """
    if path.name in PAGES and path.parent == Path(".."):
        content[0] = _LINK.sub(_relinked, content[0])


def _relinked(link: re.Match[str]) -> str:
    """Return a link for a page in contribute/: to a page, to a file, or its text for a folder."""
    text, target, anchor = link[1], link[2].rstrip("/"), link[3] or ""
    if target in PAGES:
        return f"[{text}](../{PAGES[target]}{anchor})"
    if target.startswith("docs/") and target.endswith(".md"):
        return f"[{text}](../{target.removeprefix('docs/')}{anchor})"
    if (ROOT / target).is_dir():
        return text
    return f"[{text}](../../{target})"


def to_root(_app: Sphinx, docname: str, source: list[str]) -> None:
    """Lead links to pages at the root to their place in the site; the event `source-read`."""
    up = "../" * docname.count("/")
    for name, page in PAGES.items():
        source[0] = source[0].replace(f"]({up}../{name}", f"]({up}{page}")
