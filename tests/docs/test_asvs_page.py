"""The page about ASVS has every statement of its chapters once, and each test that it names."""

import ast
import json
import re
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "reference" / "asvs.md").read_text()
LEVELS: dict[str, int] = json.loads((ROOT / "tests/vectors/asvs_statements.json").read_text())
STATUSES = ("met", "not met", "does not apply")
_ROW = re.compile(r"^\| (\d+\.\d+\.\d+) \| (\d) \| ([^|]+) \| ([^|]+) \| ([^|]*) \|$", re.MULTILINE)


class Statement(NamedTuple):
    number: str
    level: int
    text: str
    status: str
    evidence: str

    @property
    def tests(self) -> list[str]:
        return re.findall(r"`(tests/[^`]+)`", self.evidence)


ROWS = [
    Statement(number, int(level), text, status, evidence)
    for number, level, text, status, evidence in _ROW.findall(PAGE)
]


@cache
def names_in(file: str) -> frozenset[str]:
    functions = (ast.FunctionDef, ast.AsyncFunctionDef)
    tree = ast.parse((ROOT / file).read_text())
    return frozenset(node.name for node in tree.body if isinstance(node, functions))


def test_every_statement_of_the_chapters_is_there_once_with_its_level() -> None:
    assert [(row.number, row.level) for row in ROWS] == list(LEVELS.items())
    assert {number.partition(".")[0] for number in LEVELS} == {"3", "4", "6", "7", "10", "13", "16"}
    assert PAGE.count("\n| ") == len(ROWS) + 7  # and the heads of the tables


def test_no_number_is_left_out_within_a_section() -> None:
    sections: dict[str, list[int]] = {}
    for number in LEVELS:
        section, _, last = number.rpartition(".")
        sections.setdefault(section, []).append(int(last))

    assert all(found == list(range(1, len(found) + 1)) for found in sections.values())


@pytest.mark.parametrize("row", ROWS, ids=lambda row: str(row.number))
def test_a_statement_has_a_status_and_its_test_or_reason(row: Statement) -> None:
    assert row.status in STATUSES
    reason = re.sub(r"`tests/[^`]+`", "", row.evidence).strip(" ,.;")
    assert row.tests if row.status == "met" else reason


@pytest.mark.parametrize("named", sorted({name for row in ROWS for name in row.tests}))
def test_each_test_that_is_named_is_there(named: str) -> None:
    file, _, name = named.partition("::")

    assert name in names_in(file)


def test_the_numbers_at_the_head_are_those_of_the_tables() -> None:
    many = {status: sum(row.status == status for row in ROWS) for status in STATUSES}

    assert (
        f"Of {len(ROWS)} statements {many['met']} are met, {many['not met']} are not, "
        f"and {many['does not apply']} do not apply."
    ) in PAGE
