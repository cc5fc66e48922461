"""Programs of the operator that call the Admin API, managed in the console by owners."""

import json
import re
from html import unescape

import pytest

from gatepass.jose.keys.private_key import PrivateKey
from gatepass.server.admin.operations.applications import administrative
from gatepass.server.domain.audit.model import OPERATOR
from gatepass.server.domain.users.operators import operations
from gatepass.server.domain.users.operators.model import Operator, Roles
from gatepass.server.domain.users.sessions import policies
from gatepass.server.domain.users.sessions.proofs.model import FRESH
from gatepass.testing import Clock
from gatepass.wire.credential import Mode
from gatepass.wire.errors import OAuthError
from gatepass.wire.metadata import ADMIN_API
from gatepass.wire.scope import Scope
from gatepass.wire.secret import Secret
from server.admin.console.confirming import confirm, is_asked
from server.assertions import KeyClient
from server.fixtures import Client
from server.portal.fixtures import Browser, PortalServer
from server.portal.pages.sessions.verifying import prove

LIST = "/console/production/api-applications/"
READ, WRITE = "production:organizations:read", "production:organizations:write"
SANDBOX = "sandbox:organizations:read"
_SECRET = re.compile(r'<code id="client-secret"[^>]*>([^<]+)<')


def ticked(*names: str) -> dict[str, str]:
    return {f"scope_{name}": "yes" for name in names}


def registered(browser: Browser, *names: str, name: str = "Back office") -> tuple[str, str]:
    """Register a program with scopes; return the path of its page, and its secret."""
    made = browser.post(f"{LIST}new/", name=name, secret_end="never", **ticked(*names))
    assert made.status_code == 303, made.text
    secret = _SECRET.search(browser.get(made.headers["location"]).text)
    assert secret
    return made.headers["location"].removesuffix("credentials/"), secret[1]


def client_id(operated: PortalServer) -> str:
    return str(operated.rows("SELECT client_id FROM application")[0][0])


def call(operated: PortalServer, secret: str, scope: str = READ) -> int:
    """Request a token and list organizations with it; return the status of that."""
    client = operated.browser().client
    form = {"grant_type": "client_credentials", "scope": scope}
    asked = client.post("/oauth2/token/", data=form, auth=(client_id(operated), secret))
    if asked.status_code != 200:
        return asked.status_code
    bearer = {"Authorization": f"Bearer {asked.json()['access_token']}"}
    return client.get(f"{ADMIN_API}/production/organizations", headers=bearer).status_code


def roles(operated: PortalServer, username: str, given: Roles) -> Operator:
    """Set somebody's roles, all of them; return who they are then."""
    every = {mode: given.get(mode, frozenset()) for mode in Mode}
    whose = operated.person(username).id
    return operations.set_roles(operated.environment.context, OPERATOR, None, whose, every)


OWNS_PRODUCTION: Roles = {Mode.LIVE: frozenset({"owner"})}
OWNS_SANDBOX: Roles = {Mode.TEST: frozenset({"owner"})}


def test_a_registered_program_calls_the_admin_api_with_the_secret_that_is_shown_once(
    operated: PortalServer,
) -> None:
    olga = operated.as_("olga")

    path, secret = registered(olga, READ)

    assert call(operated, secret) == 200
    assert olga.get(f"{path}credentials/").headers["location"] == path
    assert secret not in olga.get(path).text
    assert "Back office" in olga.get(LIST).text
    assert secret.encode() not in operated.dump()


def test_a_form_that_is_sent_twice_registers_one_program(operated: PortalServer) -> None:
    olga = operated.as_("olga")
    once = olga.form_id(f"{LIST}new/")
    form = {"name": "Back office", "secret_end": "never", "once": once, **ticked(READ)}

    first, second = (olga.post(f"{LIST}new/", **form) for _ in range(2))

    assert first.headers["location"] == second.headers["location"]
    assert operated.rows("SELECT count(*) FROM application") == [(1,)]


