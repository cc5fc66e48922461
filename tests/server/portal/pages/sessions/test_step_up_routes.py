"""Which forms ask for a fresh proof: every form of the portal is in this table."""

import json
import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple
from uuid import UUID

import pytest
from httpx2 import Response

from certificates import certificate
from gatepass.jose.keys.private_key import PrivateKey
from gatepass.server.domain.applications.keys import operations as keys
from gatepass.server.domain.applications.keys.certificates import operations as certificates
from gatepass.server.domain.audit.model import OPERATOR
from gatepass.server.domain.organizations.webhooks import operations as webhooks
from gatepass.server.domain.users.factors import totp
from gatepass.server.domain.users.sessions.proofs.model import FRESH
from gatepass.server.portal.routes import ROUTES
from gatepass.testing import Clock
from server.portal.factors.people import setup_of
from server.portal.fixtures import Browser, PortalServer
from server.portal.mailbox import MailingPortal
from server.portal.pages.test_copying import COPY, administrator, copy_code, hidden
from server.portal.pages.test_pending_email import ask_for
from server.portal.pages.test_registration import GOOD

APP = "/oauth2/applications/{app_id:uuid}/"
USER = "/team/{user_id:uuid}/"
FACTORS, FACTOR = "/account/factors/", "/account/factors/{factor_id:uuid}/"
WEBHOOKS, WEBHOOK = "/team/webhooks/", "/team/webhooks/{endpoint_id:uuid}/"
HOOK = "https://hooks.example.com/gatepass/"
SESSION = "sessions/{session_id:uuid}/end/"
INVITATION = "/team/invitations/{invitation_id:uuid}/"
NEW = "nora@new.example"
READ = {"scope_read": "yes"}
CERTIFICATE = certificate().pem()
KEY = json.dumps(PrivateKey.generate("ES256").public_jwk())


class Asks(NamedTuple):
    """A form that asks, the audit entry of what it does, what is typed into it, and the answer."""

    action: str
    form: Mapping[str, str] = MappingProxyType({})
    status: int = 303


