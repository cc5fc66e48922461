"""The activity page: the organization's part of the audit trail, in words."""

from collections.abc import Iterator
from contextvars import Context
from itertools import islice

from starlette.responses import Response, StreamingResponse

from gatepass.server.domain.applications import fields
from gatepass.server.domain.audit import store as audit
from gatepass.server.domain.audit.model import Entry
from gatepass.server.portal import redirects
from gatepass.server.portal.forms import activity_filter
from gatepass.server.portal.forms.activity_filter import Chosen
from gatepass.server.portal.presentation.activity_export import FORMATS
from gatepass.server.portal.rendering import page
from gatepass.server.portal.request import PortalRequest
from gatepass.server.storage.errors import NotFoundError

_MOST = 50  # entries on one page
_AT_ONCE = 500  # entries of an export that are read together
_LONGEST_NUMBER = 18  # digits, of an entry's number

_WORDS = {
    "access.denied": "Access denied ({status}): {method}, {reason}",
    "application.automatic_rotation": "Turned automatic rotation {state} "
    "(every {days} days at most; overlap: {overlap})",
    "application.copied": "Copied the settings of {source} ({environment})",
    "application.deleted": "Deleted an application",
    "application.disabled": "Disabled an application",
    "application.enabled": "Enabled an application",
    "application.registered": "Registered an application",
    "application.rotated": "Rotated the secret (overlap: {overlap}; new: ...{new_secret})",
    "application.tokens_voided": "Revoked all tokens",
    "audit.suppressed": "{times} more entries of {action} were not recorded, since {since}",
    "client.refused": "Token refused: {reason} ({times} times)",
    "invitation.accepted": "Accepted an invitation ({role})",
    "invitation.created": "Invited by mail ({role})",
    "invitation.resent": "Sent an invitation again ({role})",
    "invitation.revoked": "Revoked an invitation ({role})",
    "login": "Logged in",
    "login.refused": "Login refused: {reason}",
    "logout": "Logged out",
    "organization.created": "Created the organization",
    "organization.resumed": "Resumed the organization",
    "organization.suspended": "Suspended the organization",
    "person.added": "Added a user ({role})",
    "person.changed": "Changed a user's {fields}",
    "person.deleted": "Deleted a user",
    "person.disabled": "Disabled a user",
    "person.enabled": "Enabled a user",
    "person.email_confirmed": "Confirmed the email address {email}",
    "person.email_link_sent": "Sent a link to confirm the email address {email}",
    "person.email_rejected": "Rejected the email address {email}",
    "person.email_requested": "Requested a new email address, to be confirmed: {email}",
    "person.password_changed": "Changed the password",
    "person.password_recovered": "Set a new password by a link in a mail",
    "person.password_reset": "Set an initial password",
    "person.role_changed": "Changed the role to {role}",
    "person.recovery_requested": "Asked for a link to set a new password",
    "person.session_ended": "Ended a session of a user ({program}, from {address})",
    "person.sessions_ended": "Ended all sessions of a user",
    "policy.changed": "Changed the policies. Before: {before}. Now: {after}",
    "secret.prepared": "Made a new secret for its rotation (...{new_secret})",
    "secret.rotated": "Rotated its secret itself (overlap: {overlap}; new: ...{new_secret})",
    "secret.rotation_undone": "Undid a rotation (revoked: {secret}; kept: {kept})",
    "secret.end_changed": "Changed the end of the secret {secret}: {end}",
    "secret.ended": "Revoked the secret {secret}",
    "secret.leak_reported": "The secret {secret} was reported as leaked: it ends {end}; {others}. "
    "Found at: {location}",
    "secret.leaked": "Marked the secret {secret} as leaked: it is revoked",
    "sessions.others_ended": "Ended all other sessions",
    "step_up": "Proved again who they are ({method})",
    "step_up.refused": "Wrong proof of who they are ({method})",
    "token.leak_reported": "A token was reported as leaked and is revoked. Found at: {location}",
    "token.test_issued": "Got a test token ({scope})",
    "token.revoked": "Revoked a token",
} | {group.action: group.activity for group in fields.GROUPS}


class _Detail(dict[str, str]):
    """An entry's detail; a name that an older entry lacks is shown as "?"."""

    def __missing__(self, name: str) -> str:
        return "?"


def activity(request: PortalRequest) -> Response:
    """Show the entries that the query asks for, newest first."""
    chosen = activity_filter.parse(request.query)
    return page(
        request,
        "activity.html",
        **entries(request, chosen),
        export_urls={
            name: f"{redirects.ACTIVITY}export/?{chosen.query(format=name)}" for name in FORMATS
        },
        kinds=activity_filter.KINDS,
        values=chosen.values,
        errors=chosen.errors,
        is_filtered=any(chosen.values.values()),
    )


def entries(request: PortalRequest, chosen: Chosen) -> dict[str, object]:
    """Return the entries of one page, each with its words, and the address of older ones.

    `before` in the query is the number of the last entry shown before.
    """
    found = _page(request, chosen, _number(request.query.get("before")), _MOST + 1)
    shown = found[:_MOST]
    older = chosen.query(before=str(shown[-1][0])) if len(found) > _MOST else ""
    return {
        "entries": [(entry, in_words(entry)) for _, entry in shown],
        "older_url": f"{request.path}?{older}" if older else None,
    }


def export(request: PortalRequest) -> Response:
    """Return the entries that the query asks for as a file, streamed, newest first.

    An export that is cut off continues with `before`, the number of its last entry.
    """
    chosen = activity_filter.parse(request.query)
    format_ = FORMATS.get(request.query.get("format", ""))
    if format_ is None or chosen.errors:
        raise NotFoundError(request.path)
    before = _number(request.query.get("before"))
    name = f"activity-{request.environment.name}-{request.now:%Y-%m-%d}"
    return StreamingResponse(
        _joined(format_.write(_all(request, chosen, before), in_words)),
        media_type=format_.media_type,
        headers={
            "content-disposition": f'attachment; filename="{name}.{request.query["format"]}"',
            "cache-control": "no-store",
        },
    )


def _joined(lines: Iterator[str]) -> Iterator[str]:
    """Return many lines as one piece, since each piece is a change of threads."""
    while part := "".join(islice(lines, _AT_ONCE)):
        yield part


def _all(request: PortalRequest, chosen: Chosen, before: int | None) -> Iterator[tuple[int, Entry]]:
    """Return all entries, read in parts, so that no transaction is as long as the download."""
    while True:
        # Each part has a time of its own: the deadline is that of the request.
        found = Context().run(_page, request, chosen, before, _AT_ONCE)
        yield from found
        if len(found) < _AT_ONCE:
            return
        before = found[-1][0]


def _page(
    request: PortalRequest, chosen: Chosen, before: int | None, limit: int
) -> list[tuple[int, Entry]]:
    with request.environment.database.read() as connection:
        return audit.page(
            connection, request.org_id, before=before, limit=limit, wanted=chosen.wanted
        )


def in_words(entry: Entry) -> str:
    """Return the entry in words; an action without words is shown by its name."""
    words = _WORDS.get(entry.action)
    if words is None:
        return entry.action.replace(".", " ").replace("_", " ").capitalize()
    text = words.format_map(_Detail(entry.detail))
    return text.replace(" (1 times)", "")


def _number(text: str | None) -> int | None:
    if text is None:
        return None
    if not (text.isascii() and text.isdecimal()) or len(text) > _LONGEST_NUMBER:
        raise NotFoundError(text)
    return int(text)
