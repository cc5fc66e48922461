"""Passwords of people: what is accepted, and how they are kept."""

import gzip
import itertools
import json
import string
import threading
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest
from argon2 import PasswordHasher
from django.contrib import auth
from hypothesis import given
from hypothesis import strategies as st

from gatepass.server.domain.users.model import InvalidField
from gatepass.server.domain.users.passwords import passwords
from gatepass.server.domain.users.passwords.passwords import (
    LONGEST,
    SHORTEST,
    Hasher,
    PasswordSettings,
    check,
    common,
    generate,
)
from gatepass.wire.secret import Secret

CHEAP = PasswordSettings(time_cost=1, memory_kib=8192, at_once=2)
GOOD = "trombone hides nine turtles"
NAMES = ("anna", "anna.berg@example.com", "Acme Energy GmbH", "Anna", None)
VECTORS = Path(__file__).parents[3] / "vectors"
GUESSED: dict[str, str] = json.loads((VECTORS / "guessed_passwords.json").read_text())
ACCEPTED: dict[str, str] = json.loads((VECTORS / "good_passwords.json").read_text())


def refusal(password: str, names: tuple[str | None, ...] = NAMES) -> InvalidField:
    with pytest.raises(InvalidField) as caught:
        check(Secret(password), names)
    return caught.value


def is_accepted(password: Secret, names: Iterable[str | None]) -> bool:
    try:
        check(password, names)
    except InvalidField:
        return False
    return True


@pytest.fixture(scope="module")
def hasher() -> Hasher:
    return Hasher(CHEAP)


@pytest.mark.spec("NIST SP 800-63B-4", "3.1.1.2")
@pytest.mark.parametrize(
    "password",
    [
        GOOD,
        "nur kleine buchstaben",
        "".join(map(chr, range(0x410, 0x44F, 3))),  # Cyrillic
        "".join(map(chr, range(0x3042, 0x3070, 3))),  # Hiragana
        "".join(map(chr, range(0x1F400, 0x1F41E, 2))),
        "0" + "38102947562930174",
        "  spaces at both ends  ",
        "x" * 10 + GOOD,
    ],
)
def test_a_long_password_needs_no_certain_characters(password: str) -> None:
    assert is_accepted(Secret(password), NAMES)


@pytest.mark.spec("NIST SP 800-63B-4", "3.1.1.2")
def test_fifteen_characters_are_needed_and_up_to_128_are_taken() -> None:
    long = (GOOD * 6)[:LONGEST]

    assert (SHORTEST, LONGEST) == (15, 128)
    assert "15 characters" in refusal("walrus porcela").description
    check(Secret("walrus porcelai"), ())
    check(Secret(long), ())
    assert "128 characters" in refusal(long + "x").description


@pytest.mark.spec("NIST SP 800-63B-4", "3.1.1.2")
@pytest.mark.parametrize("password", GUESSED.values(), ids=GUESSED)
def test_what_attackers_try_first_is_refused(password: str) -> None:
    assert "try first" in refusal(password, ()).description


@pytest.mark.spec("NIST SP 800-63B-4", "3.1.1.2")
@pytest.mark.parametrize("password", ACCEPTED.values(), ids=ACCEPTED)
def test_what_is_hard_to_foresee_is_accepted(password: str) -> None:
    assert is_accepted(Secret(password), ())


@pytest.mark.parametrize("password", GUESSED.values(), ids=GUESSED)
@pytest.mark.parametrize(
    "form", [str.upper, str.title, "  {}  ".format, "{}!".format, "{}7".format]
)
def test_what_attackers_try_first_is_refused_in_other_forms(
    password: str, form: Callable[[str], str]
) -> None:
    assert "try first" in refusal(form(password), ()).description


@pytest.mark.spec("NIST SP 800-63B-4", "3.1.1.2")
@pytest.mark.parametrize(
    "password",
    [
        "anna-turtles-nine-times",
        "nine turtles ANNA.BERG play",
        "we love acme energy here",
        "ACMEENERGYGMBH turtles",
        "a.c.m.e turtles and nine",
        "Energy turtles and nine",
    ],
)
def test_own_names_in_a_password_are_refused_and_the_reason_given(password: str) -> None:
    assert "name in it" in refusal(password).description


def test_a_name_of_up_to_three_letters_may_be_in_a_password() -> None:
    assert is_accepted(Secret("leo the turtle sings"), ("leo", "Leo AG"))


def test_a_refusal_names_the_field_and_does_not_repeat_the_password() -> None:
    refused = refusal("passwordpassword")

    assert refused.field == "new_password"
    assert "passwordpassword" not in f"{refused} {refused.description}"


