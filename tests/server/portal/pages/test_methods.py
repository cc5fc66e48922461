"""An application on its way from secrets to keys, in the portal."""

import re
import shutil
import subprocess
from html import unescape
from pathlib import Path
from urllib.parse import parse_qs

import pytest

from gatepass.jose import compact
from gatepass.jose.keys.private_key import PrivateKey
from gatepass.jose.keys.public_key import ClientKey
from gatepass.server.domain.applications import operations as applications
from gatepass.server.domain.audit.model import OPERATOR
from gatepass.server.domain.users.sessions import policies
from gatepass.server.portal.presentation.key_snippets import key_snippets
from gatepass.testing import Clock
from gatepass.wire.metadata import TOKEN
from server.portal.fixtures import Browser, PortalServer
from server.portal.pages.test_keys import KEY, PASTED, words

DAY = 24 * 3600
REGISTER = "/oauth2/applications/register/"
FORM = {
    "name": "Billing",
    "client_type": "confidential",
    "authorization_grant_type": "client-credentials",
    "scope_read": "yes",
}


@pytest.fixture
def anna(portal: PortalServer) -> Browser:
    return portal.as_("anna")


def demand_keys(portal: PortalServer) -> None:
    policies.change(
        portal.environment.context,
        portal.environment.session_settings,
        OPERATOR,
        None,
        {"new_applications": "keys"},
    )


def use_key(portal: PortalServer) -> None:
    portal.run("UPDATE application_key SET last_used_at = (SELECT max(at) FROM audit)")


def state(browser: Browser, app: str) -> int:
    """Return which step the page says is next; 5 where all are done."""
    page = browser.get(f"{app}methods/").text
    steps = re.findall(r'<li class="card step( step-now)?"', page)
    return steps.index(" step-now") + 1 if " step-now" in steps else 5


def test_the_page_leads_from_a_secret_to_a_key_and_back_by_what_is_stored(
    portal: PortalServer, anna: Browser, clock: Clock
) -> None:
    app = anna.register()
    anna.get(f"{app}credentials/")
    seen = [state(anna, app)]
    anna.post(f"{app}keys/add/", **PASTED)
    seen.append(state(anna, app))
    use_key(portal)
    seen.append(state(anna, app))
    early = anna.post(f"{app}methods/revoke-secrets/")
    clock.advance(14 * DAY + 1)
    anna = portal.as_("anna")
    seen.append(state(anna, app))
    assert "1 secret stops working. It was not used for 14 days." in words(anna, f"{app}methods/")
    assert "no secret was used for 14 days" in words(anna, app)

    done = anna.post(f"{app}methods/revoke-secrets/")
    seen.append(state(anna, app))
    again = anna.post(f"{app}methods/revoke-secrets/")

    assert seen == [1, 2, 3, 4, 5]
    assert [each.status_code for each in (early, done, again)] == [409, 303, 409]
    assert "less than 14 days ago" in early.text
    assert portal.actions().count("secret.all_ended") == 1
    assert "Revoked all secrets" in anna.get("/activity/").text
    assert "authenticate with keys" in words(anna, f"{app}credentials/")
    assert "no live secret" not in words(anna, app)
    assert anna.post(f"{app}rotate/", overlap="86400", secret_end="never").status_code == 303
    anna.get(f"{app}credentials/")
    assert state(anna, app) == 3


def test_a_secret_that_was_used_lately_stays_and_so_do_those_without_a_key(
    portal: PortalServer, anna: Browser, clock: Clock
) -> None:
    app = anna.register()
    anna.get(f"{app}credentials/")
    clock.advance(15 * DAY)
    anna = portal.as_("anna")
    without = anna.post(f"{app}methods/revoke-secrets/")
    anna.post(f"{app}keys/add/", **PASTED)
    unused = anna.post(f"{app}methods/revoke-secrets/")
    use_key(portal)
    portal.run("UPDATE application_secret SET last_used_at = (SELECT max(at) FROM audit)")
    used = anna.post(f"{app}methods/revoke-secrets/")

    assert [each.status_code for each in (without, unused, used)] == [409, 409, 409]
    assert "No key of the application was used yet" in unescape(without.text)
    assert "less than 14 days ago" in used.text
    assert portal.rows("SELECT 1 FROM application_secret WHERE expires_at IS NOT NULL") == []


def test_the_last_secret_is_revoked_alone_once_a_key_is_in_use(
    portal: PortalServer, anna: Browser
) -> None:
    app = anna.register()
    anna.get(f"{app}credentials/")
    anna.post(f"{app}keys/add/", **PASTED)
    use_key(portal)
    [end] = re.findall(r'action="([^"]*/end/)"', anna.get(f"{app}credentials/").text)

    assert anna.post(end).status_code == 303
    assert state(anna, app) == 5


