"""Under the policy "new applications without secrets": each road to a secret, and the others."""

import re
from html import unescape
from uuid import UUID

import pytest

from certificates import certificate
from gatepass.server.domain.audit.model import OPERATOR
from gatepass.server.domain.users.sessions import policies
from gatepass.wire.errors import OAuthError
from server.mutual_tls import GIVEN
from server.portal.conftest import MakePortal
from server.portal.fixtures import Browser, PortalServer
from server.portal.pages.test_copying import COPY, administrator, copy_code, sent
from server.portal.pages.test_keys import KEY, PASTED
from server.portal.pages.test_methods import FORM, REGISTER

URI = "https://keys.example.com/jwks.json"
CERTIFICATE = certificate("CN=billing")
WITH: dict[str, dict[str, str]] = {
    "key": {"method": "key", "key": PASTED["key"]},
    "pair": {"method": "pair"},
    "published": {"method": "published", "jwks_uri": URI},
    "certificate": {"method": "certificate", "certificate": CERTIFICATE.pem()},
}
SHOWN = {"key": KEY.kid, "pair": "PRIVATE KEY-----", "published": URI}
SHOWN["certificate"] = CERTIFICATE.thumbprint


@pytest.fixture
def portal(make_portal: MakePortal) -> PortalServer:
    """A portal of which the operator has set up certificates of clients."""
    return make_portal(**GIVEN)


@pytest.fixture
def anna(portal: PortalServer) -> Browser:
    return portal.as_("anna")


def demand(portal: PortalServer, word: str, org_id: UUID | None = None) -> None:
    environment = portal.environment
    settings = environment.session_settings
    policies.change(environment.context, settings, OPERATOR, org_id, {"new_applications": word})


def secrets(portal: PortalServer) -> int:
    return int(portal.rows("SELECT count(*) FROM application_secret")[0][0])


@pytest.mark.parametrize("whose", ["the operator's", "the organization's"])
@pytest.mark.parametrize("method", WITH)
def test_an_application_is_registered_with_each_other_method_and_gets_no_secret(
    portal: PortalServer, anna: Browser, method: str, whose: str
) -> None:
    demand(portal, "keys", None if whose.startswith("the op") else portal.person("anna").org_id)

    made = anna.post(REGISTER, **FORM, **WITH[method])

    assert made.status_code == 303, made.text
    assert SHOWN[method] in unescape(anna.get(made.headers["location"]).text)
    assert secrets(portal) == 0


@pytest.mark.parametrize("method", WITH)
def test_a_copy_is_registered_with_each_other_method_and_has_the_settings_of_the_source(
    portal: PortalServer, anna: Browser, method: str
) -> None:
    app = anna.register("Old")
    anna.post(f"{app}bound-tokens/", dpop_bound_access_tokens="required")
    anna.post(f"{app}lifetime/", token_lifetime="600")
    demand(portal, "keys")
    form = anna.get(f"{app}copy/")

    made = sent(anna, form, f"{app}copy/", name="Copy", **WITH[method])

    assert made.status_code == 303, made.text
    assert SHOWN[method] in unescape(anna.get(made.headers["location"]).text)
    assert 'value="secret"' not in form.text
    assert secrets(portal) == 1
    copied = portal.rows("SELECT token_lifetime FROM application WHERE name = 'Copy'")
    assert copied == [(600,)]
    assert portal.rows("SELECT count(*) FROM application_setting") == [(2,)]
    assert portal.actions()[-1] == "application.copied"


def test_a_form_of_a_copy_that_is_sent_twice_makes_one(portal: PortalServer, anna: Browser) -> None:
    app = anna.register("Old")
    form = anna.get(f"{app}copy/")

    first, second = (sent(anna, form, f"{app}copy/", name="Copy", **WITH["pair"]) for _ in range(2))

    assert first.headers["location"] == second.headers["location"]
    assert portal.rows("SELECT count(*) FROM application_key") == [(1,)]


def test_the_policy_that_was_switched_on_while_a_form_was_open_refuses_and_offers_the_rest(
    portal: PortalServer, anna: Browser
) -> None:
    app = anna.register("Old")
    copy_form = anna.get(f"{app}copy/")
    demand(portal, "keys")

    refused = [
        anna.post(REGISTER, **FORM, method="secret", secret_end="never"),
        sent(anna, copy_form, f"{app}copy/", name="Copy", method="secret", secret_end="never"),
        sent(anna, copy_form, f"{app}copy/", name="Copy", secret_end="never"),
    ]

    assert [each.status_code for each in refused] == [400, 400, 400]
    assert all('id="method-error"' in each.text for each in refused)
    assert all('id="method-pair"' in each.text for each in refused)
    assert all('id="method-secret"' not in each.text for each in refused)
    assert secrets(portal) == 1


