"""`make test-fast` exists, and what it names is there."""

import ast
import re
from pathlib import Path

from conftest import SLOW_FIXTURES, SLOW_FOLDERS

ROOT = Path(__file__).parents[2]
MAKEFILE = (ROOT / "Makefile").read_text()


def fixtures() -> set[str]:
    """Return the names of all fixtures of the tests, and of pytest's plugin for plugins."""
    found = {"pytester"}
    for file in (ROOT / "tests").rglob("*.py"):
        if "node_modules" in file.parts or "pytest.fixture" not in (text := file.read_text()):
            continue
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and any(
                ast.unparse(each).startswith("pytest.fixture") for each in node.decorator_list
            ):
                found.add(node.name)
    return found


def test_make_runs_the_unit_tests_of_folders_that_exist() -> None:
    [folders] = re.findall(r"^FAST := (.*)$", MAKEFILE, re.MULTILINE)
    [recipe] = re.findall(r"^test-fast: setup\n\t(.*)$", MAKEFILE, re.MULTILINE)

    assert [each for each in folders.split() if not (ROOT / each).is_dir()] == []
    assert (
        recipe
        == '$(BIN)/pytest -n 2 -m "not slow" $(TESTS) $(if $(filter-out -%,$(TESTS)),,$(FAST))'
    )


def test_slow_tests_are_known_by_folders_and_fixtures_that_exist() -> None:
    assert [each for each in SLOW_FOLDERS if not (ROOT / "tests" / each).is_dir()] == []
    assert set() == SLOW_FIXTURES - fixtures()
