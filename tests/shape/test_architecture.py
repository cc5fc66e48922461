"""The architecture as tests: who may import whom, who may speak SQL, how large things get."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src" / "gatepass"
FILES = sorted(SOURCE.rglob("*.py"))

LONGEST_FUNCTION = 50  # lines, docstring included
LONGEST_FILE = 400
MOST_ENTRIES = 15  # of a folder, besides `__init__.py`
LISTS = {"server/storage/migrations/versions"}  # one file for each step, in order: read as a list
DRAWERS = {"base", "common", "helpers", "manager", "misc", "utils"}


def names(files: list[Path]) -> list[str]:
    return [str(file.relative_to(SOURCE)) for file in files]


def imports(file: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module or ""


def test_imports_go_only_where_the_contracts_allow() -> None:
    linter = Path(sys.executable).parent / "lint-imports"

    ran = subprocess.run([linter], cwd=ROOT, capture_output=True, text=True, check=False)

    assert ran.returncode == 0, ran.stdout


def test_only_stores_migrations_and_the_database_modules_speak_sql() -> None:
    allowed = {
        "store.py",
        "lookup.py",
        "cache_lookup.py",
        "statements.py",
        "tombstones.py",
        "database.py",
        "sqlite.py",
        "sqlite_dialect.py",
    }
    speakers = [
        file
        for file in FILES
        if file.name not in allowed
        and not {"migrations", "postgresql", "transfer"} & set(file.parts)
        and any(name.split(".")[0] in {"sqlalchemy", "alembic"} for name in imports(file))
    ]

    assert names(speakers) == []


@pytest.mark.parametrize("file", FILES, ids=names(FILES))
def test_a_file_has_at_most_400_lines_and_a_function_at_most_50(file: Path) -> None:
    text = file.read_text()
    tall = [
        f"{node.name} {node.end_lineno - node.lineno + 1}"
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and node.end_lineno is not None
        and node.end_lineno - node.lineno >= LONGEST_FUNCTION
    ]

    assert tall == []
    assert text.count("\n") <= LONGEST_FILE


def test_a_folder_has_at_most_15_entries() -> None:
    folders: dict[Path, set[str]] = {}
    for file in FILES:
        for path in (file, *file.parents):
            if path.is_relative_to(SOURCE) and path != SOURCE and path.name != "__init__.py":
                folders.setdefault(path.parent, set()).add(path.name)

    numbers = {names([each])[0]: len(found) for each, found in folders.items()}
    assert {name: number for name, number in numbers.items() if number > MOST_ENTRIES}.keys() <= (
        LISTS
    )


def test_no_module_is_a_drawer_for_odds_and_ends() -> None:
    assert [name for name in names(FILES) if Path(name).stem in DRAWERS] == []
