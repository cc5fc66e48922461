"""Parses a page: its forms with the values that a browser would send, and its texts."""

from dataclasses import dataclass, field
from html.parser import HTMLParser

_VOID = frozenset({"area", "br", "col", "embed", "hr", "img", "input", "link", "meta", "wbr"})
_TICKED = frozenset({"checkbox", "radio"})
_SENDS_NOTHING = frozenset({"submit", "button", "reset", "file", "image"})


@dataclass(frozen=True, slots=True)
class Form:
    """A form: its action and the values that a browser would send unchanged."""

    action: str
    fields: dict[str, str] = field(repr=False)

    def filled(self, **typed: str) -> dict[str, str]:
        """Return the fields that are sent with the typed values, including hidden fields."""
        return self.fields | typed


class Page(HTMLParser):
    """The forms of a page by their action, and the text of every element with an id."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.forms: dict[str, Form] = {}
        self.texts: dict[str, str] = {}
        self._form: Form | None = None
        self._open: list[tuple[str, str | None]] = []
        self._select = ""
        self._textarea = ""
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Record a form, a field, or an element with an id."""
        values = dict(attrs)
        if tag not in _VOID:
            self._open.append((tag, values.get("id")))
            if values.get("id"):
                self.texts[values["id"] or ""] = ""
        if tag == "form":
            self._form = Form(values.get("action") or "", {})
            self.forms[self._form.action] = self._form
        elif self._form is not None:
            self._note_field(self._form.fields, tag, values)

    def handle_endtag(self, tag: str) -> None:
        """Close the element and unclosed elements in it."""
        if not any(name == tag for name, _ in self._open):
            return
        while self._open.pop()[0] != tag:
            pass
        if tag == "form":
            self._form = None
        elif tag == "textarea":
            self._textarea = ""

    def handle_data(self, data: str) -> None:
        """Add to the text of every open element."""
        for _, name in self._open:
            if name:
                self.texts[name] += data
        if self._form is not None and self._textarea:
            self._form.fields[self._textarea] += data

    def _note_field(self, fields: dict[str, str], tag: str, values: dict[str, str | None]) -> None:
        name, kind = values.get("name") or "", values.get("type") or "text"
        if tag == "option" and self._select and ("selected" in values or not fields[self._select]):
            fields[self._select] = values.get("value") or ""
        elif not name or kind in _SENDS_NOTHING or (kind in _TICKED and "checked" not in values):
            return
        elif tag == "input":
            fields[name] = values.get("value") or ("on" if kind in _TICKED else "")
        elif tag == "select":
            self._select, fields[name] = name, ""
        elif tag == "textarea":
            self._textarea, fields[name] = name, ""