def test_registering_asks_for_a_fresh_proof(operated: PortalServer, clock: Clock) -> None:
    olga = operated.as_("olga")
    clock.advance(FRESH.total_seconds() + 1)

    asked = olga.post(f"{LIST}new/", name="Back office", secret_end="never", **ticked(READ))
    done = prove(olga, asked)

    assert asked.status_code == 403
    assert done.headers["location"].endswith("/credentials/")


@pytest.mark.parametrize("username", ["mara", "stan"])
def test_account_managers_and_security_reach_none_of_it(
    operated: PortalServer, username: str
) -> None:
    path, _ = registered(operated.as_("olga"), READ)
    browser = operated.as_(username)

    asked = [browser.get(each).status_code for each in (LIST, f"{LIST}new/", path)]
    sent = [
        browser.post(path + form, name="X", confirmed="yes", **ticked(WRITE)).status_code
        for form in ("scope/", "rotate/", "delete/", "void/", "disable/")
    ]

    assert {*asked, *sent} == {403}
    assert "API access" not in browser.get("/console/production/").text


def test_an_owner_of_production_alone_grants_no_scope_of_the_sandbox(
    operated: PortalServer,
) -> None:
    roles(operated, "olga", {mode: frozenset({"owner"}) for mode in Mode})
    roles(operated, "mara", OWNS_PRODUCTION)
    mara = operated.as_("mara")
    form = {"name": "Back office", "secret_end": "never"}

    page = mara.get(f"{LIST}new/").text
    refused = mara.post(f"{LIST}new/", **form, **ticked(READ, SANDBOX))

    assert f'id="scope_{SANDBOX}"' not in page
    assert refused.status_code == 400
    assert 'id="scope-error"' in refused.text
    assert operated.rows("SELECT count(*) FROM application") == [(0,)]


def test_what_reaches_an_environment_that_one_does_not_own_is_seen_and_not_changed(
    operated: PortalServer,
) -> None:
    path, secret = registered(operated.as_("olga"), READ, SANDBOX)
    roles(operated, "mara", OWNS_PRODUCTION)
    mara = operated.as_("mara")

    page = mara.get(path).text
    sent = [
        mara.post(path + form, overlap="0", confirm="Back office", confirmed="yes", **ticked(READ))
        for form in ("scope/", "rotate/", "delete/", "void/", "disable/", "networks/")
    ]

    assert "Rotate the secret" not in page
    assert {each.status_code for each in sent} == {403}
    assert call(operated, secret) == 200


def test_the_portal_gives_the_secret_of_such_a_program_to_nobody_who_lacks_an_environment(
    operated: PortalServer, clock: Clock
) -> None:
    olga = operated.as_("olga")
    path, secret = registered(olga, READ, SANDBOX)
    roles(operated, "mara", OWNS_PRODUCTION)
    mara, app_id = operated.as_("mara"), path.rstrip("/").rpartition("/")[2]
    form = f"/oauth2/applications/{app_id}/rotate/"
    sent = {"overlap": "0", "secret_end": "never"}

    at_once = mara.post(form, **sent)
    clock.advance(FRESH.total_seconds() + 1)
    after_a_proof = prove(mara, mara.post(form, **sent))
    working = call(operated, secret)
    by_owner = prove(olga, olga.post(form, **sent))

    assert (at_once.status_code, after_a_proof.status_code) == (403, 403)
    assert "you do not own" in after_a_proof.text
    assert (working, call(operated, secret)) == (200, 401)
    assert by_owner.headers["location"].endswith("/credentials/")


def test_the_settings_of_such_a_program_are_not_copied_over_by_who_lacks_an_environment(
    operated: PortalServer,
) -> None:
    olga = operated.as_("olga")
    registered(olga, READ, SANDBOX)
    target = client_id(operated)
    own, _ = registered(olga, READ, name="Reports")
    roles(operated, "mara", OWNS_PRODUCTION)
    path = f"/oauth2/applications/{own.rstrip('/').rpartition('/')[2]}/copy/to/"

    refused = operated.as_("mara").post(path, to=target)

    assert refused.status_code == 403
    assert "you do not own" in refused.text


