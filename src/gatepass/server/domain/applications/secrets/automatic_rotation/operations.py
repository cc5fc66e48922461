"""What an application does to its own secret, and what administrators do about it."""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID, uuid4

import structlog

from gatepass.server.domain.applications import store as applications
from gatepass.server.domain.applications.model import (
    OVERLAPS,
    Application,
    ApplicationSecret,
    new_secret,
)
from gatepass.server.domain.applications.secrets.automatic_rotation import store
from gatepass.server.domain.applications.secrets.automatic_rotation.model import (
    LiveSecrets,
    Part,
    Rotation,
    Setting,
    check_prepare,
    check_setting,
    live_secrets,
    next_rotation,
    seconds_until,
    successor_end,
    undoable,
)
from gatepass.server.domain.applications.secrets.end import in_words
from gatepass.server.domain.applications.secrets.leaks.operations import has_leaked
from gatepass.server.domain.applications.secrets.operations import remove_ended
from gatepass.server.domain.applications.transaction_steps import (
    begin_change,
    emit_rotated,
    end_in_words,
    find_owned,
    record_change,
)
from gatepass.server.domain.audit.model import Actor
from gatepass.server.domain.context import Context
from gatepass.server.domain.organizations.policies import store as policies
from gatepass.server.domain.users.notices import mails
from gatepass.server.storage.database import Connection
from gatepass.translation.message import Message
from gatepass.wire.errors import OAuthError
from gatepass.wire.secret import Secret

_A_MOMENT = timedelta(milliseconds=1)

log = structlog.get_logger("gatepass.server")


class Prepared(NamedTuple):
    """The one sight of a prepared secret, and when it ends."""

    secret: Secret
    expires_at: datetime | None


@dataclass(frozen=True, slots=True)
class Status:
    """Which of the live secrets a caller has presented, and when it may rotate next.

    `wait` is how many seconds that is from now, so that no caller compares clocks.
    """

    part: Part
    expires_at: datetime | None
    next_rotation: datetime | None
    wait: int
    previous_expires_at: datetime | None


@dataclass(frozen=True, slots=True)
class _Change:
    """A transaction of an application on its own secrets, and what it finds there."""

    connection: Connection
    application: Application
    rotation: Rotation
    secrets: LiveSecrets
    by: Actor
    now: datetime

    def put(self, rotation: Rotation) -> None:
        store.put(self.connection, self.application.id, rotation)

    def record(self, action: str, **detail: str) -> None:
        record_change(self.connection, self.by, self.now, self.application, action, **detail)


def prepare(context: Context, app_id: UUID, presented: UUID, source: str) -> Prepared:
    """Make a second secret, or replace one that was made before and never used.

    `presented` is the secret that has authenticated the request. The current one keeps working,
    with the same end. Raises OAuthError where automatic rotation is off, or cannot be done now.
    """
    with _begin(context, app_id, presented, source) as change:
        current, now = change.secrets.current, change.now
        check_prepare(change.secrets, change.rotation, presented, now)
        policy = policies.find_in_force(
            context.database, change.connection, change.application.org_id
        )
        end = successor_end(current, now, policy.longest_secret_days)
        created_at = now if current is None else max(now, current.created_at + _A_MOMENT)
        entropy = secrets.token_bytes(32)
        secret, kept = new_secret(uuid4(), context.mode, entropy, created_at, end)
        remove_ended(context, change.connection, app_id, now)
        if change.secrets.prepared is not None:
            applications.end_secret(change.connection, change.secrets.prepared.id, now)
        applications.add_secret(change.connection, app_id, kept)
        change.put(replace(change.rotation, prepared=kept.id, prepared_at=now))
        change.record("secret.prepared", new_secret=kept.last_four, **end_in_words(end))
    return Prepared(secret, end)


def commit(context: Context, app_id: UUID, presented: UUID, source: str) -> Status:
    """Begin the overlap after which the old secret ends; `presented` is the new one.

    Doing it again changes nothing. Raises OAuthError for any other secret.
    """
    with _begin(context, app_id, presented, source) as change:
        if change.secrets.part(presented) == "prepared":
            after = _commit(context, change)
        elif presented == change.rotation.committed:
            after = change.rotation
        else:
            raise OAuthError(
                "invalid_request",
                "Commit with the new secret, the one that prepare has returned."
                if change.secrets.prepared
                else "There is no new secret to commit. Prepare one first.",
                reason="rotation_not_now",
                status=409,
            )
        application = find_owned(change.connection, app_id, None)
        now = change.now
    return _status(live_secrets(application, after, now), after, presented, now)


