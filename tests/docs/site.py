"""The documentation site, built for tests as `make docs` builds it."""

import shutil
import subprocess
import sys
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from typing import NamedTuple

from filelock import FileLock

ROOT = Path(__file__).parents[2]
SITE = ROOT / ".site"


@cache
def built() -> Path:
    """Return the directory of the built site; Sphinx reads again only what has changed."""
    SITE.mkdir(exist_ok=True)
    html, doctrees = SITE / "html", SITE / "doctrees"
    options = ("--quiet", "--fail-on-warning", "--keep-going", "-d", doctrees)
    with FileLock(SITE / "lock"):  # test processes run side by side
        ran = subprocess.run(
            [sys.executable, "-m", "sphinx", *options, ROOT / "docs", html],
            capture_output=True,
            text=True,
            check=False,
        )
        if ran.returncode:
            shutil.rmtree(doctrees)  # warnings of pages that are not read again are not repeated
    assert ran.returncode == 0, ran.stderr
    return html


class Tag(NamedTuple):
    """An element's name and attributes."""

    name: str
    attributes: dict[str, str]


class Document(HTMLParser):
    """A page: its elements, its ids, and the text within scripts and styles."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[Tag] = []
        self.inline = ""
        self._within = ""
        self.feed(text)

    @property
    def ids(self) -> set[str]:
        return {tag.attributes["id"] for tag in self.tags if "id" in tag.attributes}

    @property
    def resources(self) -> list[str]:
        """What a browser fetches for the page, without a click."""
        found = []
        for name, attributes in self.tags:
            if name == "link" and attributes.get("rel") in {"stylesheet", "icon", "shortcut icon"}:
                found.append(attributes["href"])
            elif "src" in attributes:
                found.append(attributes["src"])
        return found

    @property
    def links(self) -> list[str]:
        """Where the page leads."""
        return [each.attributes["href"] for each in self.tags if "href" in each.attributes]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(Tag(tag, {name: value or "" for name, value in attrs}))
        self._within = tag

    def handle_endtag(self, tag: str) -> None:  # noqa: ARG002 - the base class's signature
        self._within = ""

    def handle_data(self, data: str) -> None:
        if self._within in {"script", "style"}:
            self.inline += data.strip()