def test_an_owner_of_the_sandbox_alone_cannot_grant_scopes_of_production(
    operated: PortalServer,
) -> None:
    mara = roles(operated, "mara", OWNS_SANDBOX)
    environment = operated.environment
    path, _ = registered(operated.as_("olga"), SANDBOX)
    app_id = administrative.list_all(environment.context)[0].id

    with pytest.raises(OAuthError, match="not an owner of production"):
        administrative.set_scope(
            environment.context,
            environment.catalogue,
            mara.actor(),
            mara,
            app_id,
            Scope((SANDBOX, READ)),
        )

    assert operated.as_("mara").get(path).status_code == 404
    assert operated.rows("SELECT scope FROM application") == [(SANDBOX,)]


def test_an_owner_whose_role_was_taken_away_meanwhile_grants_nothing(
    operated: PortalServer,
) -> None:
    mara = roles(operated, "mara", OWNS_PRODUCTION)
    registered(operated.as_("olga"), READ)
    roles(operated, "mara", {Mode.LIVE: frozenset({"security"})})
    environment = operated.environment
    app_id = administrative.list_all(environment.context)[0].id

    with pytest.raises(OAuthError, match="not an owner of production"):
        administrative.set_enabled(environment.context, mara.actor(), mara, app_id, enabled=False)


def test_scopes_change_after_a_page_that_says_from_what_to_what(operated: PortalServer) -> None:
    olga = operated.as_("olga")
    path, _ = registered(olga, READ)

    asked = olga.post(f"{path}scope/", seen_scope=READ, **ticked(READ, WRITE))
    before = operated.rows("SELECT scope FROM application")
    confirm(olga, asked, f"{path}scope/")

    assert is_asked(asked, f"{path}scope/")
    assert before == [(READ,)]
    assert operated.rows("SELECT scope FROM application") == [(f"{READ} {WRITE}",)]


def test_scopes_that_somebody_has_changed_meanwhile_are_not_overwritten(
    operated: PortalServer,
) -> None:
    olga = operated.as_("olga")
    path, _ = registered(olga, READ)

    late = olga.post(f"{path}scope/", seen_scope=WRITE, confirmed="yes", **ticked(WRITE))

    assert late.status_code == 409
    assert operated.rows("SELECT scope FROM application") == [(READ,)]


@pytest.mark.parametrize("scope", ["read", "introspection", "production:everything:write"])
def test_no_other_scope_than_those_of_the_admin_api_is_granted(
    operated: PortalServer, scope: str
) -> None:
    form = {"name": "Back office", "secret_end": "never"}

    refused = operated.as_("olga").post(f"{LIST}new/", **form, **ticked(scope))

    assert refused.status_code == 400
    assert "Choose at least one scope." in refused.text


def test_a_rotated_secret_is_shown_once_and_the_old_one_ends_as_chosen(
    operated: PortalServer,
) -> None:
    olga = operated.as_("olga")
    path, old = registered(olga, READ)

    made = olga.post(f"{path}rotate/", overlap="0")
    found = _SECRET.search(olga.get(made.headers["location"]).text)

    assert found
    assert call(operated, found[1]) == 200
    assert call(operated, old) == 401


def test_a_program_is_disabled_enabled_and_deleted_where_its_name_was_typed(
    operated: PortalServer,
) -> None:
    olga = operated.as_("olga")
    path, secret = registered(olga, READ)

    olga.post(f"{path}disable/")
    disabled = call(operated, secret)
    olga.post(f"{path}enable/")
    enabled = call(operated, secret)
    refused = olga.post(f"{path}delete/", confirm="office")
    deleted = olga.post(f"{path}delete/", confirm="Back office")

    assert (disabled, enabled) == (401, 200)
    assert "This is not the application&#39;s name." in refused.text
    assert deleted.headers["location"] == LIST
    assert operated.rows("SELECT count(*) FROM application") == [(0,)]