ASKING = {  # in an order in which each of them finds what it needs
    "/oauth2/applications/register/": Asks("application.registered", {**GOOD, "name": "Other"}),
    APP + "secrets/{secret_id:uuid}/expiry/": Asks("secret.end_changed", {"secret_end": "30"}),
    APP + "secrets/{secret_id:uuid}/end/": Asks("secret.ended"),
    APP + "secrets/{secret_id:uuid}/leaked/": Asks(
        "application.tokens_voided", {"secret_end": "never"}
    ),
    f"{APP}rotate/": Asks("application.rotated", {"overlap": "0"}),
    f"{APP}automatic-rotation/": Asks(
        "application.automatic_rotation",
        {
            "automatic_rotation": "on",
            "rotation_interval": "30",
            "rotation_overlap": "86400",
        },
    ),
    f"{APP}automatic-rotation/undo/": Asks("", status=409),  # there is nothing to undo
    f"{APP}keys/add/": Asks("client_key.added", {"key_name": "Import", "key": KEY}),
    f"{APP}keys/generate/": Asks("client_key.added", {"new_key_name": "Made", "alg": "ES256"}),
    f"{APP}keys/setting/": Asks("client_key.setting_changed"),
    APP + "keys/{key_id:uuid}/change/": Asks("", status=400),  # a key has a name
    APP + "keys/{key_id:uuid}/revoke/": Asks("client_key.revoked"),
    f"{APP}certificates/add/": Asks(
        "client_certificate.added", {"certificate_name": "Import", "certificate": CERTIFICATE}
    ),
    f"{APP}certificates/subject/": Asks(
        "client_certificate.added",
        {
            "subject_name": "Import",
            "member": "tls_client_auth_san_dns",
            "value": "billing.acme.example",
        },
    ),
    APP + "certificates/{certificate_id:uuid}/remove/": Asks("client_certificate.removed"),
    f"{APP}methods/revoke-secrets/": Asks("", status=409),  # no key was used
    f"{APP}scope/": Asks("application.scope", READ),
    f"{APP}copy/": Asks("application.copied", {"name": "Copy", "secret_end": "never"}),
    COPY: Asks("application.copied", {"name": "From the sandbox", "secret_end": "never"}),
    f"{APP}networks/": Asks("application.networks", {"networks": "203.0.113.0/24"}),
    f"{APP}copy/to/": Asks("application.copied"),
    f"{APP}lifetime/": Asks("application.lifetime", {"token_lifetime": "3600"}),
    f"{APP}minting/": Asks("application.minting", {"rate_limit_mode": "warn", "rate_limit": "9"}),
    f"{APP}certificate-bound-tokens/": Asks(
        "application.certificate_bound_tokens",
        {"tls_client_certificate_bound_access_tokens": "required"},
    ),
    f"{APP}bound-tokens/": Asks(
        "application.bound_tokens", {"dpop_bound_access_tokens": "required"}
    ),
    f"{APP}profile/": Asks("application.profile", {"profile": "fapi2"}),
    f"{APP}enable/": Asks("application.enabled"),
    f"{APP}delete/": Asks("application.deleted", {"confirm": "Billing sync"}),
    f"{WEBHOOKS}add/": Asks("webhook.added", {"url": HOOK, "events": "all"}),
    f"{WEBHOOK}change/": Asks("webhook.changed", {"url": f"{HOOK}new/", "events": "all"}),
    f"{WEBHOOK}rotate/": Asks("webhook.secret_rotated", {"overlap": "24"}),
    "/team/policies/": Asks("policy.changed", {"registration": "staff"}),
    f"{USER}{SESSION}": Asks("person.session_ended"),
    f"{USER}sessions/end/": Asks("person.sessions_ended"),
    f"/account/{SESSION}": Asks("person.session_ended"),
    "/team/add/": Asks("person.added", {"username": "zoe", "role": "staff"}),
    "/team/invite/": Asks("invitation.created", {"email": "zoe@acme.example", "role": "staff"}),
    f"{INVITATION}resend/": Asks("invitation.resent"),
    f"{INVITATION}revoke/": Asks("invitation.revoked"),
    f"{USER}role/": Asks("person.role_changed", {"role": "user"}),
    f"{USER}password/": Asks("person.password_reset"),
    f"{USER}disable/": Asks("person.disabled"),
    f"{USER}enable/": Asks("person.enabled"),
    # Where the server sends mail, the link alone confirms an address: the pages say so.
    f"{USER}email/confirm/": Asks("", {"email": NEW}, 409),
    "/account/email/confirm/": Asks("", {"email": "anna@new.example"}, 409),
    "/accounts/email/{token}/": Asks("person.email_confirmed"),
    "/accounts/sessions/end/": Asks("sessions.others_ended"),
    f"{USER}factors/reset/": Asks("person.factors_reset"),
    f"{FACTORS}passkeys/add/": Asks("", {"name": "Key", "credential": "{}"}, 400),
    f"{FACTORS}apps/add/": Asks("factor.added"),
    f"{FACTORS}recovery-codes/": Asks("factor.recovery_codes_made"),
    f"{FACTOR}remove/": Asks("factor.removed"),
    "/account/sessions/end/": Asks("person.sessions_ended"),  # the last one, as it logs out
}
SSO = "/team/single-sign-on/"
# What each does is tested in tests/server/portal/single_sign_on, with a provider.
ASKING_OF_PROVIDER = {
    *(f"{SSO}{form}/" for form in ("provider", "test", "domains", "people", "on", "off")),
    f"{SSO}domains/{{domain_id:uuid}}/check/",
    f"{SSO}domains/{{domain_id:uuid}}/remove/",
    "/account/single-sign-on/connect/",
    "/account/single-sign-on/disconnect/",
}
# A form with a field for the current password, which is a proof of its own.
OWN_PROOF = {"/accounts/password/"}
NOT_ASKING = {  # in an order in which each of them finds what it needs
    # Of nobody who is logged in, or the login and the proof themselves.
    "/accounts/login/",
    "/accounts/login/passkey/",
    "/accounts/login/second-step/",
    "/accounts/logout/",
    "/accounts/single-sign-on/",
    "/accounts/recover/",
    "/accounts/recover/{token}/",
    "/accounts/invitation/{token}/",
    "/accounts/verify/",
    # What only takes access away from programs must be quick when a secret has leaked.
    f"{APP}void/",
    f"{APP}disable/",
    # What gives nobody access to anything.
    f"{APP}rename/",
    f"{APP}contact/",
    f"{APP}introspection-responses/",
    f"{APP}stored/",
    f"{FACTOR}rename/",
    f"{APP}test-token/",
    f"{COPY}look/",
    "/account/language/",
    "/account/email/link/",
    "/account/email/reject/",
    f"{USER}email/reject/",
    "/account/notices/{notice_id:uuid}/",
    # What is sent goes to an address for which a proof was asked.
    *(f"{WEBHOOK}{form}/" for form in ("test", "send-again", "enable", "disable", "remove")),
}
POSTS = {route.path: route for route in ROUTES if route.method == "POST"}


