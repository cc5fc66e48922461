import json
from pathlib import Path
from typing import Any

import pytest

from server.cli.conftest import Command, made
from server.cli.inside import run


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return made(tmp_path / "data")


def _keys(data: Path) -> list[dict[str, Any]]:
    listed: list[dict[str, Any]] = json.loads(run("keys", "list", "--json", data=data).out)
    return listed


def test_a_new_environment_has_a_key_of_each_kind_in_use(data: Path) -> None:
    found = _keys(data)

    assert {(key["purpose"], key["state"]) for key in found} == {
        ("opaque", "in use"),
        ("ES256", "in use"),
    }
    kids = {key["purpose"]: key["kid"] for key in found}
    assert kids["opaque"] is None
    assert len(kids["ES256"]) == 43  # RFC 7638: a SHA-256 in base64url


def test_a_rotation_publishes_the_next_keys_ten_minutes_ahead(data: Path) -> None:
    rotated = run("keys", "rotate", data=data)

    assert (rotated.status, rotated.out.count("\n")) == (0, 1)
    assert "10 minutes" in rotated.out
    assert sorted(key["state"] for key in _keys(data)) == ["in use", "in use", "next", "next"]


def test_an_emergency_ends_every_key_at_once_and_says_what_that_means(data: Path) -> None:
    before = {key["id"] for key in _keys(data)}

    rotated = run("keys", "rotate", "--now", "--yes", data=data)

    assert (rotated.status, rotated.out.count("\n")) == (0, 1)
    assert "every token issued until now is invalid" in rotated.out
    states = {key["id"]: key["state"] for key in _keys(data)}
    assert {states.pop(key_id) for key_id in before} == {"ended"}
    assert sorted(states.values()) == ["in use", "in use"]


def test_no_key_is_ever_printed(data: Path) -> None:
    listed = run("keys", "list", "--json", data=data)

    assert set(json.loads(listed.out)[0]) == {
        "id",
        "purpose",
        "kid",
        "created_at",
        "active_from",
        "state",
    }


@pytest.mark.parametrize("environment", ["production", "sandbox"])
def test_each_environment_has_keys_of_its_own(gatepass: Command, environment: str) -> None:
    other = {"production": "sandbox", "sandbox": "production"}[environment]
    listed = gatepass("keys", "list", "--environment", other).out

    gatepass("keys", "rotate", "--environment", environment)

    assert gatepass("keys", "list", "--environment", other).out == listed