def test_what_partners_have_is_not_found_here(operated: PortalServer) -> None:
    app_id = operated.as_("anna").register().rstrip("/").rpartition("/")[2]
    olga = operated.as_("olga")

    assert olga.get(f"{LIST}{app_id}/").status_code == 404
    assert olga.post(f"{LIST}{app_id}/rotate/", overlap="0").status_code == 404


def test_each_change_names_the_owner_in_the_audit_trail(operated: PortalServer) -> None:
    olga = operated.as_("olga")
    path, _ = registered(olga, READ)
    olga.post(f"{path}void/")

    entries = operated.rows(
        "SELECT action, detail FROM audit WHERE action LIKE 'application.%' ORDER BY id"
    )

    assert [action for action, _ in entries] == [
        "application.registered",
        "application.tokens_voided",
    ]
    assert all('"operator": "olga"' in detail for _, detail in entries)


def demand_keys(operated: PortalServer) -> None:
    environment = operated.environment
    policies.change(
        environment.context,
        environment.session_settings,
        OPERATOR,
        None,
        {"new_applications": "keys"},
    )


def call_with_key(operated: PortalServer, key: PrivateKey) -> int:
    """Request a token with an assertion and list organizations with it; return the status."""
    client = operated.browser().client
    environment = operated.environment
    now = int(environment.now().timestamp())
    [application] = administrative.list_all(environment.context)
    program = KeyClient(Client(application, Secret("")), key, now)
    signed = program.assertion(aud=environment.issuer)
    form = program.form(signed, grant_type="client_credentials", scope=READ)
    asked = client.post("/oauth2/token/", data=form)
    if asked.status_code != 200:
        return asked.status_code
    bearer = {"Authorization": f"Bearer {asked.json()['access_token']}"}
    return client.get(f"{ADMIN_API}/production/organizations", headers=bearer).status_code


def test_by_the_policy_a_program_is_registered_with_a_key_that_is_made_and_shown_once(
    operated: PortalServer,
) -> None:
    demand_keys(operated)
    olga = operated.as_("olga")
    form = {"name": "Back office", **ticked(READ)}

    page = olga.get(f"{LIST}new/").text
    refused = olga.post(f"{LIST}new/", **form, method="secret", secret_end="never")
    made = olga.post(f"{LIST}new/", **form, method="pair")
    shown = unescape(olga.get(made.headers["location"]).text)
    again = olga.get(made.headers["location"])
    [pem] = re.findall(r"-----BEGIN PRIVATE KEY-----[^<]+-----END PRIVATE KEY-----", shown)
    [kid] = re.findall("GATEPASS_PRIVATE_KEY_ID=(.+)", shown)
    path = made.headers["location"].removesuffix("credentials/")

    assert 'id="method-secret"' not in page
    assert refused.status_code == 400
    assert 'id="method-error"' in refused.text
    assert call_with_key(operated, PrivateKey.from_pem(pem.encode(), "ES256", kid)) == 200
    assert again.headers["location"] == path
    assert "Rotate the secret" not in olga.get(path).text
    assert olga.post(f"{path}rotate/", overlap="0").status_code == 400
    assert operated.rows("SELECT count(*) FROM application_secret") == [(0,)]


def test_a_program_is_registered_with_its_own_key(operated: PortalServer) -> None:
    olga, key = operated.as_("olga"), PrivateKey.generate("ES256")
    form = {"name": "Back office", "method": "key", **ticked(READ)}

    private = olga.post(f"{LIST}new/", **form, key=key.pem())
    made = olga.post(f"{LIST}new/", **form, key=json.dumps(key.public_jwk()))

    assert private.status_code == 400
    assert key.pem().splitlines()[1] not in private.text
    assert "First key" in olga.get(made.headers["location"]).text
    assert call_with_key(operated, key) == 200
