"""Operators log in through the provider of the operating organization."""

from collections.abc import Callable

from server.environment.openid_provider.fake_provider import FakeProvider
from server.portal.fixtures import PortalServer
from server.portal.operators.people import add_operators
from server.portal.single_sign_on.company import Company
from server.portal.single_sign_on.conftest import SETTINGS

CONSOLE = "/console/"


def test_an_operator_logs_in_through_the_provider_of_their_own_organization(
    make_portal: Callable[..., PortalServer], provider: FakeProvider
) -> None:
    portal = make_portal(single_sign_on=SETTINGS)
    add_operators(portal)
    company = Company(portal, provider, "olga")
    company.set_up("operator.example")
    company.connect("mara")
    browser = portal.browser()

    back = company.log_in(browser)

    assert (back.status_code, back.headers["location"]) == (303, CONSOLE)
    assert browser.get(CONSOLE).status_code == 200
