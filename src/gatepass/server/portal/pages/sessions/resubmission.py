"""Forms that had to wait: for a login, and then shown again; or for a proof, and then sent on.

The typed values are in the form of the login or of the proof, encrypted; the server stores nothing.
They contain no passwords or secrets. After a login they are only shown again, never acted on.
"""

import json
import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import timedelta
from typing import NamedTuple
from uuid import UUID

from starlette.responses import Response

from gatepass.server.domain.users.sessions.proofs.model import FRESH
from gatepass.server.portal import redirects
from gatepass.server.portal.access import Access
from gatepass.server.portal.pages import copying
from gatepass.server.portal.pages.application_certificates import forms as certificates
from gatepass.server.portal.pages.application_keys import forms as keys
from gatepass.server.portal.pages.applications import registration, sub_pages
from gatepass.server.portal.pages.users import policies, team
from gatepass.server.portal.request import PortalRequest
from gatepass.server.storage.errors import NotFoundError
from gatepass.server.storage.master_key import MasterKeyError
from gatepass.server.storage.timestamps import milliseconds
from gatepass.translation.message import Message
from gatepass.wire.errors import OAuthError
from gatepass.wire.params import LONGEST_VALUE

LIFETIME = timedelta(hours=1)
BEFORE_LOGIN = Message(
    "Your session had ended, so nothing was changed. "
    "Log in: the form comes back with what you typed."
)
CHECK_AGAIN = Message(
    "Your session had ended, so nothing was changed. Check what you typed, then send it again."
)
WAITED = Message("Nothing was changed yet. Check what you typed, then send it again.")
_MOST_PARTS = 10  # hidden fields, each as long as a form's value may be
_PURPOSE = "gatepass saved form"
_UUID = r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
_Rerender = Callable[[PortalRequest, OAuthError], Response]


class SavedForm(NamedTuple):
    """A form that was not processed: its path and fields.

    `login` names the login in which it was sent, if it was sent in one, until `sent_by`: the time
    in Unix milliseconds until which it may be sent on as it is.
    """

    path: str
    form: Mapping[str, str]
    login: str = ""
    sent_by: int = 0


def _application(request: PortalRequest, refusal: OAuthError) -> Response:
    return sub_pages.rerender(request, refusal, "")


_FORMS: tuple[tuple[re.Pattern[str], Access, _Rerender], ...] = (
    (re.compile("/oauth2/applications/register/"), Access.REGISTRANT, registration.rerender),
    (re.compile(redirects.COPY), Access.ADMIN, copying.rerender_from_other),
    (re.compile(f"/oauth2/applications/(?P<app_id>{_UUID})/copy/"), Access.ADMIN, copying.rerender),
    (
        re.compile(
            f"/oauth2/applications/(?P<app_id>{_UUID})/(?!stored/)(?:secrets/{_UUID}/)?[a-z-]+/"
        ),
        Access.ADMIN,
        _application,
    ),
    (
        re.compile(f"/oauth2/applications/(?P<app_id>{_UUID})/keys/(?:{_UUID}/)?[a-z-]+/"),
        Access.ADMIN,
        keys.rerender,
    ),
    (
        re.compile(f"/oauth2/applications/(?P<app_id>{_UUID})/certificates/(?:{_UUID}/)?[a-z-]+/"),
        Access.ADMIN,
        certificates.rerender,
    ),
    (re.compile("/team/add/"), Access.ADMIN, team.rerender_add_form),
    (re.compile("/team/policies/"), Access.ADMIN, policies.rerender),
    (re.compile(f"/team/(?P<user_id>{_UUID})/[a-z-]+/"), Access.ADMIN, team.rerender),
)


def encrypt(request: PortalRequest) -> list[str]:
    """Return the form of this request, encrypted, as the values of hidden fields.

    Empty if nothing was typed, the path has no form to show again, or the form is too long.
    """
    typed = request.typed()
    if not typed or not any(pattern.fullmatch(request.path) for pattern, *_ in _FORMS):
        return []
    return _encrypted(request, SavedForm(request.path, typed))


def encrypt_whole(request: PortalRequest) -> list[str]:
    """Return the form of this request, to be sent on in this login, as `encrypt` does.

    It keeps its random id (`once`), so that it does nothing twice. A form with a password or a code
    is not whole without it, so it is only shown again. Empty if the form is too long.
    """
    once = {"once": request.form["once"]} if "once" in request.form else {}
    form = {**request.typed(), **once}
    sent_by = 0 if request.has_secrets else milliseconds(request.now + FRESH)
    return _encrypted(request, SavedForm(request.path, form, _login_of(request), sent_by))


def may_be_sent(request: PortalRequest, saved: SavedForm) -> bool:
    """Return whether a saved form may be sent on: whole, in the login that it is from, in time.

    In time is as long as a proof is fresh. So in one login no form is sent on again after another
    proof, when its random id would no longer stand for the same thing.
    """
    return saved.login == _login_of(request) and milliseconds(request.now) < saved.sent_by


def _login_of(request: PortalRequest) -> str:
    """Return what stays the same in a login while its session gets new ids."""
    return f"{request.user.id} {milliseconds(request.current_login.session.created_at)}"


def _encrypted(request: PortalRequest, saved: SavedForm) -> list[str]:
    what = {**saved._asdict(), "at": milliseconds(request.now)}
    encrypted = request.context.master_key.encrypt(json.dumps(what).encode(), _PURPOSE)
    text = urlsafe_b64encode(encrypted).decode()
    parts = [text[start : start + LONGEST_VALUE] for start in range(0, len(text), LONGEST_VALUE)]
    return parts if len(parts) <= _MOST_PARTS else []


def hidden_fields(request: PortalRequest) -> list[str]:
    """Return the hidden fields of a login form, to repeat them in the next one."""
    return [request.form[name] for name in map(_name, range(_MOST_PARTS)) if name in request.form]


def read(request: PortalRequest) -> SavedForm | None:
    """Return the saved form in a login form; None if there is none or it is too old."""
    text = "".join(hidden_fields(request))
    try:
        encrypted = urlsafe_b64decode(text.encode())
        what = json.loads(request.context.master_key.decrypt(encrypted, _PURPOSE))
    except (ValueError, MasterKeyError):
        return None
    age = milliseconds(request.now) - what.pop("at")
    return SavedForm(**what) if age < LIFETIME.total_seconds() * 1000 else None


def rerender(request: PortalRequest, refusal: OAuthError) -> Response | None:
    """Show the form of this request again, filled in; return None if that is not possible."""
    if request.login is None:
        return None
    for pattern, access, show in _FORMS:
        if not access.includes(request):
            continue
        match = pattern.fullmatch(request.path)
        if match:
            ids = {name: UUID(text) for name, text in match.groupdict().items()}
            try:
                return show(replace(request, ids=ids), refusal)
            except NotFoundError:
                return None
    return None


def _name(number: int) -> str:
    return f"saved_form_{number}"
