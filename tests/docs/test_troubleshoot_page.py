"""The page of symptoms has every line with which a start fails, and only events that exist."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from commands import clean_variables
from docs.page import ROOT, Reader, blocks
from server_process import Server

_PAGE = (ROOT / "docs" / "operate" / "troubleshoot.md").read_text()
_SERVER = ROOT / "src" / "gatepass" / "server"
_AT_START = (
    "run.py",
    "configuration/settings.py",
    "environment/data_directory.py",
    "environment/databases.py",
    "serving/processes/sockets.py",
    "storage/database.py",
    "storage/master_key.py",
    "storage/migrations/runner.py",
    "storage/migrations/schema_table.py",
    "storage/migrations/state.py",
)
_ERRORS = {"DatabaseError", "MasterKeyError", "ServingError", "SettingsError"}
_SHORTEST = 12  # characters: less is punctuation around another message


def _pieces(node: ast.expr) -> Iterator[str]:
    """Give the fixed pieces of a message."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    elif isinstance(node, ast.JoinedStr):
        for value in node.values:
            if isinstance(value, ast.Constant):
                yield str(value.value)


def _messages() -> Iterator[str]:
    """Give the beginning of each fixed message, up to the first sentence's end."""
    for name in _AT_START:
        for node in ast.walk(ast.parse((_SERVER / name).read_text())):
            is_error = isinstance(node, ast.Call) and getattr(node.func, "id", "") in _ERRORS
            if isinstance(node, ast.Call) and is_error and node.args:
                pieces = [each.strip(" .:,({") for each in _pieces(node.args[0])]
                first = next((each for each in pieces if len(each) >= _SHORTEST), None)
                if first:
                    yield re.split(r"[.:(]", first)[0].strip()


@pytest.mark.parametrize("message", sorted(set(_messages())))
def test_a_line_of_a_failed_start_is_on_the_page(message: str) -> None:
    words = re.sub(r"\s+", " ", _PAGE)

    assert message in words


def test_the_three_commands_print_what_the_page_says(server: Server, tmp_path: Path) -> None:
    [block] = blocks("../operate/troubleshoot.md")
    variables = clean_variables({"GATEPASS_DATA": str(server.data)})

    with Reader(tmp_path, {"8000": str(server.port)}, variables) as reader:
        reader.play(block)


def test_there_are_such_messages() -> None:
    assert len(set(_messages())) >= 15


def test_every_log_event_of_the_page_exists() -> None:
    sources = "".join(each.read_text() for each in _SERVER.rglob("*.py"))
    named = set(re.findall(r"`([a-z_]+\.[a-z_]+)`", _PAGE)) - {"http.max_connections"}
    named -= {each for each in named if each.startswith(("http.", "master."))}

    assert len(named) > 15
    assert [each for each in sorted(named) if f'"{each}"' not in sources] == []


def test_every_problem_of_readyz_is_on_the_page() -> None:
    health = (_SERVER / "observability" / "health.py").read_text()
    names = re.findall(r'Problem\(\s*"(\w+)"', health)

    assert len(names) >= 4
    assert [each for each in names if f"`{each}`" not in _PAGE] == []