def test_every_form_has_decided_whether_it_asks() -> None:
    assert {path for path, route in POSTS.items() if route.step_up} == {
        *ASKING,
        *ASKING_OF_PROVIDER,
        *OWN_PROOF,
    }
    assert {path for path, route in POSTS.items() if not route.step_up} == NOT_ASKING
    assert {path for path, route in POSTS.items() if route.own_proof} == OWN_PROOF


class Rig(NamedTuple):
    """A portal where each of the forms has something to do."""

    portal: MailingPortal
    browser: Browser
    ids: dict[str, str]

    def send(self, path: str, **more: str) -> Response:
        form = ASKING[path].form if path in ASKING else {}
        return self.browser.post(_filled(self, path), **form, **more)


@pytest.fixture
def rig(mailing: MailingPortal) -> Rig:
    browser = mailing.as_("anna")
    app = browser.register()
    assert browser.post(f"{app}rotate/", overlap="86400").status_code == 303
    invited = {"email": "carl@acme.example", "role": "staff"}
    assert browser.post("/team/invite/", **invited).status_code == 303
    [(secret_id,), _] = mailing.rows("SELECT id FROM application_secret ORDER BY created_at")
    [(invitation_id,)] = mailing.rows("SELECT id FROM invitation")
    endpoint, _ = webhooks.add(
        mailing.environment.context, OPERATOR, mailing.person("anna").org_id, HOOK
    )
    app_id, key_id = UUID(app.rstrip("/").rpartition("/")[2]), UUID(int=1)
    keys.generate(
        mailing.environment.context,
        OPERATOR,
        app_id,
        None,
        name="Key",
        alg="ES256",
        key_id=key_id,
    )
    named = certificates.add_subject(
        mailing.environment.context,
        OPERATOR,
        app_id,
        None,
        name="Subject",
        member="tls_client_auth_san_dns",
        value="acme.example",
    )
    ids = {
        "certificate_id": str(named.id),
        "endpoint_id": str(endpoint.id),
        "app_id": str(app_id),
        "user_id": str(mailing.person("nora").id),
        "secret_id": str(UUID(str(secret_id))),
        "invitation_id": str(UUID(str(invitation_id))),
        "token": "some-token",
        "factor_id": str(UUID(int=0)),
        "session_id": str(UUID(int=0)),
        "key_id": str(key_id),
        "domain_id": str(UUID(int=0)),
    }
    return Rig(mailing, browser, ids)


