from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from gatepass.server.domain.users.sessions.model import SessionSettings
from gatepass.testing import Clock
from server.portal.fixtures import START, TLS, Browser, PortalServer, copied, prepare
from server.portal.mailbox import MailingPortal, mailing_portal

MakePortal = Callable[..., PortalServer]


@pytest.fixture(scope="session")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    data = tmp_path_factory.mktemp("portal") / "data"
    prepare(data)
    return data


@pytest.fixture
def clock() -> Clock:
    return Clock(START)


@pytest.fixture
def make_portal(prepared: Path, tmp_path: Path, clock: Clock) -> Iterator[MakePortal]:
    made: list[PortalServer] = []

    def make(**settings: object) -> PortalServer:
        data = tmp_path / "data"
        if not data.exists():
            copied(prepared, data)
        made.append(PortalServer(data, clock, **settings))
        return made[-1]

    yield make
    for portal in made:
        portal.close()


@pytest.fixture
def portal(make_portal: MakePortal) -> PortalServer:
    return make_portal()


@pytest.fixture(scope="module")
def shared_portal(
    prepared: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[PortalServer]:
    """A portal for all tests of a file that only ask for pages, or are refused."""
    data = tmp_path_factory.mktemp("shared") / "data"
    for_long = SessionSettings(idle=10**8, absolute=10**8)  # seconds
    portal = PortalServer(copied(prepared, data), Clock(START), session=for_long)
    yield portal
    portal.close()


@pytest.fixture(scope="module")
def shared_browsers(shared_portal: PortalServer) -> dict[str, Browser]:
    """Browsers in which an administrator, staff and a user have logged in to the shared portal."""
    return {username: shared_portal.as_(username) for username in ("anna", "sven", "ulla")}


@pytest.fixture
def mailing(prepared: Path, tmp_path: Path, clock: Clock) -> Iterator[MailingPortal]:
    """A portal that sends mail."""
    with mailing_portal(tmp_path, copied(prepared, tmp_path / "data"), clock) as portal:
        yield portal


@pytest.fixture
def tls_rig(make_portal: MakePortal) -> PortalServer:
    return make_portal(production=TLS)
