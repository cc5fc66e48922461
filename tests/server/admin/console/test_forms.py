"""Every form of the console: which ask for a fresh proof, and how what is dangerous is asked."""

import re
from collections.abc import Iterator, Mapping
from html.parser import HTMLParser
from types import MappingProxyType
from typing import NamedTuple

import pytest

from gatepass.server.admin.console.request import path_of
from gatepass.server.admin.console.routes import ENTRIES
from gatepass.server.domain.changes.webhooks.model import Result
from gatepass.server.domain.users.sessions.proofs.model import FRESH
from gatepass.testing import Clock
from gatepass.wire.credential import Mode
from server.admin.console.confirming import is_asked
from server.admin.console.test_webhooks import added, page_of, sent_test
from server.portal.fixtures import Browser, PortalServer
from server.portal.mailbox import MailingPortal
from server.portal.operators.people import add_operators
from server.portal.pages.test_certificates import PASTED as PASTED_CERTIFICATE
from server.portal.pages.test_keys import PASTED as PASTED_KEY
from server.portal.test_access import NOBODYS

BASE = path_of(Mode.LIVE)
ORG = "organizations/{org_id:uuid}/"
APP, PERSON = ORG + "applications/{app_id:uuid}/", ORG + "people/{user_id:uuid}/"
AUTH = f"{APP}authentication/"
OPERATOR, INVITED = "operators/{user_id:uuid}/", "operators/invitations/{invitation_id:uuid}/"
HOOK = "webhooks/{endpoint_id:uuid}/"
API = "api-applications/{app_id:uuid}/"
READ = "production:organizations:read"
METERS = "https://api.example.com/meters"
FAILED = Result(500, "", 9)
NO_FORM: Mapping[str, str] = MappingProxyType({})

PAGE_BETWEEN: Mapping[str, Mapping[str, str]] = {
    # what is typed: a page says what that stops before it is done
    "policy/": {"session_idle": "15m"},
    f"{ORG}policy/": {"session_idle": "15m"},
    f"{APP}settings/networks/": {"networks": "198.51.100.0/24"},
    f"{APP}settings/rate-limit/": {"rate_limit_mode": "enforce", "rate_limit": "1"},
    f"{APP}settings/automatic-rotation/": {
        "automatic_rotation": "on",
        "rotation_interval": "30",
        "rotation_overlap": "86400",
    },
    APP + "settings/secrets/{secret_id:uuid}/end/": {"secret_end": "30"},
    f"{APP}settings/bound-tokens/": {"dpop_bound_access_tokens": "required"},
    f"{APP}settings/certificate-bound-tokens/": {
        "tls_client_certificate_bound_access_tokens": "required"
    },
    f"{APP}settings/profile/": {"profile": "fapi2"},
    f"{APP}settings/introspection-responses/": {"introspection_signed_response_alg": "ES256"},
    f"{AUTH}revoke-secrets/": NO_FORM,
    AUTH + "secrets/{secret_id:uuid}/revoke/": NO_FORM,
    AUTH + "keys/{key_id:uuid}/change/": NO_FORM,  # its fields have the id of the key
    AUTH + "keys/{key_id:uuid}/revoke/": NO_FORM,
    f"{AUTH}keys/setting/": {"jwks_uri": "https://keys.example.com/jwks.json"},
    AUTH + "certificates/{certificate_id:uuid}/remove/": NO_FORM,
    "catalogue/resource/": {"name": "Gauges"},
    "catalogue/resource/remove/": {"uri": "https://empty.example.com/"},
    "catalogue/scope/": {"description": "Read gauges"},
    "catalogue/scope/remove/": NO_FORM,
    f"{API}scope/": {f"scope_{READ}": "yes", "scope_production:usage:read": "yes"},
    f"{API}networks/": {"networks": "198.51.100.0/24"},
    f"{HOOK}disable/": NO_FORM,
    f"{HOOK}remove/": NO_FORM,
}
TYPED_NAME = {  # the name of what it stops is typed
    f"{ORG}suspend/",
    "keys/rotate-now/",
    f"{OPERATOR}remove/",
    f"{API}delete/",
}
SECOND_BUTTON = {  # the button opens what it stops, and a second one
    f"{PERSON}password/",
    f"{PERSON}factors/",
    f"{PERSON}disable/",
    f"{OPERATOR}password/",
    f"{INVITED}revoke/",
    f"{API}void/",
    f"{API}disable/",
}
NOT_DANGEROUS = {  # nothing stops, or the same form undoes it
    "organizations/new/",
    f"{ORG}rename/",
    f"{ORG}resume/",
    f"{PERSON}enable/",
    f"{AUTH}keys/add/",
    f"{AUTH}certificates/add/",
    f"{AUTH}certificates/subject/",
    "system/mail/",
    "catalogue/resources/add/",
    "catalogue/scopes/add/",
    "webhooks/add/",
    f"{ORG}webhooks/add/",
    f"{HOOK}change/",
    f"{HOOK}rotate/",  # the form asks how long the old secret works
    f"{HOOK}test/",
    f"{HOOK}send-again/",
    f"{HOOK}enable/",
    "keys/rotate/",
    "operators/add/",
    f"{INVITED}resend/",
    f"{OPERATOR}roles/",
    "api-applications/new/",
    f"{API}rotate/",  # the form asks how long the old secret works
    f"{API}enable/",
}
NO_PROOF = {
    # What only takes access away must be quick.
    f"{ORG}suspend/",
    f"{PERSON}disable/",
    f"{API}void/",
    f"{API}disable/",
    # What gives nobody access to anything.
    f"{ORG}rename/",
    "system/mail/",
    *(f"{HOOK}{form}/" for form in ("test", "send-again", "enable", "disable", "remove")),
}
SEEN = {"seen", "seen_scope"}  # what the form was made with, which the tests have changed since
POSTS = {entry.path: entry for entry in ENTRIES if entry.method == "POST"}


