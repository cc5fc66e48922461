"""Single sign-on of production, for people of a sandbox that trusts production's accounts."""

import re
from collections.abc import Callable
from html import unescape
from pathlib import Path

import pytest

from gatepass.testing import Clock
from server.environment.openid_provider.fake_provider import FakeProvider
from server.portal.fixtures import PortalServer, copied
from server.portal.single_sign_on.company import Company
from server.portal.single_sign_on.conftest import SETTINGS

SANDBOX = "http://localhost:8001"
VERIFY = f"{SANDBOX}/accounts/verify/?next=/oauth2/applications/register/"
REGISTER = f"{SANDBOX}/oauth2/applications/register/"


@pytest.fixture
def company(
    make_portal: Callable[..., PortalServer],
    prepared_company: Path,
    provider: FakeProvider,
    tmp_path: Path,
) -> Company:
    copied(prepared_company, tmp_path / "data")
    portal = make_portal(single_sign_on=SETTINGS, sandbox_identity="production")
    return Company(portal, provider)


def test_somebody_who_comes_by_it_gets_into_the_sandbox_and_proves_there_by_it(
    company: Company, clock: Clock
) -> None:
    company.connect("nora")
    nora = company.portal.browser()
    company.log_in(nora)
    assert nora.client.get(REGISTER, follow_redirects=True).url == REGISTER
    clock.advance(1000)

    asked = nora.client.get(VERIFY, follow_redirects=True)
    assert "Confirm in production" in asked.text
    [link] = re.findall(r'class="button button-primary button-wide" href="([^"]*)"', asked.text)
    there = nora.client.get(unescape(link), follow_redirects=True)
    [provider_page] = re.findall(r'href="([^"]*/account/single-sign-on/proof/[^"]*)"', there.text)
    back = company.come_back(nora, company.go(nora, unescape(provider_page)))

    assert back.status_code == 303, back.text
    assert nora.client.get(VERIFY, follow_redirects=True).url == REGISTER
