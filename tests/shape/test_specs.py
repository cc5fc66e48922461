"""Every normative section that this version promises stays bound to at least one test."""

import ast
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest

_TESTS = Path(__file__).parents[1]
_DECLARED = tomllib.loads((Path(__file__).parent / "specs.toml").read_text())


class Section(NamedTuple):
    document: str
    number: str


def required() -> list[Section]:
    return sorted(
        {
            Section(document, number)
            for part in _DECLARED["required"]
            for document, numbers in part.items()
            for number in numbers
        }
    )


def markers_in(source: str) -> Iterator[ast.Call]:
    """Return the calls that decorate a test with `pytest.mark.spec`."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            for decorator in node.decorator_list:
                if ast.unparse(decorator).startswith("pytest.mark.spec("):
                    assert node.name.startswith("test_"), f"{node.name} is no test"
                    assert isinstance(decorator, ast.Call)
                    yield decorator


@cache
def bound() -> frozenset[Section]:
    files = [file for file in _TESTS.rglob("test_*.py") if "node_modules" not in file.parts]
    return frozenset(
        Section(*map(ast.literal_eval, marker.args))
        for file in files
        for marker in markers_in(file.read_text())
    )


@pytest.mark.parametrize("section", required(), ids=" §".join)
def test_a_required_section_is_bound_to_a_test(section: Section) -> None:
    assert section in bound()


def test_no_marker_names_a_document_that_nobody_has_heard_of() -> None:
    assert {section.document for section in bound()} <= set(_DECLARED["documents"])


def test_a_marker_on_a_test_is_found_and_one_in_a_text_is_not() -> None:
    source = '''
@pytest.mark.spec("RFC 6749", "5.2")
def test_one() -> None:
    """As with @pytest.mark.spec("RFC 6749", "5.3")."""
'''
    assert [ast.unparse(each) for each in markers_in(source)] == [
        "pytest.mark.spec('RFC 6749', '5.2')"
    ]
