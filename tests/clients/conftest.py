from pathlib import Path

import pytest

from clients.partner import Partner
from node_packages import install
from server_process import Server

_LOCKED = Path(__file__).parent / "package-lock.json"


@pytest.fixture(scope="session")
def partner(server: Server) -> Partner:
    organization = server.create_organization("Third Party", "thea")
    credentials = server.create_application(organization.org_id)
    api_url = f"{server.url()}/api/partners/v2.0/org/{organization.org_id}"
    return Partner(credentials, server.url(), api_url, organization.org_id)


@pytest.fixture(scope="session")
def node() -> str:
    """Node.js, with the packages of the lock file; left out where it is not installed."""
    return install(_LOCKED, "openid-client")