def prepare(rig: Rig, path: str) -> dict[str, str]:
    """Bring about the state in which the form at `path` does something; return what it needs."""
    portal = rig.portal
    if path == f"{FACTORS}apps/add/":
        setup, secret = setup_of(rig.browser.get(path))
        code = totp.code(secret, totp.step_of(portal.environment.now()))
        return {"setup": setup, "name": "My phone", "code": code}
    if path == f"{FACTOR}remove/":
        [(factor_id,)] = portal.rows("SELECT id FROM authenticator_app")
        rig.ids["factor_id"] = str(UUID(str(factor_id)))
    if path in {f"{USER}{SESSION}", f"/account/{SESSION}"}:
        username = "anna" if path.startswith("/account/") else "nora"
        portal.as_(username)
        found = portal.rows("SELECT id_digest FROM session ORDER BY created_at DESC, rowid DESC")
        rig.ids["session_id"] = str(UUID(bytes=found[0][0][:16]))
    if path.endswith("/leaked/"):
        own = f"application_id = '{UUID(rig.ids['app_id']).hex}' AND expires_at IS NULL"
        [(secret_id,)] = portal.rows(f"SELECT id FROM application_secret WHERE {own}")
        rig.ids["secret_id"] = str(UUID(str(secret_id)))
    if path in {COPY, f"{APP}copy/", f"{APP}copy/to/"}:
        return _copied(rig, path)
    if path == f"{APP}enable/":
        assert rig.browser.post(_filled(rig, f"{APP}disable/")).status_code == 303
    if path == f"{USER}email/confirm/":
        ask_for(portal, NEW)
    if path == "/account/email/confirm/":
        ask_for(portal, "anna@new.example", username="anna")
    if path == "/accounts/email/{token}/":
        portal.mails()
        assert rig.browser.post("/account/email/link/").status_code == 303
        [link] = portal.paths("anna@new.example")
        rig.ids["token"] = link.rstrip("/").rpartition("/")[2]
    return {}


def _copied(rig: Rig, path: str) -> dict[str, str]:
    """Return the hidden fields of a form that copies an application."""
    portal, filled = rig.portal, _filled(rig, path)
    if path == COPY:
        nina = administrator(portal, portal.app.environments[1])
        code = copy_code(nina, nina.register("Trial"))
        page = rig.browser.post(f"{COPY}look/", copy_code=code)
    elif path == f"{APP}copy/to/":
        [(to,)] = portal.rows("SELECT client_id FROM application WHERE name = 'Other'")
        page = rig.browser.get(filled, {"to": to})
    else:
        page = rig.browser.get(filled)
    return {name: value for name, value in hidden(page, filled).items() if name != "csrf"}


def _filled(rig: Rig, path: str) -> str:
    for name, value in rig.ids.items():
        path = re.sub(rf"{{{name}(:uuid)?}}", value, path)
    return path


@pytest.mark.spec("ASVS", "7.5.1")
def test_each_form_that_asks_is_refused_with_a_stale_proof(rig: Rig, clock: Clock) -> None:
    before = rig.portal.actions()
    clock.advance(FRESH.total_seconds())

    for path in (*ASKING, *ASKING_OF_PROVIDER):
        refused = rig.send(path)
        assert (refused.status_code, "Confirm that it is you" in refused.text) == (403, True), path

    assert rig.portal.actions() == before


def test_each_form_that_asks_acts_with_a_fresh_proof(rig: Rig, clock: Clock) -> None:
    clock.advance(FRESH.total_seconds() - 1)

    for path, asks in ASKING.items():
        more = prepare(rig, path)
        before = rig.portal.actions().count(asks.action)
        assert rig.send(path, **more).status_code == asks.status, path
        assert rig.portal.actions().count(asks.action) == before + bool(asks.action), path


def test_what_only_takes_access_away_from_programs_is_done_at_once(
    portal: PortalServer, clock: Clock
) -> None:
    browser = portal.as_("anna")
    path = browser.register()
    clock.advance(FRESH.total_seconds())

    done = [browser.post(f"{path}{what}/").status_code for what in ("void", "disable")]

    assert done == [303, 303]
