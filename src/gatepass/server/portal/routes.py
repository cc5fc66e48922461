"""Every page: its method, its path, whom it is for, and the function that answers."""

import re
from collections.abc import Callable
from typing import NamedTuple
from uuid import UUID

from starlette.responses import Response
from starlette.routing import compile_path

from gatepass.server.domain.users.password_hashing import Steps
from gatepass.server.portal.access import SAFE, Who
from gatepass.server.portal.pages import (
    accounts,
    activity,
    applications,
    credentials,
    pending_email,
    registration,
    settings,
    team,
    test_token,
    usage,
)
from gatepass.server.portal.request import Visit

Page = Callable[[Visit], Response | Steps[Response]]
"""What answers; a page that waits for a password's hash is a generator."""

_APP = "/oauth2/applications/{app_id:uuid}/"
_PERSON = "/team/{person_id:uuid}/"


class Rule(NamedTuple):
    """One page for one method."""

    method: str
    path: str
    who: Who
    page: Page


class Found(NamedTuple):
    """The rule for a request, and the ids in its path."""

    rule: Rule
    ids: dict[str, UUID]


RULES = (
    Rule("GET", "/", Who.ANYONE, accounts.first_page),
    Rule("GET", "/accounts/login/", Who.ANYONE, accounts.login_form),
    Rule("POST", "/accounts/login/", Who.ANYONE, accounts.log_in),
    Rule("POST", "/accounts/logout/", Who.PERSON, accounts.log_out),
    Rule("GET", "/accounts/password/", Who.PERSON, accounts.password_form),
    Rule("POST", "/accounts/password/", Who.PERSON, accounts.change_password),
    Rule("GET", "/account/", Who.PERSON, accounts.account),
    Rule("POST", "/accounts/sessions/end/", Who.PERSON, accounts.end_other_sessions),
    Rule("POST", "/account/email/confirm/", Who.PERSON, pending_email.confirm_own),
    Rule("POST", "/account/email/reject/", Who.PERSON, pending_email.reject_own),
    Rule("POST", "/account/notices/{notice_id:uuid}/", Who.PERSON, pending_email.dismiss),
    Rule("GET", "/oauth2/applications/", Who.STAFF, applications.all_of_them),
    Rule("GET", "/oauth2/applications/register/", Who.ADMIN, registration.form),
    Rule("POST", "/oauth2/applications/register/", Who.ADMIN, registration.register),
    Rule("GET", _APP, Who.STAFF, applications.one),
    Rule("GET", f"{_APP}refusals/", Who.STAFF, usage.refusals),
    Rule("GET", f"{_APP}credentials/", Who.ADMIN, credentials.show),
    Rule("POST", f"{_APP}stored/", Who.ADMIN, credentials.stored),
    Rule("POST", f"{_APP}test-token/", Who.ADMIN, test_token.make),
    Rule("GET", f"{_APP}test-token/", Who.ADMIN, test_token.show),
    Rule("POST", f"{_APP}rotate/", Who.ADMIN, credentials.rotate),
    Rule("POST", _APP + "secrets/{secret_id:uuid}/end/", Who.ADMIN, applications.end_secret),
    Rule("POST", f"{_APP}rename/", Who.ADMIN, settings.rename),
    Rule("POST", f"{_APP}lifetime/", Who.ADMIN, settings.set_lifetime),
    Rule("POST", f"{_APP}minting/", Who.ADMIN, settings.set_minting),
    Rule("POST", f"{_APP}scope/", Who.ADMIN, settings.set_scope),
    Rule("POST", f"{_APP}networks/", Who.ADMIN, settings.set_networks),
    Rule("POST", f"{_APP}contact/", Who.ADMIN, settings.set_contact),
    Rule("POST", f"{_APP}void/", Who.ADMIN, applications.void_tokens),
    Rule("POST", f"{_APP}enable/", Who.ADMIN, applications.enable),
    Rule("POST", f"{_APP}disable/", Who.ADMIN, applications.disable),
    Rule("POST", f"{_APP}delete/", Who.ADMIN, applications.delete),
    Rule("GET", "/team/", Who.STAFF, team.all_of_them),
    Rule("GET", "/team/add/", Who.ADMIN, team.add_form),
    Rule("POST", "/team/add/", Who.ADMIN, team.add),
    Rule("GET", _PERSON, Who.ADMIN, team.one),
    Rule("GET", f"{_PERSON}initial-password/", Who.ADMIN, team.initial_password),
    Rule("POST", f"{_PERSON}role/", Who.ADMIN, team.set_role),
    Rule("POST", f"{_PERSON}password/", Who.ADMIN, team.give_access),
    Rule("POST", f"{_PERSON}enable/", Who.ADMIN, team.enable),
    Rule("POST", f"{_PERSON}disable/", Who.ADMIN, team.disable),
    Rule("POST", f"{_PERSON}email/confirm/", Who.ADMIN, pending_email.confirm),
    Rule("POST", f"{_PERSON}email/reject/", Who.ADMIN, pending_email.reject),
    Rule("GET", "/activity/", Who.ADMIN, activity.activity),
)

_FORM_PAGES = {"/accounts/sessions/end/": "/account/"}  # where it is not above the form's address
_COMPILED = [(rule, *_pattern) for rule in RULES for _pattern in [compile_path(rule.path)[::2]]]


def find(method: str, path: str) -> Found | None:
    """Give the rule for a request; a HEAD has that of the GET (RFC 9110 §9.3.2)."""
    method = "GET" if method in SAFE else method
    return next((each for each in _matching(path) if each.rule.method == method), None)


def form_page(path: str) -> str | None:
    """Return the page with the form that is sent to `path`, where that has no page of its own.

    None for the logout, which every page has, and where there is no such form. The address of a
    form that was refused is in the browser's address bar, so people open it again.
    """
    if {each.rule.method for each in _matching(path)} != {"POST"}:
        return None
    above = _FORM_PAGES.get(path, path)
    while above != "/":
        if find("GET", above):
            return above
        above = above.rstrip("/").rpartition("/")[0] + "/"
    return None


def methods(path: str) -> list[str]:
    """Give the methods that a path knows; none where there is no such page."""
    known = {each.rule.method for each in _matching(path)}
    if form_page(path):
        known.add("GET")
    return sorted(known | {"HEAD"} if "GET" in known else known)


def _matching(path: str) -> list[Found]:
    found = []
    for rule, pattern, convertors in _COMPILED:
        match = re.fullmatch(pattern, path)
        if match:
            ids = {name: convertors[name].convert(text) for name, text in match.groupdict().items()}
            found.append(Found(rule, ids))
    return found