@pytest.mark.parametrize("method", ["key", "pair"])
def test_an_application_is_registered_with_a_key_and_no_secret(
    portal: PortalServer, anna: Browser, method: str
) -> None:
    demand_keys(portal)
    page = anna.get(REGISTER).text
    pasted = {"key": PASTED["key"]} if method == "key" else {}
    made = anna.post(REGISTER, **FORM, method=method, **pasted)
    keys = str(made.headers["location"])
    shown = unescape(anna.get(keys).text)

    assert 'value="secret"' not in page
    assert made.status_code == 303
    assert keys.endswith("/keys/")
    assert ("BEGIN PRIVATE KEY" in shown) == (method == "pair")
    assert (KEY.kid in shown) == (method == "key")
    assert portal.rows("SELECT id FROM application_secret") == []
    assert len(portal.rows("SELECT id FROM application_key")) == 1
    assert "PRIVATE KEY-----" not in anna.get(keys).text


def test_the_policy_refuses_a_first_secret_and_leaves_those_that_there_are(
    portal: PortalServer, anna: Browser
) -> None:
    old = anna.register("Old")
    anna.get(f"{old}credentials/")
    demand_keys(portal)

    refused = anna.post(REGISTER, **FORM, method="secret", secret_end="never")
    as_before = anna.post(REGISTER, **FORM)
    anna.post(REGISTER, **FORM, method="pair")
    [(new,)] = portal.rows("SELECT id FROM application WHERE name = 'Billing'")
    rotated = anna.post(f"{old}rotate/", overlap="86400", secret_end="never")
    found = next(
        each
        for each in applications.of_organization(
            portal.environment.context, portal.person("anna").org_id
        )
        if each.name == "Billing"
    )
    first = anna.post(
        f"/oauth2/applications/{found.id}/rotate/", overlap="86400", secret_end="never"
    )

    assert new
    assert [refused.status_code, as_before.status_code, first.status_code] == [400, 400, 400]
    assert 'id="method-error"' in refused.text
    assert "applications that have no secret get none" in first.text
    assert rotated.status_code == 303


def test_what_is_wrong_with_a_key_is_said_beside_it_and_a_private_one_is_not_shown(
    portal: PortalServer, anna: Browser
) -> None:
    private = anna.post(REGISTER, **FORM, method="key", key=KEY.pem())
    nonsense = anna.post(REGISTER, **FORM, method="key", key="nonsense")
    unknown = anna.post(REGISTER, **FORM, method="magic")

    assert [each.status_code for each in (private, nonsense, unknown)] == [400, 400, 400]
    assert all('id="key-error"' in each.text for each in (private, nonsense))
    assert KEY.pem().splitlines()[1] not in private.text
    assert ">nonsense</textarea>" in nonsense.text
    assert 'id="method-error"' in unknown.text
    assert portal.rows("SELECT id FROM application") == []


def test_secrets_that_live_longer_than_the_policy_are_said_to(
    portal: PortalServer, anna: Browser
) -> None:
    app = anna.register(secret_end="never")
    anna.get(f"{app}credentials/")
    before = words(anna, f"{app}credentials/")
    policies.change(
        portal.environment.context,
        portal.environment.session_settings,
        OPERATOR,
        None,
        {"secret_lifetime": 90 * DAY},
    )

    assert "older than the policy" not in before
    assert "a secret lives 90 days at most" in words(anna, f"{app}credentials/")


@pytest.mark.parametrize("alg", ["ES256", "ES384", "ES512", "Ed25519", "PS256", "PS384", "RS256"])
def test_what_the_curl_block_sends_is_signed_right(
    portal: PortalServer, anna: Browser, tmp_path: Path, alg: str
) -> None:
    if not shutil.which("xxd"):
        pytest.skip("xxd is not installed")
    anna.register()
    [found] = applications.of_organization(portal.environment.context, portal.person("anna").org_id)
    private = PrivateKey.generate(alg)
    (tmp_path / "private.pem").write_text(private.pem())
    stub = tmp_path / "curl"
    stub.write_text("#!/bin/sh\ncat\n")
    stub.chmod(0o700)
    text = key_snippets(portal.environment, found, private.kid, private.alg)["curl"]

    sent = subprocess.run(
        ["/bin/sh", "-c", text],
        cwd=tmp_path,
        env={"PATH": f"{tmp_path}:/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=True,
    )

    options = dict(re.findall(r'^(url|data) = "(.*)"$', sent.stdout, re.MULTILINE))
    jws = compact.parse(parse_qs(options["data"])["client_assertion"][0])
    assert options["url"] == portal.environment.issuer + TOKEN
    assert (jws.alg, jws.kid) == (private.alg, private.kid)
    assert jws.claims["iss"] == jws.claims["sub"] == found.client_id
    assert jws.claims["aud"] == portal.environment.issuer
    assert ClientKey.from_jwk(private.public_jwk()).verify(jws.alg, jws.message, jws.signature)
