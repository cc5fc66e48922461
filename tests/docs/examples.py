"""The fenced blocks of all pages that are examples."""

import re
from textwrap import dedent
from typing import NamedTuple

from docs.page import ROOT

NO_EXAMPLE = ("", "text", "{include}", "{toctree}")

_FENCE = re.compile(r"^ *(`{3,})([^\n`]*)\n(.*?)^ *\1 *$", re.MULTILINE | re.DOTALL)


class Example(NamedTuple):
    """A fenced block: its page, the line it begins on, its language and its text."""

    page: str
    line: int
    language: str
    text: str


def examples() -> list[Example]:
    pages = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]
    return [
        Example(
            page.relative_to(ROOT).as_posix(),
            text.count("\n", 0, found.start()) + 1,
            found[2].strip().partition(" ")[0],
            dedent(found[3]),
        )
        for page in pages
        for text in [page.read_text()]
        for found in _FENCE.finditer(text)
    ]


EXAMPLES = [each for each in examples() if each.language not in NO_EXAMPLE]