def test_every_form_has_decided_whether_it_asks_for_a_fresh_proof() -> None:
    assert {path for path, entry in POSTS.items() if not entry.step_up} == NO_PROOF


def test_every_form_has_decided_how_it_is_confirmed() -> None:
    decided = [*PAGE_BETWEEN, *TYPED_NAME, *SECOND_BUTTON, *NOT_DANGEROUS]

    assert sorted(decided) == sorted(POSTS)


@pytest.mark.spec("ASVS", "7.5.1")
def test_each_form_that_asks_is_refused_with_a_stale_proof(
    operated: PortalServer, clock: Clock
) -> None:
    olga, before = operated.as_("olga"), operated.actions()
    clock.advance(FRESH.total_seconds())

    for path in POSTS.keys() - NO_PROOF:
        refused = olga.post(BASE + re.sub("{[^}]*}", NOBODYS, path), confirmed="yes")
        assert (refused.status_code, "Confirm that it is you" in refused.text) == (403, True), path

    assert operated.actions() == before


class Form(NamedTuple):
    """A form that a page has, and whether it is in what a button opens.

    `hidden` are its fields that are hidden, and `filled` those that have a value already.
    """

    action: str
    hidden: Mapping[str, str]
    filled: Mapping[str, str]
    names: frozenset[str]
    is_behind_a_button: bool


