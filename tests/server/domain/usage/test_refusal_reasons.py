"""Every refusal has a reason from the closed list, with words and what to do."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import gatepass.server
from gatepass.server.domain.usage import refusal_reasons
from gatepass.server.domain.usage.refusal_reasons import REASONS
from gatepass.wire.errors import STATUS, OAuthError

SOURCE = Path(gatepass.server.__file__).parent


def given() -> Iterator[str]:
    """Return every reason that the server's code names where it refuses."""
    for file in SOURCE.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "OAuthError":
                for keyword in node.keywords:
                    if keyword.arg == "reason" and isinstance(keyword.value, ast.Constant):
                        yield str(keyword.value.value)


def test_every_reason_that_the_code_names_is_known() -> None:
    assert set(given())
    assert set(given()) <= set(REASONS)


@pytest.mark.parametrize("code", STATUS)
def test_a_refusal_without_a_reason_has_that_of_its_code(code: str) -> None:
    assert refusal_reasons.of(OAuthError(code, "No.")) in REASONS


def test_a_reason_of_its_own_comes_first() -> None:
    refused = OAuthError("invalid_client", "No.", reason="expired_secret")

    assert refusal_reasons.of(refused) == "expired_secret"


def test_a_reason_that_nobody_knows_is_not_counted_as_such() -> None:
    assert refusal_reasons.of(OAuthError("server_error", "No.", reason="made up")) == "other"


def test_every_reason_says_what_to_do() -> None:
    assert [name for name, reason in REASONS.items() if not reason.todo.endswith(".")] == []
    assert [name for name, reason in REASONS.items() if not reason.words[:1].isupper()] == []
