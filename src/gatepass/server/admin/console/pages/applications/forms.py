"""The forms of an application's secrets, keys and certificates, each over one operation.

They carry no ETag: the operations answer with the last use of each credential too, so it would
change under every form while the program works. What a form changes is named by its id, and the
page before a change says what it is now.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta

from starlette.responses import Response

from gatepass.server.admin.console.confirmation import Question
from gatepass.server.admin.console.pages.applications.authentication import (
    ask_or_do,
    do,
    find,
    path_of,
    rerender,
)
from gatepass.server.admin.console.request import ConsoleRequest
from gatepass.server.admin.operations.applications import certificates, credentials, keys, methods
from gatepass.server.domain.applications.keys import operations as stored_keys
from gatepass.server.domain.applications.keys.certificates import operations as stored_certificates
from gatepass.server.domain.applications.keys.certificates.model import (
    check_name as check_certificate_name,
)
from gatepass.server.domain.applications.keys.model import ApplicationKey, check_end, check_name
from gatepass.server.domain.applications.secrets.end import ON_DATE, chosen_end
from gatepass.server.portal.pages.application_certificates.content import MEMBERS
from gatepass.server.portal.pages.application_keys.content import LABELS
from gatepass.server.storage.errors import NotFoundError
from gatepass.translation.message import Message
from gatepass.wire.errors import OAuthError

_NONE = Message("None")
_NEVER = Message("Never")
_WORKS, _STOPS = Message("Works"), Message("Stops working")
_YES_NO = {True: Message("Yes"), False: Message("No")}


def revoke_secrets(request: ConsoleRequest) -> Response:
    """Revoke all secrets, if none was used for 14 days and a key is in use."""
    return ask_or_do(
        request,
        methods.REVOKE_SECRETS,
        {},
        _question(request, Message("Revoke all secrets?"), Message("Yes, revoke all secrets")),
        Message("The secrets are revoked. The application authenticates with keys alone."),
    )


def revoke_secret(request: ConsoleRequest) -> Response:
    """Revoke one secret."""
    secret_id = request.id("secret_id")
    secret = next((each for each in find(request).secrets if each.id == secret_id), None)
    if secret is None:
        raise NotFoundError(str(secret_id))
    label = Message("Secret ending in {last_four}", last_four=secret.last_four or "?")
    return ask_or_do(
        request,
        credentials.REVOKE_SECRET,
        {"secret_id": secret_id},
        _question(request, Message("Revoke the secret?"), Message("Yes, revoke the secret"), label),
        Message("The secret is revoked."),
    )


def add_key(request: ConsoleRequest) -> Response:
    """Add a public key, or several, that were pasted."""
    name = request.form.get("key_name", "")
    try:
        check_name(name)
    except OAuthError as refusal:
        return rerender(request, refusal, "key_name")
    try:
        end = _end(request, "key_end")
    except OAuthError as refusal:
        return rerender(request, refusal, "key_end")
    given = {"name": name, "public_key": request.form.get("key", ""), "expires_at": end}
    return do(request, keys.ADD, given, Message("The key is added."), "key")


def change_key(request: ConsoleRequest) -> Response:
    """Set the name of a key, and its last day."""
    key = _key(request)
    name_field, end_field = f"name_{key.id}", f"end_{key.id}"
    try:
        name = check_name(request.form.get(name_field, ""))
    except OAuthError as refusal:
        return rerender(request, refusal, name_field)
    try:
        end = _end(request, end_field)
    except OAuthError as refusal:
        return rerender(request, refusal, end_field)
    question = Question(
        Message("Change the key?"),
        Message("Yes, change the key"),
        path_of(request),
        [
            (LABELS["key_name"], key.name, name),
            (Message("Expires"), _day(key.expires_at), _day(end)),
        ],
    )
    given = {"key_id": key.id, "name": name, "expires_at": end}
    done = Message("The key is changed.")
    return ask_or_do(request, keys.CHANGE, given, question, done, end_field)


def revoke_key(request: ConsoleRequest) -> Response:
    """Revoke a key."""
    key = _key(request)
    title, button = Message("Revoke the key?"), Message("Yes, revoke the key")
    label = Message("{name} ({kid})", name=key.name, kid=key.key.kid)
    return ask_or_do(
        request,
        keys.REVOKE,
        {"key_id": key.id},
        _question(request, title, button, label),
        Message("The key is revoked."),
    )


def change_key_setting(request: ConsoleRequest) -> Response:
    """Set where keys are published, and whether older audiences are accepted."""
    uri = request.form.get("jwks_uri", "").strip()
    is_legacy = request.form.get("legacy_audience") == "yes"
    _, before = stored_keys.of_application(request.context, find(request))
    question = Question(
        Message("Change where its keys are published?"),
        Message("Yes, change it"),
        path_of(request),
        [
            (LABELS["jwks_uri"], before.jwks_uri or _NONE, uri or _NONE),
            (
                Message("Accept the address of the endpoint as audience"),
                _YES_NO[before.legacy_audience],
                _YES_NO[is_legacy],
            ),
        ],
    )
    given = {"jwks_uri": uri, "legacy_audience": is_legacy}
    done = Message("The settings are saved.")
    return ask_or_do(request, keys.CONFIGURE, given, question, done, "jwks_uri")


def add_certificate(request: ConsoleRequest) -> Response:
    """Add a certificate that was pasted."""
    given = {"certificate": request.form.get("certificate", "")}
    return _add_certificate(request, "certificate_name", given, "certificate")


def add_subject(request: ConsoleRequest) -> Response:
    """Add the subject that certificates of an authority name."""
    member = request.form.get("member", "")
    given = {"member": member, "value": request.form.get("value", "")}
    return _add_certificate(
        request, "subject_name", given, "value" if member in dict(MEMBERS) else "member"
    )


def remove_certificate(request: ConsoleRequest) -> Response:
    """Remove a certificate, or the subject of one."""
    certificate_id = request.id("certificate_id")
    every = stored_certificates.of_application(request.context, find(request))
    found = next((each for each in every if each.id == certificate_id), None)
    if found is None:
        raise NotFoundError(str(certificate_id))
    title, button = Message("Remove the certificate?"), Message("Yes, remove the certificate")
    label = Message("{name} ({words})", name=found.name, words=found.words)
    return ask_or_do(
        request,
        certificates.REMOVE,
        {"certificate_id": certificate_id},
        _question(request, title, button, label),
        Message("The certificate is removed."),
    )


def _add_certificate(
    request: ConsoleRequest, name_field: str, given: Mapping[str, object], field: str
) -> Response:
    try:
        name = check_certificate_name(request.form.get(name_field, ""))
    except OAuthError as refusal:
        return rerender(request, refusal, name_field)
    operation = certificates.ADD if field == "certificate" else certificates.ADD_SUBJECT
    done = Message("The certificate is added.")
    return do(request, operation, {**given, "name": name}, done, field)


def _question(request: ConsoleRequest, title: Message, button: Message, what: str = "") -> Question:
    changes = [(what, _WORKS, _STOPS)] if what else []
    return Question(title, button, path_of(request), changes, is_danger=True)


def _key(request: ConsoleRequest) -> ApplicationKey:
    key_id = request.id("key_id")
    every, _ = stored_keys.of_application(request.context, find(request))
    found = next((each for each in every if each.id == key_id), None)
    if found is None:
        raise NotFoundError(str(key_id))
    return found


def _end(request: ConsoleRequest, field: str) -> datetime | None:
    """Return when a key ends, after its last day; None where none is given. Raises OAuthError."""
    text, now = request.form.get(field, "").strip(), request.environment.now()
    end = chosen_end(ON_DATE, text, now) if text else None
    check_end(end, now)
    return end


def _day(end: datetime | None) -> str:
    """Return the last day on which a key is accepted."""
    return _NEVER if end is None else f"{(end - timedelta(milliseconds=1)):%Y-%m-%d}"
