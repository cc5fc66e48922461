"""Forms that came after their session had ended: kept through the login and shown again.

What was typed travels encrypted in the login form; the server stores nothing. It is only shown
again, never acted on, and passwords and secrets are not part of it.
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

from gatepass.server.portal.access import Who
from gatepass.server.portal.pages import applications, registration, team
from gatepass.server.portal.request import PortalRequest
from gatepass.server.storage.database import NotFoundError
from gatepass.server.storage.master_key import MasterKeyError
from gatepass.server.storage.timestamps import milliseconds
from gatepass.wire.errors import OAuthError
from gatepass.wire.params import LONGEST_VALUE

LIVES = timedelta(hours=1)
BEFORE_LOGIN = (
    "Your session had ended, so nothing was changed. "
    "Log in: the form comes back with what you typed."
)
SAY = "Your session had ended, so nothing was changed. Check what you typed, then send it again."
_MOST_PARTS = 10  # hidden fields, each as long as a form's value may be
_PURPOSE = "gatepass unsent form"
_UUID = r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
_Again = Callable[[PortalRequest, OAuthError], Response]


class SavedForm(NamedTuple):
    """A form that was not acted on: where it was sent, and its fields."""

    path: str
    form: Mapping[str, str]


def _application(visit: PortalRequest, refusal: OAuthError) -> Response:
    return applications.again(visit, refusal, "")


_AGAIN: tuple[tuple[re.Pattern[str], _Again], ...] = (
    (re.compile("/oauth2/applications/register/"), registration.again),
    (re.compile(f"/oauth2/applications/(?P<app_id>{_UUID})/(?!stored/)[a-z-]+/"), _application),
    (re.compile("/team/add/"), team.add_again),
    (re.compile(f"/team/(?P<person_id>{_UUID})/[a-z-]+/"), team.again),
)


def sealed(visit: PortalRequest) -> list[str]:
    """Return the form of this visit, encrypted, as the values of hidden fields.

    Empty where nothing was typed, where the page has no form to show again, or where it is long.
    """
    typed = visit.typed()
    if not typed or not any(pattern.fullmatch(visit.path) for pattern, _ in _AGAIN):
        return []
    what = {"path": visit.path, "form": typed, "at": milliseconds(visit.now)}
    encrypted = visit.environment.context.master_key.encrypt(json.dumps(what).encode(), _PURPOSE)
    text = urlsafe_b64encode(encrypted).decode()
    parts = [text[start : start + LONGEST_VALUE] for start in range(0, len(text), LONGEST_VALUE)]
    return parts if len(parts) <= _MOST_PARTS else []


def carried(visit: PortalRequest) -> list[str]:
    """Return the hidden fields that came with a login form, to be sent again with the next try."""
    return [visit.form[name] for name in map(_name, range(_MOST_PARTS)) if name in visit.form]


def read(visit: PortalRequest) -> SavedForm | None:
    """Return the form that a login form carries; None where there is none, or it is too old."""
    text = "".join(carried(visit))
    try:
        encrypted = urlsafe_b64decode(text.encode())
        what = json.loads(visit.environment.context.master_key.decrypt(encrypted, _PURPOSE))
    except (ValueError, MasterKeyError):
        return None
    age = milliseconds(visit.now) - what["at"]
    return SavedForm(what["path"], what["form"]) if age < LIVES.total_seconds() * 1000 else None


def again(visit: PortalRequest, refusal: OAuthError) -> Response | None:
    """Show the form of this visit again, filled in; None where that cannot be."""
    if visit.login is None or not Who.ADMIN.includes(visit.me.person):
        return None
    for pattern, show in _AGAIN:
        match = pattern.fullmatch(visit.path)
        if match:
            ids = {name: UUID(text) for name, text in match.groupdict().items()}
            try:
                return show(replace(visit, ids=ids), refusal)
            except NotFoundError:
                return None
    return None


def _name(number: int) -> str:
    return f"unsent_{number}"
