"""Where the console is: from which networks, and on which port."""

import pytest

from gatepass.server.configuration.console_settings import ConsoleSettings
from gatepass.server.configuration.settings import Settings, SettingsError, load
from gatepass.wire.credential import Mode
from server.portal.conftest import MakePortal
from server.portal.operators.people import add_operators

HERE, ELSEWHERE = "10.1.2.3", "203.0.113.7"


def test_from_other_networks_the_console_is_not_there_even_with_a_login(
    make_portal: MakePortal,
) -> None:
    portal = make_portal(console={"networks": ("10.0.0.0/8",)})
    add_operators(portal)

    inside, outside = portal.as_("olga", HERE), portal.as_("olga", ELSEWHERE)

    assert inside.get("/console/production/").status_code == 200
    assert inside.get("/").headers["location"] == "/console/"
    for path in ("/console/", "/console", "/console/production/", "/console/nothing/"):
        assert outside.get(path).status_code == 404
    assert outside.post("/console/production/organizations/new/").status_code == 404
    assert outside.get("/").headers["location"] == "/oauth2/applications/"
    assert "/console/" not in outside.get("/account/").text


def test_nobody_learns_by_a_redirect_to_the_login_that_there_is_a_console(
    make_portal: MakePortal,
) -> None:
    portal = make_portal(console={"networks": ("10.0.0.0/8",)})

    assert portal.browser(ELSEWHERE).get("/console/production/").status_code == 404


def test_with_a_port_of_its_own_the_console_and_its_login_are_there_and_it_is_on_no_other(
    make_portal: MakePortal,
) -> None:
    portal = make_portal(console={"port": 9099})
    add_operators(portal)
    own, main = portal.browser(url="http://localhost:9099"), portal.browser()

    assert own.log_in("olga").headers["location"] == "/console/"
    assert own.get("/console/production/organizations/").status_code == 200
    main.log_in("olga")
    assert main.get("/console/production/").status_code == 404


def test_the_port_of_the_console_is_one_of_production_hosts_and_the_issuer_stays() -> None:
    settings = Settings(console=ConsoleSettings(port=9443), production={"hosts": ["a.example"]})

    assert settings.hosts(Mode.LIVE) == ("a.example", "a.example:9443")
    assert settings.issuer(Mode.LIVE) == "https://a.example"


@pytest.mark.parametrize(
    "console", [{"networks": ["10.0.0.1/8"]}, {"networks": ["home"]}, {"port": 8000}]
)
def test_a_network_or_a_port_that_cannot_be_is_refused(console: dict[str, object]) -> None:
    with pytest.raises(SettingsError):
        load(has_variables=False, console=console)


@pytest.mark.parametrize(
    ("source", "is_inside"),
    [
        ("10.255.0.1", True),
        ("::ffff:10.0.0.1", True),
        ("fd00::1", True),
        ("11.0.0.1", False),
        ("", False),
        ("testclient", False),
    ],
)
def test_an_address_is_in_a_network_as_it_is_written(source: str, *, is_inside: bool) -> None:
    console = ConsoleSettings(networks=("10.0.0.0/8", "fd00::/8"))

    assert console.is_reachable(source, None) is is_inside
