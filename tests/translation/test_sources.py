"""What the portal says is written as a `Message`, so that it can be translated."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import gatepass.server

SERVER = Path(gatepass.server.__file__).parent
FOLDERS = ("portal", "environment/mail", "domain/users", "domain/organizations")
FILES = sorted(path for folder in FOLDERS for path in (SERVER / folder).rglob("*.py"))
# Words that begin with a capital letter, or with a value, and end as a sentence does.
SENTENCE = re.compile(r"[A-Z{\u201c].* .*[.?!:]", re.DOTALL)
# Calls whose texts no page shows: of a message itself, of the log, and of faults of the program.
NOT_SHOWN = re.compile(r"Message|plural|log\.\w+|\w*Error|re\.compile|sub|fullmatch")
SHOWN_ERRORS = {"OAuthError"}
FOR_PROGRAMS = {"log_detail", "reason", "_DETAILS"}  # arguments, and a table


def sentences(path: Path) -> Iterator[tuple[int, str]]:
    """Return the lines and texts of sentences in a module that no catalogue knows."""
    tree = ast.parse(path.read_text())
    inside: dict[ast.AST, ast.AST] = {
        child: parent for parent in ast.walk(tree) for child in ast.iter_child_nodes(parent)
    }
    for node in ast.walk(tree):
        text = _text(node)
        if text is None or not SENTENCE.fullmatch(text):
            continue
        if isinstance(inside[node], ast.Expr | ast.JoinedStr) or _is_known(node, inside):
            continue
        yield node.lineno, text  # type: ignore[attr-defined]


def _text(node: ast.AST) -> str | None:
    """Return the text of a literal; each value of an f-string as braces."""
    if isinstance(node, ast.JoinedStr):
        return "".join(
            str(each.value) if isinstance(each, ast.Constant) else "{}" for each in node.values
        )
    is_text = isinstance(node, ast.Constant) and isinstance(node.value, str)
    return str(node.value) if is_text and isinstance(node, ast.Constant) else None


def _is_known(node: ast.AST, inside: dict[ast.AST, ast.AST]) -> bool:
    """Return whether a literal is an argument of something that translates or does not show it."""
    parent = inside.get(node)
    if isinstance(parent, ast.keyword) and parent.arg in FOR_PROGRAMS:
        return True
    if isinstance(parent, ast.Dict) and isinstance(inside[parent], ast.Assign):
        return ast.unparse(inside[parent]).partition(" ")[0] in FOR_PROGRAMS
    if isinstance(parent, ast.Call):
        name = ast.unparse(parent.func)
        last = name.rpartition(".")[2]
        return last not in SHOWN_ERRORS and bool(
            NOT_SHOWN.fullmatch(name) or NOT_SHOWN.fullmatch(last)
        )
    return isinstance(parent, ast.keyword | ast.BinOp | ast.IfExp) and _is_known(parent, inside)


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(SERVER)))
def test_what_a_module_says_can_be_translated(path: Path) -> None:
    assert list(sentences(path)) == []
