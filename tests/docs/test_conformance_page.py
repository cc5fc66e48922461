"""The page about the conformance tests names tests that are there."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "reference" / "conformance.md"
TESTS = re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", PAGE.read_text())


def test_each_module_has_a_test() -> None:
    rows = [line for line in PAGE.read_text().splitlines() if "tests/" in line]

    assert len(rows) == 14
    assert all("::test_" in each for each in rows)


@pytest.mark.parametrize(("file", "name"), TESTS)
def test_the_test_that_the_page_names_is_there(file: str, name: str) -> None:
    assert f"\ndef {name}(" in (ROOT / file).read_text()