def status(context: Context, app_id: UUID, presented: UUID) -> Status:
    """Return which secret `presented` is; raise OAuthError where automatic rotation is off."""
    with context.database.read() as connection:
        application = find_owned(connection, app_id, None)
        rotation = store.find(context.database, connection, app_id)
    now = application.change_time(context.now())
    secrets_ = live_secrets(application, rotation, now)
    _check_allowed(application, rotation, secrets_, presented)
    return _status(secrets_, rotation, presented, now)


def configure(
    context: Context, by: Actor, app_id: UUID, org_id: UUID | None, setting: Setting
) -> None:
    """Turn automatic rotation on or off, and set how often and with which overlap.

    A secret that is prepared stays live: it may be what programs read by now. Raises OAuthError for
    a setting that is not offered, and where a rotation still waits for the first use of a secret.
    """
    check_setting(setting)
    with begin_change(context, app_id, org_id) as (connection, application, now):
        if not context.database.has(connection, store.REVISION):
            raise OAuthError(
                "temporarily_unavailable",
                Message(
                    "Automatic rotation cannot be set yet: the database has the tables of the "
                    "version before. The operator runs `gatepass migrate`."
                ),
                log_detail="tables of the version before",
                status=503,
            )
        rotation = store.find(context.database, connection, app_id)
        if setting.is_on and any(each.ends_on_use_of for each in application.live_secrets(now)):
            raise OAuthError(
                "invalid_request",
                Message(
                    "The current rotation ends the old secret at the first use of the new one. "
                    "Use the new secret first."
                ),
            )
        if rotation.setting == setting:
            return
        store.put(connection, app_id, replace(rotation, setting=setting))
        record_change(
            connection,
            by,
            now,
            application,
            "application.automatic_rotation",
            state="on" if setting.is_on else "off",
            days=str(setting.interval.days),
            overlap=OVERLAPS[setting.overlap],
        )


def undo(context: Context, by: Actor, app_id: UUID, org_id: UUID | None) -> None:
    """Revoke the secret of the last commit, give the old one its end back, and turn it off.

    Whoever has the old secret could do the same rotation again, so it stays off until somebody
    turns it on. Raises OAuthError where the old secret has ended, or another rotation was done.
    """
    with begin_change(context, app_id, org_id) as (connection, application, now):
        rotation = store.find(context.database, connection, app_id)
        found = undoable(application, rotation, now)
        if found is None or found.current is None:
            raise OAuthError(
                "invalid_request",
                Message(
                    "This rotation cannot be undone any more: the old secret has ended, or the "
                    "secret was rotated again. Rotate it here instead."
                ),
                status=409,
            )
        (old,) = found.previous
        applications.set_end(connection, replace(old, expires_at=rotation.replaced_end))
        applications.end_secret(connection, found.current.id, now)
        off = replace(rotation.setting, is_on=False)
        store.put(connection, app_id, replace(rotation, setting=off, committed=None, replaced=None))
        record_change(
            connection,
            by,
            now,
            application,
            "secret.rotation_undone",
            secret=found.current.last_four,
            kept=old.last_four or "imported",
        )


def end_prepared(
    context: Context, connection: Connection, by: Actor, app_id: UUID, end: datetime
) -> None:
    """Let a prepared secret end at `end` at the latest, in the transaction of the caller.

    The current one was reported as leaked, so the one who found it may have prepared the other.
    """
    application = find_owned(connection, app_id, None)
    now = application.change_time(context.now())
    rotation = store.find(context.database, connection, app_id)
    prepared = live_secrets(application, rotation, now).prepared
    if prepared is None or (prepared.expires_at is not None and prepared.expires_at <= end):
        return
    applications.set_end(connection, replace(prepared, expires_at=end))
    record_change(
        connection,
        by,
        now,
        application,
        "secret.end_changed",
        secret=prepared.last_four,
        end=in_words(end),
    )


def find(context: Context, app_id: UUID) -> Rotation:
    """Return the rotation of an application."""
    with context.database.read() as connection:
        return store.find(context.database, connection, app_id)