@given(st.text(max_size=200))
def test_whatever_is_typed_is_accepted_or_refused_and_never_breaks(text: str) -> None:
    try:
        check(Secret(text), NAMES)
    except InvalidField:
        return
    assert SHORTEST <= len(text) <= LONGEST
    assert len(set(text)) >= 5


def test_the_list_of_common_passwords_is_long_and_in_one_form() -> None:
    assert len(common()) > 1000
    assert all(each == each.casefold() for each in common())


def test_the_list_of_common_passwords_is_made_from_the_source_that_is_named() -> None:
    folder = Path(passwords.__file__).parent
    source = Path(auth.__file__).with_name("common-passwords.txt.gz")
    theirs = gzip.decompress(source.read_bytes()).decode().splitlines()

    kept = (folder / "common_passwords.txt").read_text().splitlines()
    assert kept == [word for word in theirs if len(word) >= 4] + ["correcthorsebatterystaple"]
    said = (folder / "common_passwords.md").read_text()
    assert all(word in said for word in ("Django", "Royce Williams", "BSD 3-Clause", "2026-"))
    assert "Django Software Foundation" in (folder / "common_passwords.LICENSE").read_text()


def test_generated_passwords_are_accepted_readable_and_never_the_same() -> None:
    made = {generate(NAMES).value for _ in range(200)}

    assert len(made) == 200
    for each in made:
        check(Secret(each), NAMES)
        assert set(each) <= set(string.ascii_letters + string.digits + "-") - set("lI0O1")
        assert [len(group) for group in each.split("-")] == [5, 5, 5, 5]


@pytest.mark.slow
def test_a_generated_password_has_no_name_in_it_even_by_chance() -> None:
    """Among so many names, one password in three would have one."""
    names = ["".join(four) for four in itertools.product("abcdefghjkmn", repeat=4)]

    for _ in range(20):
        assert is_accepted(generate(names), names)


@pytest.mark.spec("ASVS", "11.4.2")
@pytest.mark.spec("RFC 9106", "4")
def test_a_password_is_kept_as_argon2id_with_a_salt_of_its_own(hasher: Hasher) -> None:
    first, second = hasher.hash(Secret(GOOD)), hasher.hash(Secret(GOOD))

    assert first.startswith("$argon2id$v=19$m=8192,t=1,p=1$")
    assert first != second
    assert GOOD not in first
    assert hasher.verify(Secret(GOOD), first)
    assert hasher.verify(Secret(GOOD), second)


@pytest.mark.spec("ASVS", "11.4.2")
def test_the_default_parameters_are_those_that_owasp_asks_for() -> None:
    default = PasswordSettings()

    assert (default.memory_kib, default.time_cost, default.parallelism) == (19 * 1024, 2, 1)


@pytest.mark.spec("NIST SP 800-63B-4", "3.1.1.2")
@pytest.mark.parametrize("wrong", ["", GOOD[:-1], GOOD + " ", " " + GOOD, GOOD.upper(), GOOD * 9])
def test_the_whole_password_is_verified(hasher: Hasher, wrong: str) -> None:
    assert not hasher.verify(Secret(wrong), hasher.hash(Secret(GOOD)))


def test_the_last_character_of_the_longest_password_counts(hasher: Hasher) -> None:
    longest = "x" * (LONGEST - 1)
    kept = hasher.hash(Secret(longest + "a"))

    assert hasher.verify(Secret(longest + "a"), kept)
    assert not hasher.verify(Secret(longest + "b"), kept)


@pytest.mark.parametrize("kept", [None, "", "x", "$argon2id$", "plain text"])
def test_nobody_has_no_password_and_nothing_broken_is_one(hasher: Hasher, kept: str | None) -> None:
    assert not hasher.verify(Secret(GOOD), kept)
    assert not hasher.verify(Secret(""), kept)


def test_a_hash_of_other_parameters_is_outdated_and_still_verifies(hasher: Hasher) -> None:
    older = PasswordHasher(time_cost=2, memory_cost=8192, parallelism=1).hash(GOOD)

    assert hasher.is_outdated(older)
    assert hasher.verify(Secret(GOOD), older)
    assert not hasher.is_outdated(hasher.hash(Secret(GOOD)))


def test_many_logins_at_once_wait_their_turn_and_all_are_answered(hasher: Hasher) -> None:
    kept = hasher.hash(Secret(GOOD))
    answers: list[bool] = []
    threads = [
        threading.Thread(target=lambda: answers.append(hasher.verify(Secret(GOOD), kept)))
        for _ in range(12)
    ]
    for each in threads:
        each.start()
    for each in threads:
        each.join()

    assert answers == [True] * 12
