"""The Python examples of the README run."""

from typing import Any

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from docs.examples import EXAMPLES
from gatepass.testing import FakeServer

CALL, PROTECT = (
    each.text for each in EXAMPLES if (each.page, each.language) == ("README.md", "python")
)


def test_the_example_calls_a_protected_api(monkeypatch: pytest.MonkeyPatch) -> None:
    with FakeServer() as server:
        for name, value in server.environ.items():
            monkeypatch.setenv(name, value)
        names: dict[str, Any] = {"org_id": "1"}
        exec(CALL.replace("https://app.example.com", server.api_url), names)
        names["api"].close()

    assert [each.accepted for each in server.api_requests] == [True]


def test_the_example_protects_an_api() -> None:
    app = FastAPI()
    exec(PROTECT, {"app": app})

    assert TestClient(app).get("/meters").status_code == 401