@contextmanager
def _begin(context: Context, app_id: UUID, presented: UUID, source: str) -> Iterator[_Change]:
    """Open a transaction of an application on its own secrets, as they are now."""
    with begin_change(context, app_id, None) as (connection, application, now):
        rotation = store.find(context.database, connection, app_id)
        found = live_secrets(application, rotation, now)
        _check_allowed(application, rotation, found, presented)
        _check_not_leaked(context, connection, application, now)
        by = Actor(application.name, source, application.org_id, "application")
        yield _Change(connection, application, rotation, found, by, now)


def _check_allowed(
    application: Application, rotation: Rotation, found: LiveSecrets, presented: UUID
) -> None:
    """Raise OAuthError where the setting is off, or where memory has let in what ended since."""
    is_stopped = application.disabled_at or application.org_suspended_at
    if is_stopped or found.part(presented) is None:
        raise OAuthError(
            "invalid_client",
            "Client authentication failed.",
            log_detail="the secret or the application was ended a moment ago",
            reason="expired_secret",
        )
    if not rotation.setting.is_on:
        raise OAuthError(
            "unauthorized_client",
            "Automatic rotation is off for this application. "
            "An administrator can turn it on in the portal.",
            reason="rotation_off",
        )


def _check_not_leaked(
    context: Context, connection: Connection, application: Application, now: datetime
) -> None:
    """Raise OAuthError where a live secret was reported as leaked.

    Whoever found it could make a secret of their own with it, or have prepared one before.
    """
    if any(has_leaked(context, connection, each.id) for each in application.live_secrets(now)):
        raise OAuthError(
            "unauthorized_client",
            "A secret of this application was reported as leaked, so it cannot rotate itself. "
            "An administrator makes a new secret in the portal.",
            reason="rotation_not_now",
        )


def _commit(context: Context, change: _Change) -> Rotation:
    """Write a commit: the ends of the older secrets, the row, the audit entry, the mail."""
    new, old = change.secrets.prepared, change.secrets.current
    assert new is not None  # noqa: S101 - the caller has presented it
    overlap = change.rotation.setting.overlap
    end = change.now + overlap
    for each in (*([old] if old else []), *change.secrets.previous):
        ends = end if each.expires_at is None else min(each.expires_at, end)
        applications.set_end(change.connection, replace(each, expires_at=ends))
    after = replace(
        change.rotation,
        prepared=None,
        prepared_at=None,
        committed=new.id,
        committed_at=change.now,
        committed_from=change.by.source,
        replaced=old.id if old else None,
        replaced_end=old.expires_at if old else None,
    )
    change.put(after)
    change.record(
        "secret.rotated",
        new_secret=new.last_four,
        overlap=OVERLAPS[overlap],
        **end_in_words(new.expires_at),
    )
    old_end = min(old.expires_at or end, end) if old else None
    emit_rotated(context, change.connection, change.application, new, old_end, change.now)
    _tell_administrators(context, change, new, old, end)
    log.info("secret.rotated", environment=context.name, client_id=change.application.client_id)
    return after


def _tell_administrators(
    context: Context,
    change: _Change,
    new: ApplicationSecret,
    old: ApplicationSecret | None,
    end: datetime,
) -> None:
    if not context.outbox.sends_mail:
        return
    said = {
        "application": change.application.name,
        "application_id": str(change.application.id),
        "new": new.last_four,
        "old": (old.last_four or "imported") if old else "",
        "old_end": in_words(min(old.expires_at or end, end)) if old else "",
        "source": change.by.source,
    }
    org_id, now = change.application.org_id, change.now
    mails.tell_administrators(context, change.connection, org_id, "secret_rotated", now, **said)


def _status(found: LiveSecrets, rotation: Rotation, presented: UUID, now: datetime) -> Status:
    part = found.part(presented) or "current"
    live = {"current": found.current, "prepared": found.prepared}.get(part) or next(
        (each for each in found.previous if each.id == presented), None
    )
    ends = [each.expires_at for each in found.previous if each.expires_at is not None]
    allowed_from = next_rotation(rotation, found)
    return Status(
        part,
        live.expires_at if live else None,
        allowed_from,
        seconds_until(allowed_from, now),
        max(ends, default=None),
    )
