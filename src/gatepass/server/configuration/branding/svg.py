"""Reads an SVG drawing, refuses whatever is not a still picture, and writes it again.

What acts or reaches out is refused: scripts, events, foreign documents, animation, references to
anything outside the file, a DOCTYPE. What is harmless but no drawing is left out: comments,
metadata, and what drawing programs note for themselves. The picture that is served is the one
written here, so that no browser reads the file in another way than this parser did.
"""

import re
from collections.abc import Mapping
from xml.parsers import expat
from xml.sax.saxutils import escape, quoteattr

_SVG = "http://www.w3.org/2000/svg"
_XLINK = "http://www.w3.org/1999/xlink"
_XML = "http://www.w3.org/XML/1998/namespace"
_SEPARATOR = " "

_ELEMENTS = frozenset(
    {
        *("svg", "g", "defs", "symbol", "use", "switch", "title", "desc", "style", "text", "tspan"),
        *("path", "rect", "circle", "ellipse", "line", "polyline", "polygon"),
        *("linearGradient", "radialGradient", "stop", "clipPath"),
    }
)
_DROPPED = frozenset({"metadata"})
_TEXTUAL = frozenset({"title", "desc", "style", "text", "tspan"})
_MOST_ELEMENTS = 5000
_MOST_DEPTH = 64
_MOST_USES = 100

_URL = re.compile(r"url\(\s*(['\"]?)\s*(.)", re.IGNORECASE | re.DOTALL)
_UTF_8 = re.compile(rb"""encoding\s*=\s*["']utf-8["']""", re.IGNORECASE)
_DECLARATION = re.compile(rb"(?:\xef\xbb\xbf)?<\?xml\s[^>]*?\?>")
_HINT = "export it as plain shapes"


class _RefusedError(ValueError):
    """What is wrong, before the line is known."""


def clean(content: bytes) -> bytes:
    """Return the drawing, written again; raise ValueError, which says what is wrong and where."""
    try:
        content.decode()
    except UnicodeDecodeError:
        raise ValueError("is not an SVG drawing in UTF-8: save it with that encoding") from None
    declaration = _DECLARATION.match(content)
    if declaration and b"encoding" in declaration[0] and not _UTF_8.search(declaration[0]):
        raise ValueError("is not an SVG drawing in UTF-8: save it with that encoding")
    parser = expat.ParserCreate("utf-8", _SEPARATOR)
    writer = _Writer()
    parser.StartDoctypeDeclHandler = writer.doctype
    parser.ProcessingInstructionHandler = writer.instruction
    parser.StartElementHandler = writer.start
    parser.EndElementHandler = writer.end
    parser.CharacterDataHandler = writer.text
    try:
        parser.Parse(content, True)
        writer.check_uses()
    except _RefusedError as error:
        raise ValueError(f"{error} (line {parser.CurrentLineNumber})") from None
    except expat.ExpatError as error:
        raise ValueError(
            f"is not an SVG drawing: {expat.ErrorString(error.code)}, line {error.lineno}"
        ) from None
    return writer.drawing()


class _Writer:
    """Writes what the parser reports."""

    def __init__(self) -> None:
        self._parts: list[str] = []
        self._open: list[tuple[str, str]] = []  # names and ids
        self._dropped = 0  # how many open elements are left out
        self._elements = 0
        self._uses: list[tuple[frozenset[str], str]] = []  # ids around, and the id that is used

    def doctype(self, *_: object) -> None:
        raise _RefusedError("has a DOCTYPE, which can define entities: remove that line")

    def instruction(self, *_: object) -> None:
        raise _RefusedError("has a processing instruction, which can load a stylesheet: remove it")

    def start(self, qualified: str, attributes: Mapping[str, str]) -> None:
        self._elements += 1
        if self._elements > _MOST_ELEMENTS:
            raise _RefusedError(f"has more than {_MOST_ELEMENTS} elements: simplify it")
        space, _, name = qualified.rpartition(_SEPARATOR)
        if self._dropped or (space != _SVG and self._open) or name in _DROPPED:
            _check_dropped(name)
            self._dropped += 1
            return
        if not self._open and (space, name) != (_SVG, "svg"):
            raise _RefusedError(
                f'is not an SVG drawing: its first element is not <svg xmlns="{_SVG}">'
            )
        if name not in _ELEMENTS or (self._open and self._open[-1][0] == "style"):
            raise _RefusedError(f"has <{name}>, which a logo must not have: {_HINT}")
        if len(self._open) >= _MOST_DEPTH:
            raise _RefusedError(f"is nested more than {_MOST_DEPTH} levels deep: simplify it")
        kept = _kept(name, attributes)
        if name == "use":
            around = frozenset(each for _, each in self._open if each)
            self._uses.append((around, kept.get("href", "")[1:]))
        if not self._open:
            kept = {"xmlns": _SVG, **kept}
        written = "".join(f" {each}={quoteattr(value)}" for each, value in kept.items())
        self._parts.append(f"<{name}{written}>")
        self._open.append((name, kept.get("id", "")))

    def end(self, _: str) -> None:
        if self._dropped:
            self._dropped -= 1
        else:
            self._parts.append(f"</{self._open.pop()[0]}>")

    def text(self, text: str) -> None:
        if self._dropped or not self._open:
            return
        inside = self._open[-1][0]
        if inside in _TEXTUAL:
            self._parts.append(escape(text))

    def check_uses(self) -> None:
        """Refuse a drawing that is repeated within what is repeated: it grows without bound."""
        used = {target for _, target in self._uses}
        if len(self._uses) > _MOST_USES or any(around & used for around, _ in self._uses):
            raise _RefusedError("repeats a part that repeats another one by <use>: " + _HINT)

    def drawing(self) -> bytes:
        """Return what was written; a style sheet is checked as a whole."""
        text = "".join(self._parts)
        for sheet in re.findall(r"<style[^>]*>(.*?)</style>", text, re.DOTALL):
            _check_style(sheet, "<style>")
        return text.encode()


def _check_dropped(name: str) -> None:
    """Refuse what acts, also in a part that is left out: somebody meant it to be in the file."""
    if name.lower() in {"script", "foreignobject", "iframe", "object", "embed"}:
        raise _RefusedError(f"has <{name}>, which a logo must not have: {_HINT}")


def _kept(element: str, attributes: Mapping[str, str]) -> dict[str, str]:
    """Return the attributes of SVG; raise _RefusedError for one that acts or reaches out."""
    kept = {}
    for qualified, value in attributes.items():
        space, _, name = qualified.rpartition(_SEPARATOR)
        if name.lower().startswith("on") and not space:
            raise _RefusedError(f"has the event handler {name}, which a logo must not have")
        if name == "href" and space in {"", _XLINK}:
            if not value.startswith("#"):
                raise _RefusedError(f"<{element}> refers to something outside the file: {_HINT}")
        elif name == "base" and space == _XML:
            raise _RefusedError("has xml:base, which changes what references mean: remove it")
        elif space:
            continue  # of a drawing program
        elif element == "clipPath" and name == "clip-path":
            raise _RefusedError("clips a clipping path by another one: " + _HINT)
        _check_style(value, name)
        if name not in kept or not space:
            kept[name] = value
    return kept


def _check_style(value: str, where: str) -> None:
    """Refuse style that loads something, or is written so that this cannot be seen."""
    if where in {"style", "<style>"} and ("@" in value or "\\" in value):
        raise _RefusedError(f"{where} has an @ rule or an escape: {_HINT}")
    if any(found[2] != "#" for found in _URL.finditer(value)):
        raise _RefusedError(f"{where} refers to something outside the file: {_HINT}")
