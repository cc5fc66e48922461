"""The settings of a brand: name, images, colours, links and texts."""

import re
from typing import Annotated, Self

from pydantic import AfterValidator, Field, field_validator

from gatepass.server.configuration.section import Section
from gatepass.translation.language import check_languages
from gatepass.wire.urls import split as split_url

MOST_TEXT = 2000

_COLOUR = re.compile(r"#(?:[0-9a-f]{3}|[0-9a-f]{6})")
_ADDRESS = re.compile(r"[a-z0-9.!#$%&'*+/=?^_`{|}~-]+@[a-z0-9.-]+", re.IGNORECASE)


def is_address(text: str) -> bool:
    """Return whether a text is an email address."""
    return _ADDRESS.fullmatch(text) is not None


def is_link(text: str) -> bool:
    """Return whether a text is an https URL."""
    parts = split_url(text)
    return parts is not None and parts.scheme == "https" and text.isprintable()


def _colour(text: str) -> str:
    lower = text.strip().lower()
    if lower and not _COLOUR.fullmatch(lower):
        raise ValueError('must be a colour, as "#0f5e70"')
    return "#" + "".join(2 * each for each in lower[1:]) if len(lower) == 4 else lower


def _line(text: str) -> str:
    if not text.isprintable():
        raise ValueError("must be one line of text")
    return text.strip()


def _url(text: str) -> str:
    if text and not is_link(text):
        raise ValueError("must be an https URL")
    return text


def _support(text: str) -> str:
    if text and not (is_address(text) or is_link(text)):
        raise ValueError("must be an email address or an https URL")
    return text


def _text(text: str) -> str:
    if any(not each.isprintable() for line in text.splitlines() for each in line):
        raise ValueError("must be plain text")
    return text.strip()


Colour = Annotated[str, AfterValidator(_colour)]
Line = Annotated[str, Field(max_length=60), AfterValidator(_line)]
Url = Annotated[str, AfterValidator(_url)]
Text = Annotated[str, Field(max_length=MOST_TEXT), AfterValidator(_text)]


class LightColours(Section):
    """The colours of the light scheme. Each may be empty, which is Gatepass's own."""

    accent: Colour = ""
    """The colour of links and of the main buttons, as "#0f5e70"; the next two and that of the dark
    scheme are made from it. Empty, as each colour here: Gatepass's own."""
    accent_hover: Colour = ""
    """The accent under the pointer."""
    on_accent: Colour = ""
    """Text on the accent."""
    background: Colour = ""
    """The ground of the page."""
    surface: Colour = ""
    """The ground of cards, tables and the head."""
    sunken: Colour = ""
    """The ground of credentials, code and the production banner."""
    text: Colour = ""
    """Text."""
    muted: Colour = ""
    """Text of less weight: help, labels, times."""
    line: Colour = ""
    """Lines that separate; they carry no meaning, so their contrast is not checked."""
    edge: Colour = ""
    """Edges of fields and buttons."""

    @property
    def given(self) -> dict[str, str]:
        """Return the colours that are not left at Gatepass's own."""
        return {name: value for name, value in self.model_dump().items() if value}


class DarkColours(LightColours):
    """The colours of the dark scheme."""

    accent: Colour = ""
    """The same for the dark scheme. Empty: made from the light one, as light as it must be."""


class OwnTexts(Section):
    """The operator's texts in one language; those that are empty are shown as in the others."""

    login_text: Text = ""
    """`login_text` in this language."""
    first_page_text: Text = ""
    """`first_page_text` in this language."""


class BrandingSettings(Section):
    """How the operator's name, logo, colours and texts replace those of Gatepass."""

    name: Line = ""
    """The name in the head of each page, in titles, in the API's documentation and in mail; empty:
    `operator.name`."""
    logo: str = ""
    """A file, .svg or .png, 256 KiB at most, shown in the head of each page; a relative path is
    below the data directory. Drawings with scripts, animation or references are refused."""
    logo_dark: str = ""
    """The same for the dark scheme; empty: `logo`."""
    logo_has_name: bool = False
    """Whether the logo shows the name, which is then not written beside it."""
    icon: str = ""
    """A square file, .svg or .png, for the browser's tab; the sandbox keeps its yellow one."""
    light: LightColours = LightColours()
    """The colours of the light scheme."""
    dark: DarkColours = DarkColours()
    """The colours of the dark scheme."""
    support: Annotated[str, AfterValidator(_support)] = ""
    """Where partners get help, an email address or an https URL, at the foot of each page and in
    mail; empty: `operator.support`."""
    terms_url: Url = ""
    """The https URL of the terms of use, at the foot of each page."""
    privacy_url: Url = ""
    """The https URL of the privacy notice, at the foot of each page."""
    login_text: Text = ""
    """Plain text on the login page, 2,000 characters at most; an empty line begins a paragraph,
    and addresses become links."""
    first_page_text: Text = ""
    """The same for the first page after the login."""
    texts: dict[str, OwnTexts] = Field(default_factory=dict)
    """The two texts in languages, for example in the table `[branding.texts.de]`."""

    @field_validator("texts")
    @classmethod
    def _languages_are_there(cls, texts: dict[str, OwnTexts]) -> dict[str, OwnTexts]:
        check_languages(texts)
        return texts

    def with_changes(self, changes: "BrandingSettings | None") -> Self:
        """Return these settings, with those that `changes` sets in their place."""
        if changes is None:
            return self
        given = changes.model_dump(exclude_unset=True)
        own = self.model_dump(exclude_unset=True)
        for scheme in ("light", "dark"):
            given[scheme] = {**own.get(scheme, {}), **given.get(scheme, {})}
        return self.model_validate({**own, **given})
