"""Names in any script: what is kept, what is refused, and by which words."""

import json
import unicodedata
from collections.abc import Callable
from pathlib import Path

import pytest

from gatepass.server.domain.applications.model import check_contact
from gatepass.server.domain.applications.model import check_name as check_application
from gatepass.server.domain.imports.model import name_of
from gatepass.server.domain.names import are_same, comparable
from gatepass.server.domain.organizations.model import check_name as check_organization
from gatepass.server.domain.users.model import InvalidField, check_username
from gatepass.wire.errors import OAuthError

VECTORS = json.loads((Path(__file__).parents[2] / "vectors" / "names.json").read_text())
CHECKS = {"an application": check_application, "an organization": check_organization}


@pytest.mark.parametrize("check", CHECKS.values(), ids=CHECKS)
@pytest.mark.parametrize(("typed", "kept"), VECTORS["kept"].items())
def test_a_name_in_any_script_is_kept_with_single_spaces(
    check: Callable[[str], str], typed: str, kept: str
) -> None:
    assert check(typed) == kept


@pytest.mark.parametrize("check", [*CHECKS.values(), check_contact], ids=[*CHECKS, "a contact"])
@pytest.mark.parametrize(("typed", "named"), VECTORS["refused"].items())
def test_a_character_that_deceives_is_refused_and_named(
    check: Callable[[str], str], typed: str, named: str
) -> None:
    with pytest.raises(OAuthError) as caught:
        check(typed)

    assert named in caught.value.description


@pytest.mark.parametrize("check", CHECKS.values(), ids=CHECKS)
@pytest.mark.parametrize("typed", VECTORS["invisible"])
def test_a_name_that_shows_nothing_is_no_name(check: Callable[[str], str], typed: str) -> None:
    with pytest.raises(OAuthError):
        check(typed)


@pytest.mark.parametrize(("typed", "kept"), VECTORS["kept"].items())
def test_an_imported_name_keeps_its_joiners(typed: str, kept: str) -> None:
    assert name_of(typed, 100) == (kept, ())


@pytest.mark.parametrize("typed", VECTORS["refused"])
def test_an_imported_name_loses_what_deceives_and_that_is_noted(typed: str) -> None:
    name, notes = name_of(typed, 100)

    assert check_application(name) == name
    assert notes == ("its name was changed to fit",)


def test_composed_and_decomposed_names_are_the_same() -> None:
    assert are_same("Zahlu\u0308ng\u00a0Ost ", "Zahl\u00fcng Ost")
    assert not are_same("Zahlung Ost", "Zahl\u00fcng Ost")


def test_the_comparable_form_of_every_character_is_its_own() -> None:
    every = map(chr, [*range(0xD800), *range(0xE000, 0x30000)])
    forms = {unicodedata.normalize("NFC", comparable(char)) for char in every}

    assert [form for form in forms if comparable(form) != form] == []


@pytest.mark.parametrize(
    ("typed", "named"),
    [
        ("\u0430\u043d\u043d\u0430", "U+0430 (CYRILLIC SMALL LETTER A)"),
        ("j\u00fcrgen", "U+00FC (LATIN SMALL LETTER U WITH DIAERESIS)"),
        ("anna maria", "U+0020 (SPACE)"),
        ("anna\u202e", "U+202E (RIGHT-TO-LEFT OVERRIDE)"),
        ("\u674e\u5c0f\u9f99", "U+674E (CJK UNIFIED IDEOGRAPH-674E)"),
    ],
)
def test_a_username_in_another_script_is_refused_in_true_words(typed: str, named: str) -> None:
    with pytest.raises(InvalidField) as caught:
        check_username(typed)

    assert "the letters a to z, digits" in caught.value.description
    assert f"{named} is none of these." in caught.value.description


@pytest.mark.parametrize("typed", ["", "a", ".anna", "a" * 65])
def test_a_username_of_a_wrong_form_names_no_character(typed: str) -> None:
    with pytest.raises(InvalidField) as caught:
        check_username(typed)

    assert "none of these" not in caught.value.description
