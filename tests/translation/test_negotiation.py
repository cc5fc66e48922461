"""The language that a browser asks for (RFC 9110 §12.5.4, RFC 4647 §3.4)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatepass.translation.negotiation import choose

OFFERED = ("en", "de", "pt-BR")


@pytest.mark.parametrize(
    ("header", "code"),
    [
        ("", "en"),
        ("de", "de"),
        ("DE", "de"),
        ("de-AT", "de"),
        ("de-DE-1996", "de"),
        ("fr, de;q=0.5", "de"),
        ("en;q=0.5, de;q=0.9", "de"),
        ("de;q=0.5,en;q=0.9", "en"),
        ("de;q=0, en;q=0.1", "en"),
        ("fr, *;q=0.1", "en"),
        ("pt-br", "pt-BR"),
        ("pt", "en"),
        ("german", "en"),
        ("de ; q = 0.8", "de"),
        ("de;q=x, en;q=0.1", "en"),
        ("de;q=1e9", "en"),
        ("de;q=-1", "en"),
        (";;;,,,q=1", "en"),
        ("de" * 400, "en"),
        (",".join(["fr"] * 30) + ",de", "en"),
    ],
)
def test_the_best_language_that_there_is_is_chosen(header: str, code: str) -> None:
    assert choose(header, OFFERED) == code


@given(st.text())
def test_whatever_a_header_says_some_language_is_chosen(header: str) -> None:
    assert choose(header, OFFERED) in OFFERED
