from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from server.portal.fixtures import TLS, Clock, Rig, copied, prepare

MakeRig = Callable[..., Rig]


@pytest.fixture(scope="session")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    data = tmp_path_factory.mktemp("portal") / "data"
    prepare(data)
    return data


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def make_rig(prepared: Path, tmp_path: Path, clock: Clock) -> Iterator[MakeRig]:
    made: list[Rig] = []

    def make(**settings: object) -> Rig:
        data = tmp_path / "data"
        if not data.exists():
            copied(prepared, data)
        made.append(Rig(data, clock, **settings))
        return made[-1]

    yield make
    for rig in made:
        rig.close()


@pytest.fixture
def rig(make_rig: MakeRig) -> Rig:
    return make_rig()


@pytest.fixture
def tls_rig(make_rig: MakeRig) -> Rig:
    return make_rig(production=TLS)
