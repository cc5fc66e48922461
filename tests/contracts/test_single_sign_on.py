"""Single sign-on from its setup to the login, with the server on PostgreSQL."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from gatepass.server.configuration.environment_settings import EnvironmentSettings
from gatepass.testing import Clock
from server.environment.openid_provider.fake_provider import FakeProvider
from server.portal.fixtures import PortalServer, prepare
from server.portal.single_sign_on.company import REFUSED, ZOE, Company, sent
from server.portal.single_sign_on.conftest import SETTINGS


@pytest.fixture
def company(postgresql_url: str, tmp_path: Path) -> Iterator[Company]:
    clock = Clock(time.time())  # the server goes by the clock of PostgreSQL
    production = EnvironmentSettings(database=postgresql_url)
    settings = {"production": production, "single_sign_on": SETTINGS}
    prepare(tmp_path / "data", clock, **settings)
    portal, provider = PortalServer(tmp_path / "data", clock, **settings), FakeProvider(clock)
    yield Company(portal, provider)
    portal.close()
    provider.close()


def test_people_are_connected_arrive_and_must_come_from_the_provider_on_postgresql(
    company: Company,
) -> None:
    company.set_up()
    company.save_people()
    company.connect("sven")
    again = company.log_in()
    company.provider.person = dict(ZOE)
    arrived = company.log_in()
    company.require()
    browser = company.portal.browser()
    back = company.come_back(browser, sent(browser.log_in("ulla")))

    assert (again.status_code, arrived.status_code) == (303, 303)
    assert company.identities() == [("a1b2c3", "sven"), ("n1", "zoe@acme.example")]
    assert company.portal.person("zoe@acme.example").role == "staff"
    assert REFUSED in back.text  # the subject is zoe's
    assert not browser.is_logged_in()


def test_first_logins_of_one_person_at_once_end_in_one_account(company: Company) -> None:
    company.set_up()
    company.save_people()
    company.provider.person = dict(ZOE)
    browsers = [company.portal.browser() for _ in range(4)]
    urls = [company.go(browser) for browser in browsers]

    with ThreadPoolExecutor(len(browsers)) as threads:
        back = list(threads.map(company.come_back, browsers, urls))

    assert [response.status_code for response in back] == [303] * 4
    assert all(browser.is_logged_in() for browser in browsers)
    assert company.identities() == [("n1", "zoe@acme.example")]