class Forms(HTMLParser):
    """The forms of a page that are sent by POST."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[Form] = []
        self._opened = 0
        self._form: tuple[str, dict[str, str], dict[str, str], set[str]] | None = None
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "details" and "confirm" in given.get("class", "").split():
            self._opened += 1
        elif tag == "form" and given.get("method") == "post":
            self._form = (given["action"], {}, {}, set())
        elif self._form and given.get("name"):
            self._form[3].add(given["name"])
            if given.get("type") == "hidden" and given["name"] != "csrf":
                self._form[1][given["name"]] = given.get("value", "")
            elif given.get("type") in {"text", "date"}:
                self._form[2][given["name"]] = given.get("value", "")

    def handle_endtag(self, tag: str) -> None:
        if tag == "form" and self._form:
            action, hidden, filled, names = self._form
            self.found.append(Form(action, hidden, filled, frozenset(names), bool(self._opened)))
            self._form = None
        elif tag == "details" and self._opened:
            self._opened -= 1


def every_page(portal: MailingPortal, olga: Browser) -> Iterator[str]:
    """Yield the paths of pages that together have every form, with what they need prepared."""
    app_id = portal.as_("anna").register().rstrip("/").rpartition("/")[2]
    org_id, user_id = portal.person("anna").org_id, portal.person("sven").id
    olga.post(f"{BASE}catalogue/resources/add/", uri=METERS, name="Meters")
    olga.post(f"{BASE}catalogue/resources/add/", uri="https://empty.example.com/", name="Empty")
    olga.post(
        f"{BASE}catalogue/scopes/add/", name="meters:read", api=METERS, description="Read meters"
    )
    invited = {"by": "invitation", "invite": "piet@operator.example"}
    olga.post(f"{BASE}operators/add/", **invited, production_security="yes")
    form = {"name": "Back office", "secret_end": "never", f"scope_{READ}": "yes"}
    made = olga.post(f"{BASE}api-applications/new/", **form)
    program = made.headers["location"].removesuffix("credentials/")
    portal.mails()  # none is on its way any more
    portal.run(
        "UPDATE outbox SET sent_at = NULL, failed_at = created_at, due_at = NULL, error = 'gone'"
    )
    organization = f"{BASE}organizations/{org_id}/"
    person = f"{organization}people/{user_id}/"
    portal.run(
        "INSERT INTO authenticator_app (id, person_id, encrypted, last_step, name, created_at) "
        f"VALUES ('{user_id.hex}', '{user_id.hex}', x'00', 0, 'Phone', 0)"
    )
    yield from (organization, f"{organization}policy/", person, program)
    yield f"{organization}applications/{app_id}/settings/"
    authentication = f"{organization}applications/{app_id}/authentication/"
    olga.post(f"{authentication}keys/add/", **PASTED_KEY)
    olga.post(f"{authentication}certificates/add/", **PASTED_CERTIFICATE)
    # a key is in use since the secret is not
    portal.run("UPDATE application_key SET last_used_at = created_at")
    portal.run("UPDATE application_secret SET created_at = 0")
    yield authentication
    hook = added(portal)
    sent_test(portal, hook, FAILED)
    yield from (page_of(hook), f"{page_of(hook)}change/", f"{organization}webhooks/add/")
    yield from (
        BASE + path
        for path in (
            "organizations/new/",
            "policy/",
            "webhooks/add/",
            "catalogue/resources/add/",
            "catalogue/scopes/add/",
            f"catalogue/resource/?uri={METERS}",
            "catalogue/scope/?name=meters:read",
            "system/",
            "keys/",
            "operators/",
            "operators/add/",
            f"operators/{portal.person('mara').id}/",
            "api-applications/new/",
        )
    )
    # the forms that there are in another state
    for path in (person, program, page_of(hook)):
        olga.post(f"{path}disable/", confirmed="yes")
        yield path
    olga.post(f"{organization}suspend/", confirm="Acme Energy")
    yield organization


def entry_of(action: str) -> str:
    """Return the path of the entry that a form is sent to."""
    below = action.removeprefix(BASE)
    for path in POSTS:
        pattern = re.sub(r"{\w+:uuid}", "[0-9a-f-]{36}", path)
        if re.fullmatch(pattern, below):
            return path
    raise AssertionError(f"no page for {action}")


@pytest.fixture
def forms(mailing: MailingPortal) -> dict[str, Form]:
    """Every form, as a page has it, by the path of its entry."""
    add_operators(mailing)
    olga = mailing.as_("olga")
    found: dict[str, Form] = {}
    for path in every_page(mailing, olga):
        page = olga.get(path)
        assert page.status_code == 200, path
        for form in Forms(page.text).found:
            if form.action.startswith(BASE):
                found.setdefault(entry_of(form.action), form)
    return found


def test_each_form_is_on_a_page_and_what_is_dangerous_asks_to_confirm(
    forms: dict[str, Form], mailing: MailingPortal
) -> None:
    olga = mailing.as_("olga")
    before = mailing.actions()

    assert sorted(forms) == sorted(POSTS)
    assert {path for path in SECOND_BUTTON if not forms[path].is_behind_a_button} == set()
    assert {path for path in TYPED_NAME if "confirm" not in forms[path].names} == set()
    for path in TYPED_NAME:
        refused = olga.post(forms[path].action, **forms[path].hidden, confirm="something else")
        assert refused.status_code in {400, 409}, path
    for path, typed in PAGE_BETWEEN.items():
        hidden = {name: forms[path].hidden[name] for name in forms[path].hidden.keys() - SEEN}
        filled = forms[path].filled if typed is NO_FORM else {}
        asked = olga.post(forms[path].action, **{**hidden, **filled, **typed})
        expected = (200, True)
        assert (asked.status_code, is_asked(asked, forms[path].action)) == expected, path
    assert mailing.actions() == before
