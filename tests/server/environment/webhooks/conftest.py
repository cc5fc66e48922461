from collections.abc import Iterator
from pathlib import Path

import pytest

from server.environment.webhooks.receiver import Hooks, Receiver, hooked, receiving


@pytest.fixture
def hooks(tmp_path: Path) -> Iterator[Hooks]:
    with hooked(tmp_path) as opened:
        yield opened


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as opened:
        yield opened
