"""The activity page: the organization's part of the audit trail, in words."""

from collections.abc import Iterator
from contextvars import Context
from itertools import islice
from string import Formatter

from starlette.responses import Response, StreamingResponse

from gatepass.server.domain.applications.fields import table
from gatepass.server.domain.audit import store as audit
from gatepass.server.domain.audit.chain.model import ERASED
from gatepass.server.domain.audit.model import Entry
from gatepass.server.portal import redirects
from gatepass.server.portal.forms import activity_filter
from gatepass.server.portal.forms.activity_filter import Chosen
from gatepass.server.portal.presentation.activity_export import FORMATS
from gatepass.server.portal.rendering import page
from gatepass.server.portal.request import PortalRequest
from gatepass.server.storage.errors import NotFoundError
from gatepass.translation.message import Message

_MOST = 50  # entries on one page
_AT_ONCE = 500  # entries of an export that are read together
_LONGEST_NUMBER = 18  # digits, of an entry's number

_WORDS: dict[str, Message] = {
    "access.denied": Message("Access denied ({status}): {method}, {reason}"),
    "application.automatic_rotation": Message(
        "Turned automatic rotation {state} (every {days} days at most; overlap: {overlap})"
    ),
    "application.copied": Message("Copied the settings of {source} ({environment})"),
    "application.deleted": Message("Deleted an application"),
    "application.disabled": Message("Disabled an application"),
    "application.enabled": Message("Enabled an application"),
    "application.imported": Message("Imported an application"),
    "application.registered": Message("Registered an application"),
    "client_key.added": Message("Added the key {key} (kid: {kid}; end: {end})"),
    "client_key.changed": Message(
        "Changed the key {key} (before: {before}; kid: {kid}; end: {end})"
    ),
    "client_key.revoked": Message("Revoked the key {key} (kid: {kid})"),
    "client_certificate.added": Message(
        "Added the certificate {certificate} ({recognised_by}; end: {end})"
    ),
    "client_certificate.removed": Message(
        "Removed the certificate {certificate} ({recognised_by})"
    ),
    "client_key.setting_changed": Message(
        "Changed how keys are used (JWK Set: {jwks_uri}; older audiences: {legacy_audience})"
    ),
    "application.rotated": Message("Rotated the secret (overlap: {overlap}; new: ...{new_secret})"),
    "application.tokens_voided": Message("Revoked all tokens"),
    "audit.erased": Message("Erased what {entries} entries said of a person"),
    "audit.suppressed": Message(
        "{times} more entries of {action} were not recorded, since {since}"
    ),
    "client.refused": Message("Token refused: {reason} ({times} times)"),
    "factor.added": Message("Added a second factor: {factor}"),
    "factor.recovery_code_used": Message("Used a recovery code (left: {left})"),
    "factor.recovery_codes_made": Message("Made new recovery codes"),
    "factor.removed": Message("Removed a second factor: {factor}"),
    "factor.renamed": Message("Renamed a second factor to {factor}"),
    "invitation.accepted": Message("Accepted an invitation ({role})"),
    "invitation.created": Message("Invited by mail ({role})"),
    "invitation.resent": Message("Sent an invitation again ({role})"),
    "invitation.revoked": Message("Revoked an invitation ({role})"),
    "keys.rotated": Message("Rotated keys: {keys}"),
    "login": Message("Logged in"),
    "login.refused": Message("Login refused: {reason}"),
    "logout": Message("Logged out"),
    "operator.added": Message("Added an operator ({roles})"),
    "operator.removed": Message("Removed an operator ({roles})"),
    "operator.roles_changed": Message("Changed an operator's roles to {roles}. Before: {before}"),
    "organization.created": Message("Created the organization"),
    "organization.linked": Message("Linked the organization with the one in production"),
    "organization.renamed": Message("Renamed the organization. Before: {before}"),
    "organization.resumed": Message("Resumed the organization"),
    "organization.suspended": Message("Suspended the organization"),
    "organization.unlinked": Message("Ended the link with the organization in production"),
    "passkey.counter_went_back": Message("A passkey may have been copied: {passkey}"),
    "person.added": Message("Added a user ({role})"),
    "person.changed": Message("Changed a user's {fields}"),
    "person.connected": Message("Connected an account with {provider}"),
    "person.deleted": Message("Deleted a user"),
    "person.disabled": Message("Disabled a user"),
    "person.disconnected": Message("Disconnected an account from {provider}"),
    "person.email_confirmed": Message("Confirmed the email address {email}"),
    "person.email_link_sent": Message("Sent a link to confirm the email address {email}"),
    "person.email_rejected": Message("Rejected the email address {email}"),
    "person.email_requested": Message("Requested a new email address, to be confirmed: {email}"),
    "person.enabled": Message("Enabled a user"),
    "person.factors_reset": Message("Removed the second factors of a user"),
    "person.language_changed": Message("Changed the language of pages and mail"),
    "person.password_changed": Message("Changed the password"),
    "person.password_recovered": Message("Set a new password by a link in a mail"),
    "person.password_reset": Message("Set an initial password"),
    "person.recovery_requested": Message("Asked for a link to set a new password"),
    "person.role_changed": Message("Changed the role to {role}"),
    "person.session_ended": Message("Ended a session of a user ({program}, from {address})"),
    "person.sessions_ended": Message("Ended all sessions of a user"),
    "policy.changed": Message("Changed the policies. Before: {before}. Now: {after}"),
    "resource.added": Message("Added a resource"),
    "resource.changed": Message("Changed a resource"),
    "resource.removed": Message("Removed a resource"),
    "scope.added": Message("Added a scope"),
    "scope.changed": Message("Changed a scope"),
    "scope.removed": Message("Removed a scope"),
    "secret.all_ended": Message(
        "Revoked all secrets ({secrets}): unused since {unused_since}, the key {key} is in use"
    ),
    "secret.end_changed": Message("Changed the end of the secret {secret}: {end}"),
    "secret.ended": Message("Revoked the secret {secret}"),
    "secret.leak_reported": Message(
        "The secret {secret} was reported as leaked: it ends {end}; {others}. Found at: {location}"
    ),
    "secret.leaked": Message("Marked the secret {secret} as leaked: it is revoked"),
    "secret.prepared": Message("Made a new secret for its rotation (...{new_secret})"),
    "secret.rotated": Message(
        "Rotated its secret itself (overlap: {overlap}; new: ...{new_secret})"
    ),
    "secret.rotation_undone": Message("Undid a rotation (revoked: {secret}; kept: {kept})"),
    "sessions.all_ended": Message("Ended all sessions"),
    "sessions.others_ended": Message("Ended all other sessions"),
    "single_sign_on.changed": Message("Changed the setup of single sign-on"),
    "single_sign_on.disabled": Message("Turned single sign-on off"),
    "single_sign_on.domain_added": Message("Added a domain of single sign-on"),
    "single_sign_on.domain_proved": Message("Proved a domain of single sign-on"),
    "single_sign_on.domain_removed": Message("Removed a domain of single sign-on"),
    "single_sign_on.enabled": Message("Turned single sign-on on"),
    "single_sign_on.refused": Message("Refused a login by single sign-on"),
    "single_sign_on.tested": Message("Tested single sign-on"),
    "step_up": Message("Proved again who they are ({method})"),
    "step_up.refused": Message("Wrong proof of who they are ({method})"),
    "token.leak_reported": Message(
        "A token was reported as leaked and is revoked. Found at: {location}"
    ),
    "token.revoked": Message("Revoked a token"),
    "token.test_issued": Message("Got a test token ({scope})"),
    "webhook.added": Message("Added a webhook endpoint (events: {events})"),
    "webhook.changed": Message("Changed a webhook endpoint's {fields}"),
    "webhook.disabled": Message("Disabled a webhook endpoint"),
    "webhook.enabled": Message("Enabled a webhook endpoint"),
    "webhook.removed": Message("Removed a webhook endpoint"),
    "webhook.secret_rotated": Message(
        "Rotated the secret of a webhook endpoint (the old one works until: {old_secret_until})"
    ),
    "webhook.sent_again": Message("Sent events to a webhook endpoint again ({deliveries})"),
    "webhook.tested": Message("Tested a webhook endpoint"),
} | {group.action: Message(group.activity) for group in table.GROUPS}
_ONCE = {"client.refused": Message("Token refused: {reason}")}


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
    """Return the entry in words; an action without words is shown by its name.

    A name that an older entry lacks in its detail is shown as "?", one that was erased as that.
    """
    words = _WORDS.get(entry.action)
    if words is None:
        return entry.action.replace(".", " ").replace("_", " ").capitalize()
    if entry.detail.get("times") == "1":
        words = _ONCE.get(entry.action, words)
    names = [name for _, name, _, _ in Formatter().parse(words.text) if name]
    missing = entry.detail.get(ERASED, "?")
    return words.with_values(**{name: entry.detail.get(name, missing) for name in names})


def _number(text: str | None) -> int | None:
    if text is None:
        return None
    if not (text.isascii() and text.isdecimal()) or len(text) > _LONGEST_NUMBER:
        raise NotFoundError(text)
    return int(text)
