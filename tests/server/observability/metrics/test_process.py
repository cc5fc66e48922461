"""The metrics of a process: what Prometheus's client libraries tell, by the same names."""

import json
import os
import sys
from pathlib import Path

import pytest
from prometheus_client import ProcessCollector
from prometheus_client.registry import CollectorRegistry

from gatepass.server.observability.metrics import process

MINE = (str(os.getpid()),)
# Grow between two looks: by how much at most.
TOLERANCE = {"cpu_seconds": 5, "resident_memory_bytes": 2**26, "virtual_memory_bytes": 2**28}


@pytest.mark.skipif(sys.platform != "linux", reason="it has no /proc")
def test_they_are_those_of_the_client_library() -> None:
    registry = CollectorRegistry()
    ProcessCollector(registry=registry)
    known = {family.name: family.samples[0].value for family in registry.collect()}
    found = {name: value for (name, labels), value in process.values() if labels == MINE}

    assert set(known) <= set(found)
    for name, value in known.items():
        allowed = TOLERANCE.get(name.removeprefix("process_"), 3)
        assert found[name] == pytest.approx(value, abs=allowed), name
    assert found["process_threads"] >= 1


def test_what_the_platform_does_not_tell_is_left_out(tmp_path: Path) -> None:
    names = {name for (name, _), _ in process.values(tmp_path)}
    assert "process_cpu_seconds" in names
    assert "process_open_fds" not in names


@pytest.mark.parametrize(
    ("version", "direct_url", "commit"),
    [
        ("0.2.0", None, ""),
        ("0.2.0", "{", ""),
        ("0.2.0", "[]", ""),
        ("0.2.0", json.dumps({"url": "file:///x", "dir_info": {"editable": True}}), ""),
        ("0.2.0", json.dumps({"vcs_info": {"vcs": "git", "commit_id": "a2b670b"}}), "a2b670b"),
        ("0.2.1.dev4+ga2b670b", None, "a2b670b"),
        ("0.2.1.dev4+ga2b670b.d20261128", None, "a2b670b"),
        ("0.2.1+acme.7", None, ""),
    ],
)
def test_the_commit_comes_from_the_installation_or_the_version(
    version: str, direct_url: str | None, commit: str
) -> None:
    assert process.commit_of(version, direct_url) == commit
