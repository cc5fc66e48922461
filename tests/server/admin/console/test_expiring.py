"""Client secrets that end soon, over all organizations and of one."""

from datetime import timedelta

import pytest

from certificates import certificate
from gatepass.server.domain.applications import operations as applications
from gatepass.server.domain.applications.keys import operations as keys
from gatepass.server.domain.applications.keys.certificates import operations as certificates
from gatepass.server.domain.audit.model import OPERATOR
from server.portal.fixtures import PortalServer

PAGE = "/console/production/expiring-secrets/"
DAY = 24 * 3600 * 1000


@pytest.fixture
def expiring(operated: PortalServer) -> PortalServer:
    """A secret of Acme that ends in ten days, and one of Bolt that ends in sixty."""
    operated.as_("anna").register("Billing sync")
    operated.as_("bo").register("Meter import")
    now = operated.environment.now().timestamp() * 1000
    for name, days in (("Billing sync", 10), ("Meter import", 60)):
        operated.run(
            f"UPDATE application_secret SET expires_at = {int(now + days * DAY)} WHERE "
            f"application_id = (SELECT id FROM application WHERE name = '{name}')"
        )
    operated.run("UPDATE application SET contact = 'ops@acme.example' WHERE name = 'Billing sync'")
    return operated


def test_the_page_has_what_ends_within_the_chosen_days_and_whom_to_write_to(
    expiring: PortalServer,
) -> None:
    mara = expiring.as_("mara")

    month, quarter = mara.get(PAGE).text, mara.get(PAGE, {"days": "90"}).text
    week = mara.get(PAGE, {"days": "7"}).text

    assert "Billing sync" in month
    assert "ops@acme.example" in month
    assert "nora@acme.example" in month
    assert "Meter import" not in month
    assert quarter.index("Billing sync") < quarter.index("Meter import")
    assert "No secret, key or certificate ends soon" in week


def test_the_page_has_keys_beside_secrets(expiring: PortalServer) -> None:
    environment = expiring.environment
    [acme] = applications.of_organization(environment.context, expiring.person("anna").org_id)
    keys.generate(
        environment.context,
        OPERATOR,
        acme.id,
        None,
        name="Nightly import",
        alg="ES256",
        expires_at=environment.now() + timedelta(days=20),
    )
    mara = expiring.as_("mara")

    month, week = mara.get(PAGE).text, mara.get(PAGE, {"days": "7"}).text

    assert "Nightly import" in month
    assert "Nightly import" not in week
    assert "Nightly import" in mara.get(PAGE, {"after_key": ""}).text


def test_the_page_has_certificates_beside_them(expiring: PortalServer) -> None:
    environment = expiring.environment
    [acme] = applications.of_organization(environment.context, expiring.person("anna").org_id)
    shown = certificate(end=environment.now() + timedelta(days=20))
    text = shown.pem().encode()
    certificates.add(environment.context, OPERATOR, acme.id, None, name="Night run", text=text)
    mara = expiring.as_("mara")

    month, week = mara.get(PAGE).text, mara.get(PAGE, {"days": "7"}).text

    assert month.index("Billing sync") < month.index("Night run")
    assert "Night run" not in week
    own = f"/console/production/organizations/{acme.org_id}/applications/{acme.id}/authentication/"
    assert "It expires in 20 days" in mara.get(own).text
    only = mara.get(PAGE, {"after_certificate": ""}).text
    assert "Night run" in only
    assert "ops@acme.example" in only
    assert "…" not in only


def test_the_page_of_an_organization_leads_to_its_own(expiring: PortalServer) -> None:
    mara = expiring.as_("mara")
    bolt = str(expiring.person("bo").org_id)

    own = mara.get(PAGE, {"days": "90", "org": bolt}).text

    assert f"{PAGE}?org={bolt}" in mara.get(f"/console/production/organizations/{bolt}/").text
    assert "Meter import" in own
    assert "Billing sync" not in own


@pytest.mark.parametrize("org", ["acme", "00000000-0000-0000-0000-000000000000"])
def test_of_no_organization_there_is_no_page(expiring: PortalServer, org: str) -> None:
    assert expiring.as_("mara").get(PAGE, {"org": org}).status_code == 404


def test_the_operating_organization_has_none(expiring: PortalServer) -> None:
    own = str(expiring.person("olga").org_id)

    assert expiring.as_("olga").get(PAGE, {"org": own}).status_code == 404


@pytest.mark.parametrize("query", [{"days": "x"}, {"days": "9" * 400}, {"after": "invented"}])
def test_an_invented_query_is_no_fault(expiring: PortalServer, query: dict[str, str]) -> None:
    assert expiring.as_("mara").get(PAGE, query).status_code == 200


def test_an_organization_is_found_by_a_domain_that_it_has_proved(operated: PortalServer) -> None:
    acme = operated.person("anna").org_id
    operated.run(
        "INSERT INTO single_sign_on_domain (id, org_id, domain, token, created_at, proved_at, "
        f"proved_domain) VALUES ('{acme.hex}', '{acme.hex}', 'acme.example', 't', 0, 0, "
        "'acme.example')"
    )
    mara = operated.as_("mara")

    found = mara.get("/console/production/organizations/", {"q": "ACME.example"}).text
    other = mara.get("/console/production/organizations/", {"q": "bolt.example"}).text

    assert f"/organizations/{acme}/" in found
    assert "Nothing found" in other
