"""A language whose texts are the English ones in brackets; what has none is in no catalogue."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import fields, is_dataclass
from gettext import NullTranslations
from html.parser import HTMLParser
from types import SimpleNamespace

from gatepass.translation.language import Language
from gatepass.translation.message import Message

OPEN, CLOSE = "\u27e6", "\u27e7"
SHOWN_ATTRIBUTES = {"title", "aria-label", "alt", "placeholder", "label", "data-what"}
OF_PROGRAMS = {"code", "pre", "script", "style", "svg"}
EMPTY = {"input", "meta", "link", "br", "img", "source", "path", "circle", "rect", "line"}
WITHOUT_WORDS = {"UTC", "", "Gatepass"}


class PseudoTranslations(NullTranslations):
    """Translations that put each text into brackets, and so show what was not translated."""

    def gettext(self, message: str) -> str:
        return f"{OPEN}{message}{CLOSE}"

    def ngettext(self, msgid1: str, msgid2: str, n: int) -> str:
        return self.gettext(msgid1 if n == 1 else msgid2)


PSEUDO = Language("de", PseudoTranslations())
RIGHT_TO_LEFT = Language("ar", NullTranslations())


class Untranslated(HTMLParser):
    """Finds the texts of a page that are in no brackets, and are no values of its context."""

    def __init__(self, values: Iterable[str]) -> None:
        super().__init__()
        self._values = sorted({each.strip() for each in values if each.strip()}, key=len)[::-1]
        self._path: list[bool] = []  # for each open element: whether its text is of programs
        self._depth = 0  # of brackets
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        for name, value in given.items():
            if value and (name in SHOWN_ATTRIBUTES or name.startswith("data-word-")):
                self._check(value)
        is_of_program = tag in OF_PROGRAMS or given.get("translate") == "no" or "hreflang" in given
        is_language = tag == "option" and "lang" in given
        is_own_text = "own-text" in (given.get("class") or "")  # of the operator
        if tag not in EMPTY:
            self._path.append(is_of_program or is_language or is_own_text)

    def handle_endtag(self, tag: str) -> None:
        if tag not in EMPTY:
            self._path.pop()

    def handle_data(self, data: str) -> None:
        if not any(self._path):
            self._check(data)

    def _check(self, text: str) -> None:
        outside = ""
        for each in text:
            self._depth += (each == OPEN) - (each == CLOSE)
            outside += " " if self._depth or each == CLOSE else each
        for value in self._values:
            outside = outside.replace(value, " ")
        words = "".join(each if each.isalpha() else " " for each in outside).split()
        if set(words) - WITHOUT_WORDS:
            self.found.append(" ".join(text.split()))


def values_of(thing: object) -> Iterator[str]:
    """Return every text in the context of a page that is no message: names, ids, what was typed."""
    if isinstance(thing, str) and not isinstance(thing, Message):
        yield thing
    else:
        for each in _parts(thing):
            yield from values_of(each)


def _parts(thing: object) -> Iterable[object]:
    if isinstance(thing, Message):
        return thing.values.values()
    if isinstance(thing, Mapping):
        return [*thing.keys(), *thing.values()]
    if is_dataclass(thing):
        return [getattr(thing, each.name) for each in fields(thing)]
    if isinstance(thing, SimpleNamespace):
        return vars(thing).values()
    return thing if isinstance(thing, list | tuple | set | frozenset) else ()
