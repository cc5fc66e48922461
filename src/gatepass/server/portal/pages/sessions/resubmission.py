"""Forms sent after their session had ended: saved through the login and shown again.

The typed values are in the login form, encrypted; the server stores nothing. They are only shown
again, never acted on, and contain no passwords or secrets.
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

from gatepass.server.portal.access import Access
from gatepass.server.portal.pages import applications, registration
from gatepass.server.portal.pages.users import team
from gatepass.server.portal.request import PortalRequest
from gatepass.server.storage.errors import NotFoundError
from gatepass.server.storage.master_key import MasterKeyError
from gatepass.server.storage.timestamps import milliseconds
from gatepass.wire.errors import OAuthError
from gatepass.wire.params import LONGEST_VALUE

LIFETIME = timedelta(hours=1)
BEFORE_LOGIN = (
    "Your session had ended, so nothing was changed. "
    "Log in: the form comes back with what you typed."
)
CHECK_AGAIN = (
    "Your session had ended, so nothing was changed. Check what you typed, then send it again."
)
_MOST_PARTS = 10  # hidden fields, each as long as a form's value may be
_PURPOSE = "gatepass saved form"
_UUID = r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
_Rerender = Callable[[PortalRequest, OAuthError], Response]


class SavedForm(NamedTuple):
    """A form that was not processed: its path and fields."""

    path: str
    form: Mapping[str, str]


def _application(request: PortalRequest, refusal: OAuthError) -> Response:
    return applications.rerender(request, refusal, "")


_FORMS: tuple[tuple[re.Pattern[str], _Rerender], ...] = (
    (re.compile("/oauth2/applications/register/"), registration.rerender),
    (re.compile(f"/oauth2/applications/(?P<app_id>{_UUID})/(?!stored/)[a-z-]+/"), _application),
    (re.compile("/team/add/"), team.rerender_add_form),
    (re.compile(f"/team/(?P<user_id>{_UUID})/[a-z-]+/"), team.rerender),
)


def encrypt(request: PortalRequest) -> list[str]:
    """Return the form of this request, encrypted, as the values of hidden fields.

    Empty if nothing was typed, the path has no form to show again, or the form is too long.
    """
    typed = request.typed()
    if not typed or not any(pattern.fullmatch(request.path) for pattern, _ in _FORMS):
        return []
    what = {"path": request.path, "form": typed, "at": milliseconds(request.now)}
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
    age = milliseconds(request.now) - what["at"]
    return SavedForm(what["path"], what["form"]) if age < LIFETIME.total_seconds() * 1000 else None


def rerender(request: PortalRequest, refusal: OAuthError) -> Response | None:
    """Show the form of this request again, filled in; return None if that is not possible."""
    if request.login is None or not Access.ADMIN.includes(request.user):
        return None
    for pattern, show in _FORMS:
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
