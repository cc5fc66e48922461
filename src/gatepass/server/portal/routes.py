"""All pages: method, path, access and page function."""

import re
from collections.abc import Callable, Iterable
from typing import NamedTuple
from uuid import UUID

from starlette.responses import Response
from starlette.routing import compile_path

from gatepass.server.domain.applications.fields import table
from gatepass.server.domain.applications.fields.general import SCOPE
from gatepass.server.domain.users.passwords.hashing import Steps
from gatepass.server.domain.users.sessions.proofs.model import Method
from gatepass.server.portal import redirects
from gatepass.server.portal.access import SAFE, Access, PageAccess
from gatepass.server.portal.pages import activity, copying, languages
from gatepass.server.portal.pages.application_certificates import forms as certificates
from gatepass.server.portal.pages.application_keys import forms as keys
from gatepass.server.portal.pages.applications import (
    automatic_rotation,
    danger_zone,
    listing,
    new_secret,
    registration,
    settings,
    sub_pages,
    test_token,
    usage,
)
from gatepass.server.portal.pages.applications.sub_pages import CREDENTIALS, KEYS, SUB_PAGES
from gatepass.server.portal.pages.factors import adding, own, recovery_codes
from gatepass.server.portal.pages.sessions import (
    accounts,
    ending,
    one_identity,
    recovery,
    second_step,
    verification,
)
from gatepass.server.portal.pages.sessions.verification import Verified
from gatepass.server.portal.pages.single_sign_on import account as own_single_sign_on
from gatepass.server.portal.pages.single_sign_on import login as single_sign_on
from gatepass.server.portal.pages.single_sign_on import setup as sso_setup
from gatepass.server.portal.pages.users import invitations, pending_email, policies, team
from gatepass.server.portal.pages.webhooks import endpoints as webhooks
from gatepass.server.portal.pages.webhooks import secret as webhook_secret
from gatepass.server.portal.pages.webhooks import sending
from gatepass.server.portal.request import PortalRequest

Page = Callable[[PortalRequest], Response | Verified | Steps[Response] | Steps[Response | Verified]]
"""A page function; it is a generator if it waits for a password hash.

What it returns is a response, or a form that has waited for a proof and is now sent on.
"""

_APP = "/oauth2/applications/{app_id:uuid}/"
_USER = "/team/{user_id:uuid}/"
_INVITATION = "/team/invitations/{invitation_id:uuid}/"
_FACTORS = "/account/factors/"
_FACTOR = _FACTORS + "{factor_id:uuid}/"
_SESSION = "sessions/{session_id:uuid}/end/"
_SSO = "/accounts/single-sign-on/"
_OWN_SSO = "/account/single-sign-on/"
_TEAM_SSO = "/team/single-sign-on/"
_DOMAIN = "/team/single-sign-on/domains/{domain_id:uuid}/"
_WEBHOOK = redirects.WEBHOOKS + "{endpoint_id:uuid}/"
_TOKEN = "token"  # noqa: S105 - the name of a part of the path


class Route(NamedTuple):
    """One page with one method.

    `step_up`: before the page function is called, the person proves who they are, unless they did
    so within the last ten minutes. A form that has a field with a proof of its own names its method
    (`own_proof`), so that nobody is asked twice.
    """

    method: str
    path: str
    access: PageAccess
    page: Page
    step_up: bool = False
    own_proof: Method | None = None


class RouteMatch(NamedTuple):
    """The route of a request and the ids in its path."""

    route: Route
    ids: dict[str, UUID]


