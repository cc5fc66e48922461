"""Every page: its method, its path, whom it is for, and the function that answers."""

import re
from collections.abc import Callable
from typing import NamedTuple
from uuid import UUID

from starlette.responses import Response
from starlette.routing import compile_path

from gatepass.server.domain.applications import fields
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
from gatepass.server.portal.request import PortalRequest

Page = Callable[[PortalRequest], Response | Steps[Response]]
"""What answers; a page that waits for a password's hash is a generator."""

_APP = "/oauth2/applications/{app_id:uuid}/"
_PERSON = "/team/{person_id:uuid}/"


class Route(NamedTuple):
    """One page for one method."""

    method: str
    path: str
    who: Who
    page: Page


class Found(NamedTuple):
    """The rule for a request, and the ids in its path."""

    rule: Route
    ids: dict[str, UUID]


ROUTES = (
    Route("GET", "/", Who.ANYONE, accounts.first_page),
    Route("GET", "/accounts/login/", Who.ANYONE, accounts.login_form),
    Route("POST", "/accounts/login/", Who.ANYONE, accounts.log_in),
    Route("POST", "/accounts/logout/", Who.PERSON, accounts.log_out),
    Route("GET", "/accounts/password/", Who.PERSON, accounts.password_form),
    Route("POST", "/accounts/password/", Who.PERSON, accounts.change_password),
    Route("GET", "/account/", Who.PERSON, accounts.account),
    Route("POST", "/accounts/sessions/end/", Who.PERSON, accounts.end_other_sessions),
    Route("POST", "/account/email/confirm/", Who.PERSON, pending_email.confirm_own),
    Route("POST", "/account/email/reject/", Who.PERSON, pending_email.reject_own),
    Route("POST", "/account/notices/{notice_id:uuid}/", Who.PERSON, pending_email.dismiss),
    Route("GET", "/oauth2/applications/", Who.STAFF, applications.all_of_them),
    Route("GET", "/oauth2/applications/register/", Who.ADMIN, registration.form),
    Route("POST", "/oauth2/applications/register/", Who.ADMIN, registration.register),
    Route("GET", _APP, Who.STAFF, applications.one),
    Route("GET", f"{_APP}refusals/", Who.STAFF, usage.refusals),
    Route("GET", f"{_APP}credentials/", Who.ADMIN, credentials.show),
    Route("POST", f"{_APP}stored/", Who.ADMIN, credentials.stored),
    Route("POST", f"{_APP}test-token/", Who.ADMIN, test_token.make),
    Route("GET", f"{_APP}test-token/", Who.ADMIN, test_token.show),
    Route("POST", f"{_APP}rotate/", Who.ADMIN, credentials.rotate),
    Route("POST", _APP + "secrets/{secret_id:uuid}/end/", Who.ADMIN, applications.end_secret),
    Route("POST", f"{_APP}scope/", Who.ADMIN, settings.set_scope),
    *(
        Route("POST", _APP + group.path, Who.ADMIN, settings.form_page(group))
        for group in fields.GROUPS
        if group is not fields.SCOPE
    ),
    Route("POST", f"{_APP}void/", Who.ADMIN, applications.void_tokens),
    Route("POST", f"{_APP}enable/", Who.ADMIN, applications.enable),
    Route("POST", f"{_APP}disable/", Who.ADMIN, applications.disable),
    Route("POST", f"{_APP}delete/", Who.ADMIN, applications.delete),
    Route("GET", "/team/", Who.STAFF, team.all_of_them),
    Route("GET", "/team/add/", Who.ADMIN, team.add_form),
    Route("POST", "/team/add/", Who.ADMIN, team.add),
    Route("GET", _PERSON, Who.ADMIN, team.one),
    Route("GET", f"{_PERSON}initial-password/", Who.ADMIN, team.initial_password),
    Route("POST", f"{_PERSON}role/", Who.ADMIN, team.set_role),
    Route("POST", f"{_PERSON}password/", Who.ADMIN, team.give_access),
    Route("POST", f"{_PERSON}enable/", Who.ADMIN, team.enable),
    Route("POST", f"{_PERSON}disable/", Who.ADMIN, team.disable),
    Route("POST", f"{_PERSON}email/confirm/", Who.ADMIN, pending_email.confirm),
    Route("POST", f"{_PERSON}email/reject/", Who.ADMIN, pending_email.reject),
    Route("GET", "/activity/", Who.ADMIN, activity.activity),
)

_FORM_PAGES = {"/accounts/sessions/end/": "/account/"}  # where it is not above the form's address
_COMPILED = [(rule, *_pattern) for rule in ROUTES for _pattern in [compile_path(rule.path)[::2]]]


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