def test_a_secret_is_made_again_once_the_policy_was_switched_off_while_a_form_was_open(
    portal: PortalServer, anna: Browser
) -> None:
    demand(portal, "keys")
    page = anna.get(REGISTER).text
    demand(portal, "secrets")

    made = anna.post(REGISTER, **FORM, method="secret", secret_end="never")

    assert 'id="method-secret"' not in page
    assert made.status_code == 303
    assert secrets(portal) == 1


def test_an_organization_cannot_allow_what_the_operator_forbids(portal: PortalServer) -> None:
    demand(portal, "keys")

    with pytest.raises(OAuthError):
        demand(portal, "secrets", portal.person("anna").org_id)


def test_no_road_leads_an_application_with_a_key_to_a_secret(
    portal: PortalServer, anna: Browser
) -> None:
    demand(portal, "keys")
    made = anna.post(REGISTER, **FORM, **WITH["key"])
    app = made.headers["location"].removesuffix("keys/")
    rotate = {"overlap": "0", "secret_end": "never"}
    automatic = {
        "automatic_rotation": "on",
        "rotation_interval": "30",
        "rotation_overlap": "86400",
    }

    first = anna.post(f"{app}rotate/", **rotate)
    anna.post(f"{app}automatic-rotation/", **automatic)
    again = anna.post(f"{app}rotate/", **rotate)

    assert (first.status_code, again.status_code) == (400, 400)
    assert "Give it a public key instead" in first.text
    assert secrets(portal) == 0


@pytest.mark.parametrize(
    ("form", "field"),
    [
        ({"method": "published", "jwks_uri": ""}, "jwks_uri"),
        ({"method": "published", "jwks_uri": "http://keys.example.com/"}, "jwks_uri"),
        ({"method": "published"}, "jwks_uri"),
        ({"method": "certificate", "certificate": "none"}, "certificate"),
        ({"method": "certificate", "certificate": KEY.pem()}, "certificate"),
        ({"method": "key", "key": KEY.pem()}, "key"),
        ({"method": "both"}, "method"),
    ],
)
def test_what_is_wrong_is_said_beside_its_field_and_nothing_is_registered(
    portal: PortalServer, anna: Browser, form: dict[str, str], field: str
) -> None:
    app = anna.register("Old")
    copy_form = anna.get(f"{app}copy/")

    refused = [
        anna.post(REGISTER, **FORM, **form),
        sent(anna, copy_form, f"{app}copy/", name="Copy", **form),
    ]

    assert [each.status_code for each in refused] == [400, 400]
    assert all(f'id="{field}-error"' in each.text for each in refused)
    assert not any(KEY.pem().splitlines()[1] in each.text for each in refused)
    assert portal.rows("SELECT name FROM application") == [("Old",)]
    assert re.search("<h1>Copy Old</h1>", refused[1].text)


def test_a_certificate_is_not_offered_where_none_would_be_accepted(
    make_portal: MakePortal,
) -> None:
    portal = make_portal()
    anna = portal.as_("anna")

    page = anna.get(REGISTER).text
    refused = anna.post(REGISTER, **FORM, **WITH["certificate"])

    assert 'id="method-certificate"' not in page
    assert "The operator has not set up certificates of clients" in refused.text
    assert portal.rows("SELECT id FROM application") == []


def test_a_copy_to_the_other_environment_gets_a_key_and_no_secret(
    portal: PortalServer, anna: Browser
) -> None:
    sandbox = portal.app.environments[1]
    nina = administrator(portal, sandbox)
    code = copy_code(anna, anna.register("Old"))
    new = {"new_applications": "keys"}
    policies.change(sandbox.context, sandbox.session_settings, OPERATOR, None, new)
    form = nina.post(f"{COPY}look/", copy_code=code)

    refused = sent(nina, form, COPY, name="Copy", secret_end="never")
    made = sent(nina, form, COPY, name="Copy", **WITH["pair"])

    assert (form.status_code, refused.status_code, made.status_code) == (200, 400, 303)
    assert 'id="method-secret"' not in form.text
    assert "PRIVATE KEY-----" in nina.get(made.headers["location"]).text
    with sandbox.database.read() as connection:
        found = connection.exec_driver_sql("SELECT count(*) FROM application_secret").scalar_one()
    assert found == 0