_PAGES = (
    Route("GET", "/", Access.ANYONE, accounts.first_page),
    Route("GET", redirects.LANGUAGE, Access.ANYONE, languages.choose_in_browser),
    Route("POST", redirects.ACCOUNT_LANGUAGE, Access.LOGGED_IN, languages.choose_in_account),
    Route("GET", "/accounts/login/", Access.ANYONE, accounts.login_form),
    Route("POST", "/accounts/login/", Access.ANYONE, accounts.log_in),
    Route("POST", "/accounts/login/passkey/", Access.ANYONE, second_step.log_in_with_passkey),
    Route("GET", "/accounts/login/second-step/", Access.ANYONE, second_step.form),
    Route("POST", "/accounts/login/second-step/", Access.ANYONE, second_step.finish),
    Route("GET", redirects.SANDBOX, Access.PARTNER, one_identity.give_code),
    Route("GET", redirects.CODE + "{token}/", Access.ANYONE, one_identity.enter),
    Route("POST", "/accounts/logout/", Access.LOGGED_IN, accounts.log_out),
    Route("GET", "/accounts/verify/", Access.LOGGED_IN, verification.form),
    Route("POST", "/accounts/verify/", Access.LOGGED_IN, verification.verify),
    Route("GET", redirects.PASSWORD, Access.LOGGED_IN, accounts.password_form, True, "password"),
    Route("POST", redirects.PASSWORD, Access.LOGGED_IN, accounts.change_password, True, "password"),
    Route("GET", "/accounts/recover/", Access.ANYONE, recovery.form),
    Route("POST", "/accounts/recover/", Access.ANYONE, recovery.request_links),
    Route("GET", "/accounts/recover/{token}/", Access.ANYONE, recovery.password_form),
    Route("POST", "/accounts/recover/{token}/", Access.ANYONE, recovery.set_password),
    Route("GET", "/accounts/invitation/{token}/", Access.ANYONE, invitations.acceptance_form),
    Route("POST", "/accounts/invitation/{token}/", Access.ANYONE, invitations.accept),
    Route("GET", "/accounts/email/{token}/", Access.LOGGED_IN, pending_email.link_form),
    Route(
        "POST",
        "/accounts/email/{token}/",
        Access.LOGGED_IN,
        pending_email.confirm_by_link,
        step_up=True,
    ),
    Route("GET", _SSO, Access.ANYONE, single_sign_on.form),
    Route("POST", _SSO, Access.ANYONE, single_sign_on.by_address),
    Route("GET", _SSO + "{org_id:uuid}/", Access.ANYONE, single_sign_on.start),
    Route("GET", _SSO + "{org_id:uuid}/callback/", Access.ANYONE, single_sign_on.callback),
    Route(
        "POST", f"{_OWN_SSO}connect/", Access.LOGGED_IN, own_single_sign_on.connect, step_up=True
    ),
    Route(
        "POST",
        f"{_OWN_SSO}disconnect/",
        Access.LOGGED_IN,
        own_single_sign_on.disconnect,
        step_up=True,
    ),
    Route("GET", f"{_OWN_SSO}proof/", Access.LOGGED_IN, own_single_sign_on.prove),
    Route("GET", "/account/", Access.LOGGED_IN, accounts.account),
    Route("POST", "/account/email/link/", Access.LOGGED_IN, pending_email.send_link),
    Route(
        "POST",
        "/accounts/sessions/end/",
        Access.LOGGED_IN,
        accounts.end_other_sessions,
        step_up=True,
    ),
    Route("POST", "/account/sessions/end/", Access.LOGGED_IN, ending.end_all_own, step_up=True),
    Route("POST", f"/account/{_SESSION}", Access.LOGGED_IN, ending.end_own, step_up=True),
    Route(
        "POST", "/account/email/confirm/", Access.LOGGED_IN, pending_email.confirm_own, step_up=True
    ),
    Route("POST", "/account/email/reject/", Access.LOGGED_IN, pending_email.reject_own),
    Route("POST", "/account/notices/{notice_id:uuid}/", Access.LOGGED_IN, pending_email.dismiss),
    Route("GET", _FACTORS, Access.LOGGED_IN, own.index),
    Route("GET", f"{_FACTORS}passkeys/add/", Access.LOGGED_IN, adding.passkey_form, step_up=True),
    Route("POST", f"{_FACTORS}passkeys/add/", Access.LOGGED_IN, adding.add_passkey, step_up=True),
    Route("GET", f"{_FACTORS}apps/add/", Access.LOGGED_IN, adding.app_form, step_up=True),
    Route("POST", f"{_FACTORS}apps/add/", Access.LOGGED_IN, adding.add_app, step_up=True),
    Route("GET", f"{_FACTORS}recovery-codes/", Access.LOGGED_IN, recovery_codes.show),
    Route(
        "POST", f"{_FACTORS}recovery-codes/", Access.LOGGED_IN, recovery_codes.make, step_up=True
    ),
    Route("POST", f"{_FACTOR}rename/", Access.LOGGED_IN, own.rename),
    Route("POST", f"{_FACTOR}remove/", Access.LOGGED_IN, own.remove, step_up=True),
    Route("GET", "/oauth2/applications/", Access.STAFF, listing.index),
    Route("GET", "/oauth2/applications/usage/", Access.STAFF, usage.of_organization),
    Route("GET", redirects.REGISTER, Access.REGISTRANT, registration.form),
    Route("POST", redirects.REGISTER, Access.REGISTRANT, registration.register, step_up=True),
    Route("GET", redirects.COPY, Access.ADMIN, copying.enter),
    Route("POST", redirects.COPY, Access.ADMIN, copying.register_from_other, step_up=True),
    Route("POST", f"{redirects.COPY}look/", Access.ADMIN, copying.look),
    Route("GET", f"{_APP}copy/", Access.ADMIN, copying.choose),
    Route("POST", f"{_APP}copy/", Access.ADMIN, copying.register_here, step_up=True),
    Route("GET", f"{_APP}copy/to/", Access.ADMIN, copying.compare),
    Route("POST", f"{_APP}copy/to/", Access.ADMIN, copying.apply, step_up=True),
    *(
        Route("GET", _APP + each.path, each.access, each.show)
        for each in SUB_PAGES
        if each not in (CREDENTIALS, KEYS)
    ),
    Route("GET", _APP + CREDENTIALS.path, Access.STAFF, new_secret.show),
    Route("GET", _APP + KEYS.path, Access.STAFF, keys.show),
    Route("POST", f"{_APP}keys/add/", Access.ADMIN, keys.add, step_up=True),
    Route("POST", f"{_APP}keys/generate/", Access.ADMIN, keys.generate, step_up=True),
    Route("POST", f"{_APP}keys/setting/", Access.ADMIN, keys.change_setting, step_up=True),
    Route("POST", _APP + "keys/{key_id:uuid}/change/", Access.ADMIN, keys.change, step_up=True),
    Route("POST", _APP + "keys/{key_id:uuid}/revoke/", Access.ADMIN, keys.revoke, step_up=True),
    Route("POST", f"{_APP}certificates/add/", Access.ADMIN, certificates.add, step_up=True),
    Route(
        "POST", f"{_APP}certificates/subject/", Access.ADMIN, certificates.add_subject, step_up=True
    ),
    Route(
        "POST",
        _APP + "certificates/{certificate_id:uuid}/remove/",
        Access.ADMIN,
        certificates.remove,
        step_up=True,
    ),
    Route(
        "POST",
        f"{_APP}methods/revoke-secrets/",
        Access.ADMIN,
        keys.revoke_secrets,
        step_up=True,
    ),
    Route("POST", f"{_APP}stored/", Access.REGISTRANT, new_secret.stored),
    Route("POST", f"{_APP}test-token/", Access.ADMIN, test_token.make),
    Route("GET", f"{_APP}test-token/", Access.ADMIN, test_token.show),
    Route("POST", f"{_APP}rotate/", Access.ADMIN, new_secret.rotate, step_up=True),
    Route(
        "POST",
        _APP + "secrets/{secret_id:uuid}/end/",
        Access.ADMIN,
        new_secret.revoke,
        step_up=True,
    ),
    Route(
        "POST",
        _APP + "secrets/{secret_id:uuid}/leaked/",
        Access.ADMIN,
        new_secret.replace_leaked,
        step_up=True,
    ),
    Route(
        "POST",
        _APP + "secrets/{secret_id:uuid}/expiry/",
        Access.ADMIN,
        new_secret.set_end,
        step_up=True,
    ),
    Route(
        "POST",
        f"{_APP}automatic-rotation/",
        Access.ADMIN,
        automatic_rotation.configure,
        step_up=True,
    ),
    Route(
        "POST",
        f"{_APP}automatic-rotation/undo/",
        Access.ADMIN,
        automatic_rotation.undo,
        step_up=True,
    ),
    Route("POST", f"{_APP}scope/", Access.ADMIN, settings.set_scope, step_up=True),
    *(
        Route(
            "POST",
            _APP + group.path,
            Access.ADMIN,
            settings.form_page(group),
            step_up=group.needs_proof,
        )
        for group in table.GROUPS
        if group is not SCOPE
    ),
    Route("POST", f"{_APP}void/", Access.ADMIN, danger_zone.revoke_tokens),
    Route("POST", f"{_APP}enable/", Access.ADMIN, danger_zone.enable, step_up=True),
    Route("POST", f"{_APP}disable/", Access.ADMIN, danger_zone.disable),
    Route("POST", f"{_APP}delete/", Access.ADMIN, danger_zone.delete, step_up=True),
    Route("GET", "/team/", Access.TEAM_STAFF, team.index),
    Route("GET", "/team/add/", Access.TEAM_ADMIN, team.add_form),
    Route("POST", "/team/add/", Access.TEAM_ADMIN, team.add, step_up=True),
    Route("GET", "/team/invite/", Access.TEAM_ADMIN, invitations.form),
    Route("POST", "/team/invite/", Access.TEAM_ADMIN, invitations.invite, step_up=True),
    Route("POST", f"{_INVITATION}resend/", Access.TEAM_ADMIN, invitations.resend, step_up=True),
    Route("POST", f"{_INVITATION}revoke/", Access.TEAM_ADMIN, invitations.revoke, step_up=True),
    Route("GET", redirects.POLICIES, Access.ADMIN, policies.form),
    Route("POST", redirects.POLICIES, Access.ADMIN, policies.change, step_up=True),
    Route("GET", _TEAM_SSO, Access.ADMIN, sso_setup.show),
    Route(
        "POST",
        f"{_TEAM_SSO}provider/",
        Access.ADMIN,
        sso_setup.save_provider,
        step_up=True,
    ),
    Route("POST", f"{_TEAM_SSO}test/", Access.ADMIN, sso_setup.test, step_up=True),
    Route("POST", f"{_TEAM_SSO}domains/", Access.ADMIN, sso_setup.add_domain, step_up=True),
    Route("POST", f"{_DOMAIN}check/", Access.ADMIN, sso_setup.check_domain, step_up=True),
    Route("POST", f"{_DOMAIN}remove/", Access.ADMIN, sso_setup.remove_domain, step_up=True),
    Route("POST", f"{_TEAM_SSO}people/", Access.ADMIN, sso_setup.save_people, step_up=True),
    Route("POST", f"{_TEAM_SSO}on/", Access.ADMIN, sso_setup.turn_on, step_up=True),
    Route("POST", f"{_TEAM_SSO}off/", Access.ADMIN, sso_setup.turn_off, step_up=True),
    Route("GET", redirects.WEBHOOKS, Access.ADMIN, webhooks.index),
    Route("GET", f"{redirects.WEBHOOKS}add/", Access.ADMIN, webhooks.add_form),
    Route("POST", f"{redirects.WEBHOOKS}add/", Access.ADMIN, webhooks.add, step_up=True),
    Route("GET", _WEBHOOK, Access.ADMIN, webhooks.one),
    Route("GET", f"{_WEBHOOK}change/", Access.ADMIN, webhooks.change_form),
    Route("POST", f"{_WEBHOOK}change/", Access.ADMIN, webhooks.change, step_up=True),
    Route("GET", f"{_WEBHOOK}secret/", Access.ADMIN, webhook_secret.show),
    Route("POST", f"{_WEBHOOK}rotate/", Access.ADMIN, webhook_secret.rotate, step_up=True),
    Route("POST", f"{_WEBHOOK}test/", Access.ADMIN, sending.test),
    Route("POST", f"{_WEBHOOK}send-again/", Access.ADMIN, sending.send_again),
    Route("POST", f"{_WEBHOOK}enable/", Access.ADMIN, webhooks.enable),
    Route("POST", f"{_WEBHOOK}disable/", Access.ADMIN, webhooks.disable),
    Route("POST", f"{_WEBHOOK}remove/", Access.ADMIN, webhooks.remove),
    Route("GET", _USER, Access.TEAM_ADMIN, team.one),
    Route("GET", f"{_USER}initial-password/", Access.TEAM_ADMIN, team.initial_password),
    Route("POST", f"{_USER}role/", Access.TEAM_ADMIN, team.set_role, step_up=True),
    Route("POST", f"{_USER}password/", Access.TEAM_ADMIN, team.give_access, step_up=True),
    Route("POST", f"{_USER}factors/reset/", Access.TEAM_ADMIN, team.reset_factors, step_up=True),
    Route("POST", f"{_USER}enable/", Access.TEAM_ADMIN, team.enable, step_up=True),
    Route("POST", f"{_USER}disable/", Access.TEAM_ADMIN, team.disable, step_up=True),
    Route(
        "POST", f"{_USER}sessions/end/", Access.TEAM_ADMIN, ending.end_all_of_member, step_up=True
    ),
    Route("POST", f"{_USER}{_SESSION}", Access.TEAM_ADMIN, ending.end_of_member, step_up=True),
    Route("POST", f"{_USER}email/confirm/", Access.TEAM_ADMIN, pending_email.confirm, step_up=True),
    Route("POST", f"{_USER}email/reject/", Access.TEAM_ADMIN, pending_email.reject),
    Route("GET", "/activity/", Access.ADMIN, activity.activity),
    Route("GET", "/activity/export/", Access.ADMIN, activity.export),
)

