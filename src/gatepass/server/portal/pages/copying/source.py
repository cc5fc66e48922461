"""Finds the application of the other environment whose settings are copied, and who may see it.

With one identity for both environments its id is enough: its organization is that of the person.
Otherwise nobody is known in both, and somebody who sees the application makes a copy code, which
they enter in the other environment. The code only names the application; it is encrypted.
"""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import timedelta
from typing import Any
from uuid import UUID

from gatepass.server.domain.applications import operations
from gatepass.server.domain.applications.copying import Source
from gatepass.server.domain.applications.model import Application
from gatepass.server.domain.users.sessions.linked import operations as linked
from gatepass.server.oauth.served_environment import ServedEnvironment
from gatepass.server.portal.request import PortalRequest
from gatepass.server.storage.errors import NotFoundError
from gatepass.server.storage.master_key import MasterKeyError
from gatepass.server.storage.timestamps import milliseconds
from gatepass.translation.message import Message
from gatepass.wire.errors import OAuthError

CODE_LIFETIME = timedelta(hours=1)
_PURPOSE = "gatepass copy code"
_LONGEST = 1000  # characters of a code; it has some 220
_INVALID = Message(
    "This is no copy code of the other environment, or it is more than an hour old. Open the "
    "application there, choose \u201cCopy the settings\u201d, and copy the code again."
)


def make_code(request: PortalRequest, application: Application) -> str:
    """Return a code with which the other environment reads the settings of an application."""
    what = {
        "environment": request.environment.name,
        "app": str(application.id),
        "org": str(application.org_id),
        "at": milliseconds(request.now),
    }
    encrypted = request.context.master_key.encrypt(json.dumps(what).encode(), _PURPOSE)
    return urlsafe_b64encode(encrypted).decode()


def from_code(request: PortalRequest, code: str) -> Source:
    """Return the application that a code names; raise OAuthError for a code that is not valid."""
    other, what = find_other(request), _read(request, code)
    if what is None or what["environment"] != other.name:
        raise OAuthError("invalid_request", _INVALID)
    if milliseconds(request.now - CODE_LIFETIME) > what["at"]:
        raise OAuthError("invalid_request", _INVALID)
    try:
        found = operations.find(other.context, UUID(what["app"]), UUID(what["org"]))
    except NotFoundError:
        raise OAuthError(
            "invalid_request", Message("This application was deleted in the other environment.")
        ) from None
    return Source(found, other.name)


def _read(request: PortalRequest, code: str) -> dict[str, Any] | None:
    """Return what a code says; None for what no server with this master key has made."""
    if len(code) > _LONGEST:
        return None
    try:
        encrypted = urlsafe_b64decode("".join(code.split()).encode())
        what: dict[str, Any] = json.loads(request.context.master_key.decrypt(encrypted, _PURPOSE))
    except (ValueError, MasterKeyError):
        return None
    return what


def from_id(request: PortalRequest, app_id: str) -> Source:
    """Return an application of the other environment, where one identity is for both.

    Raises NotFoundError for one that is not of the person's organization there.
    """
    other, environment = find_other(request), request.environment
    if not environment.has_one_identity:
        raise NotFoundError(app_id)
    try:
        known_id = UUID(app_id)
    except ValueError:
        raise NotFoundError(app_id) from None
    if environment.accounts is None:  # this is production
        org_id = linked.find_organization(other.context, request.org_id)
        if org_id is None:
            raise NotFoundError(app_id)
        return Source(operations.find(other.context, known_id, org_id), other.name)
    found = operations.find(other.context, known_id, None)
    if linked.find_organization(request.context, found.org_id) != request.org_id:
        raise NotFoundError(app_id)
    return Source(found, other.name)


def find_other(request: PortalRequest) -> ServedEnvironment:
    """Return the other environment; raise NotFoundError where this process serves one alone."""
    other = request.environment.other
    if other is None:
        raise NotFoundError(request.path)
    return other
