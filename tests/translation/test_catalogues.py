"""The catalogues: every text is there, translated, with the same values and the same HTML."""

import re
import tomllib
from functools import cache
from pathlib import Path

import pytest
from babel.messages.catalog import Message
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

from gatepass.translation.language import ENGLISH, codes

ROOT = Path(__file__).parents[2]
LOCALES = ROOT / "src/gatepass/translation/locales"
KEYWORDS: dict[str, tuple[int, ...] | None] = {
    "_": None,
    "gettext": None,
    "ngettext": (1, 2),
    "Message": None,
    "plural": (1, 2),
}
VALUE = re.compile(r"%\((\w+)\)s|\{(\w+)\}")
TAG = re.compile(r"</?\w+[^<>]*>")
LANGUAGES = [code for code in codes() if code != ENGLISH]

Texts = tuple[str, ...]


@cache
def sources() -> frozenset[Texts]:
    """Return every text of the sources: one, or the forms of a plural."""
    mappings = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["babel"]["mappings"]
    methods, options = [], {}
    for mapping in mappings:
        patterns = mapping["pattern"]
        for pattern in [patterns] if isinstance(patterns, str) else patterns:
            methods.append((pattern, mapping["method"]))
            options[pattern] = {
                name: value for name, value in mapping.items() if isinstance(value, str)
            }
    found = extract_from_dir(ROOT, methods, options, KEYWORDS, strip_comment_tags=True)
    return frozenset(as_texts(text) for _, _, text, _, _ in found)


@cache
def catalogue(code: str) -> dict[Texts, Message]:
    with (LOCALES / code / "LC_MESSAGES/gatepass.po").open("rb") as opened:
        return {as_texts(each.id): each for each in read_po(opened, locale=code) if each.id}


def as_texts(text: str | list[str] | tuple[str, ...] | None) -> Texts:
    return (text,) if isinstance(text, str) else tuple(text or ())


def translations(code: str) -> list[tuple[str, str]]:
    """Return each text with its translation; of a plural the last form of both."""
    return [(texts[-1], as_texts(each.string)[-1]) for texts, each in catalogue(code).items()]


def values(text: str) -> list[str]:
    return sorted(left or right for left, right in VALUE.findall(text))


@pytest.mark.parametrize("code", LANGUAGES)
def test_a_catalogue_has_every_text_and_no_other(code: str) -> None:
    assert {"missing": sources() - catalogue(code).keys()} == {"missing": frozenset()}
    assert {"gone": catalogue(code).keys() - sources()} == {"gone": set()}


@pytest.mark.parametrize("code", LANGUAGES)
def test_every_text_is_translated_and_somebody_has_looked_at_it(code: str) -> None:
    missing = [
        texts
        for texts, each in catalogue(code).items()
        if each.fuzzy or not all(text.strip() for text in as_texts(each.string))
    ]

    assert missing == []


@pytest.mark.parametrize("code", LANGUAGES)
def test_a_translation_has_the_values_of_its_text(code: str) -> None:
    wrong = [each for each in translations(code) if values(each[0]) != values(each[1])]

    assert wrong == []


@pytest.mark.parametrize("code", LANGUAGES)
def test_a_translation_has_the_html_of_its_text(code: str) -> None:
    wrong = [
        each
        for each in translations(code)
        if sorted(TAG.findall(each[0])) != sorted(TAG.findall(each[1]))
    ]

    assert wrong == []


@pytest.mark.parametrize("code", [ENGLISH, *LANGUAGES])
def test_a_text_outside_of_tags_can_stand_in_an_attribute(code: str) -> None:
    texts = (
        [each for found in sources() for each in found]
        if code == ENGLISH
        else [translated for _, translated in translations(code)]
    )

    assert [text for text in texts if '"' in TAG.sub("", text) and "{" not in text] == []