ROUTES = tuple(
    route._replace(page=sub_pages.of_owner(route.page))
    if route.method == "POST" and route.path.startswith(_APP)
    else route
    for route in _PAGES
)
_FORM_PAGES = {"/accounts/sessions/end/": "/account/"}  # if not above the form's path
_COMPILED = {
    (route.method, route.path): (route, *compile_path(route.path)[::2]) for route in ROUTES
}


def add(*pages: Route) -> None:
    """Add pages of a package above this one; those that were added already stay as they are."""
    for route in pages:
        _COMPILED.setdefault((route.method, route.path), (route, *compile_path(route.path)[::2]))


_LATER: list[Callable[[], Iterable[Route]]] = []


def add_console(load: Callable[[], Iterable[Route]]) -> None:
    """Add the pages of the console, which are loaded for the first request of one of them."""
    _LATER[:] = [load]


def find(method: str, path: str) -> RouteMatch | None:
    """Return the route of a request; HEAD uses the route of GET (RFC 9110 §9.3.2)."""
    method = "GET" if method in SAFE else method
    return next((each for each in _matching(path) if each.route.method == method), None)


def form_page(path: str) -> str | None:
    """Return the path of the page whose form is sent to `path`, if `path` has no page itself.

    None for the logout, which every page has, and for an unknown path. The path of a
    refused form stays in the browser's address bar, so users open it again.
    """
    if {each.route.method for each in _matching(path)} != {"POST"}:
        return None
    above = _FORM_PAGES.get(path, path)
    while above != "/":
        if find("GET", above):
            return above
        above = above.rstrip("/").rpartition("/")[0] + "/"
    return None


def methods(path: str) -> list[str]:
    """Return the methods of a path; empty for an unknown path."""
    known = {each.route.method for each in _matching(path)}
    if form_page(path):
        known.add("GET")
    return sorted(known | {"HEAD"} if "GET" in known else known)


def _matching(path: str) -> list[RouteMatch]:
    found = []
    if path.startswith(redirects.CONSOLE):
        for load in [*_LATER]:
            add(*load())
            _LATER.clear()
    for route, pattern, convertors in [*_COMPILED.values()]:
        match = re.fullmatch(pattern, path)
        if match:
            texts = {name: text for name, text in match.groupdict().items() if name != _TOKEN}
            ids = {name: convertors[name].convert(text) for name, text in texts.items()}
            found.append(RouteMatch(route, ids))
    return found
