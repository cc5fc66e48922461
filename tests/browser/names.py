"""What a screen reader calls links, buttons and tables of a page, and where that is unclear."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser

_VOID = frozenset(
    {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "wbr"}
)
_VAGUE = frozenset({"", "click", "click here", "details", "here", "link", "more", "read more"})


@dataclass
class Element:
    """An element with its attributes, texts and children."""

    tag: str
    attributes: dict[str, str]
    parent: "Element | None" = None
    children: "list[Element | str]" = field(default_factory=list)

    def name(self) -> str:
        """Return its name: `aria-label`, or its text; what a script shows later counts."""
        return " ".join(self._text().split())

    def _text(self) -> str:
        if label := self.attributes.get("aria-label"):
            return label
        if self.tag == "img":
            return self.attributes.get("alt", "")
        if self.tag in {"script", "style", "svg"}:
            return ""
        return "".join(each if isinstance(each, str) else each.part() for each in self.children)

    def part(self) -> str:
        """Return what it adds to the name of an element around it."""
        return "" if self.attributes.get("aria-hidden") == "true" else self._text()

    def navigation(self) -> str:
        """Return the name of the navigation around it; empty where there is none."""
        around = self.parent
        while around and around.tag != "nav":
            around = around.parent
        return around.attributes.get("aria-label", "") if around else ""

    def all(self, *tags: str) -> "Iterator[Element]":
        """Yield the elements inside that have one of the tags."""
        for each in self.children:
            if isinstance(each, Element):
                if each.tag in tags:
                    yield each
                yield from each.all(*tags)


class _Tree(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.at = self.root = Element("", {})

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        made = Element(tag, {name: value or "" for name, value in attrs}, self.at)
        self.at.children.append(made)
        if tag not in _VOID:
            self.at = made

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.at.children.append(Element(tag, dict.fromkeys((n for n, _ in attrs), ""), self.at))

    def handle_endtag(self, tag: str) -> None:
        opened: Element | None = self.at
        while opened and opened.tag != tag:
            opened = opened.parent
        if opened and opened.parent:
            self.at = opened.parent

    def handle_data(self, data: str) -> None:
        self.at.children.append(data)


def parse(html: str) -> Element:
    """Return the tree of a page."""
    tree = _Tree()
    tree.feed(html)
    return tree.root


def unclear(html: str) -> list[str]:
    """Return what somebody who hears the page could mistake for something else."""
    page = parse(html)
    return [*_vague(page), *_ambiguous_links(page), *_repeated(page), *_tables(page)]


def _vague(page: Element) -> Iterator[str]:
    for each in page.all("a", "button", "summary"):
        if each.name().lower().rstrip(".") in _VAGUE:
            yield f"{each.tag} is called {each.name()!r}"


def _ambiguous_links(page: Element) -> Iterator[str]:
    targets: dict[tuple[str, str], set[str]] = {}
    for each in page.all("a"):
        called = each.navigation(), each.name()
        targets.setdefault(called, set()).add(each.attributes.get("href", ""))
    for (_, name), found in targets.items():
        if len(found) > 1:
            yield f"links {name!r} lead to {', '.join(sorted(found))}"


def _repeated(page: Element) -> Iterator[str]:
    """Yield names of several buttons, or of several parts that open."""
    for tag in ("button", "summary"):
        counted = Counter(each.name() for each in page.all(tag))
        yield from (f"{count} x {tag} {name!r}" for name, count in counted.items() if count > 1)


def _tables(page: Element) -> Iterator[str]:
    names = []
    for each in page.all("table"):
        caption = next(each.all("caption"), None)
        by_id = each.attributes.get("aria-labelledby")
        names.append(each.attributes.get("aria-label") or by_id or (caption and caption.name()))
    if not all(names):
        yield "a table has no name"
    yield from (f"{count} x table {name!r}" for name, count in Counter(names).items() if count > 1)
