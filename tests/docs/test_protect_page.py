"""The page about protecting an API, played as a reader would, and its figures."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from docs.page import Reader, play
from gatepass.guard.testing import PretendIssuer
from harness import free_ports

PORTS = ("8001", "8002", "8003", "8004", "8005", "8006")


@pytest.fixture
def issuer() -> Iterator[PretendIssuer]:
    with PretendIssuer() as running:
        yield running


def test_every_example_protects_its_api(issuer: PretendIssuer, tmp_path: Path) -> None:
    ports = {port: str(free_ports()) for port in PORTS}
    environ = issuer.environ | {"TOKEN": issuer.mint("read")}
    with Reader(tmp_path, {"https://app.example.com": issuer.url} | ports, environ) as reader:
        played = list(play("protect-an-api.md", reader, {}))

    assert len([block for block in played if block.file]) == 10
