"""What a restored database brings back, in numbers, and what a restore does to it."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import Connection, func, or_, select

from gatepass.server.domain.applications import store as applications
from gatepass.server.domain.applications.keys import store as _keys
from gatepass.server.domain.applications.keys.certificates import store as _certificates
from gatepass.server.domain.applications.keys.certificates.ends import store as _certificate_ends
from gatepass.server.domain.applications.keys.methods.expiry.sources import store as _expiry
from gatepass.server.domain.applications.keys.used import store as _used_assertions
from gatepass.server.domain.applications.model import CLOCK_MARGIN
from gatepass.server.domain.applications.secrets.automatic_rotation import (
    store as _automatic_rotation,
)
from gatepass.server.domain.applications.secrets.leaks import store as _leaks
from gatepass.server.domain.applications.secrets.uses import store as _secret_uses
from gatepass.server.domain.applications.settings import store as _settings
from gatepass.server.domain.applications.store import application, secret
from gatepass.server.domain.audit import store as audit
from gatepass.server.domain.audit.forwarding import store as _audit_forwarding
from gatepass.server.domain.audit.model import Actor, entry
from gatepass.server.domain.changes import store as changes
from gatepass.server.domain.changes.outbox import store as outbox
from gatepass.server.domain.changes.webhooks import store as webhooks
from gatepass.server.domain.imports import store as _imports
from gatepass.server.domain.organizations.policies import store as _policies
from gatepass.server.domain.organizations.search.names import store as _names
from gatepass.server.domain.organizations.store import organization
from gatepass.server.domain.revocations.followers import store as _followers
from gatepass.server.domain.revocations.leak_reports import store as _leak_reports
from gatepass.server.domain.revocations.store import revocation
from gatepass.server.domain.throttling import store as _throttling
from gatepass.server.domain.usage import store as _usage
from gatepass.server.domain.usage.rising import store as _rising
from gatepass.server.domain.users.factors import store as factors
from gatepass.server.domain.users.invitations import store as _invitations
from gatepass.server.domain.users.links import store as links
from gatepass.server.domain.users.notices import store as _notices
from gatepass.server.domain.users.notices.languages import store as _languages
from gatepass.server.domain.users.operators import store as _operators
from gatepass.server.domain.users.sessions import store as sessions
from gatepass.server.domain.users.sessions.linked import store as _linked
from gatepass.server.domain.users.sessions.logins import store as _logins
from gatepass.server.domain.users.sessions.proofs import store as _proofs
from gatepass.server.domain.users.sessions.store import session
from gatepass.server.domain.users.single_sign_on import store as single_sign_on
from gatepass.server.domain.users.store import user
from gatepass.server.environment.backup.errors import BackupError
from gatepass.server.storage.database import metadata
from gatepass.server.storage.heartbeat import store as _heartbeat
from gatepass.server.storage.heartbeat.store import heartbeat
from gatepass.server.storage.idempotency import store as _idempotency
from gatepass.server.storage.migrations.revisions import NEWEST
from gatepass.server.storage.timestamps import milliseconds

_BEFORE_RESTORE = "it waited when the backup was made, and may have been sent since"
_EVERY_STORE = (
    _audit_forwarding,
    _automatic_rotation,
    _certificate_ends,
    _certificates,
    _expiry,
    _followers,
    _heartbeat,
    _idempotency,
    _imports,
    _languages,
    _invitations,
    _keys,
    _leak_reports,
    _leaks,
    _linked,
    _logins,
    _names,
    _notices,
    _operators,
    _policies,
    _proofs,
    _rising,
    _secret_uses,
    _settings,
    _throttling,
    _usage,
    _used_assertions,
)  # `metadata` has their tables


@dataclass(frozen=True, slots=True)
class Revived:
    """What a restored environment contains, in numbers; `sessions` is None where they ended."""

    organizations: int
    people: int
    people_who_log_in: int
    applications: int
    applications_enabled: int
    secrets_valid: int
    sessions_ended: int | None
    sessions: int
    tokens_revoked_singly: int


def check_tables(names: Collection[str], revision: str) -> None:
    """Raise BackupError where another program's tables are among those of this version."""
    others = sorted(set(names) - set(metadata.tables))
    if revision == NEWEST and others:
        raise BackupError(
            f"The database also has tables of another program ({', '.join(others[:3])}). "
            "Give Gatepass a database, or on PostgreSQL a schema, of its own."
        )


def finish_restore(
    connection: Connection,
    by: Actor,
    environment: str,
    *,
    keep_sessions: bool,
    keep_tokens: bool,
) -> Revived:
    """End sessions and revoke tokens, unless they are kept; count what there is."""
    now = _now(connection)
    ended = None if keep_sessions else sessions.end_all(connection)
    if not keep_tokens:
        applications.void_all_tokens(connection, now + CLOCK_MARGIN)
    outbox.fail_all(connection, now, _BEFORE_RESTORE)
    webhooks.fail_waiting(connection, now, _BEFORE_RESTORE)
    links.remove_of_users(connection)
    factors.end_all_pending(connection)
    single_sign_on.remove_attempts(connection)
    changes.start_over(connection, now)
    tokens = "kept" if keep_tokens else "revoked"
    kept = "kept" if keep_sessions else "ended"
    record = entry(by, now, "environment.restored", environment, tokens=tokens, sessions=kept)
    audit.record(connection, record)
    return _count(connection, now, ended)


def position(connection: Connection) -> changes.Position:
    """Return the place of the newest change, which every change of partners' data moves."""
    return changes.newest(connection)


def last_sign_of_life(connection: Connection) -> datetime | None:
    """Return when a server wrote last that it works on the database."""
    return connection.execute(select(func.max(heartbeat.c.at))).scalar()


def _now(connection: Connection) -> datetime:
    """Return the time, never earlier than what is stored: the clock may have been set back."""
    now = datetime.now(UTC)
    now = now.replace(microsecond=now.microsecond // 1000 * 1000)
    newest = changes.newest(connection).at
    used = connection.execute(select(func.max(application.c.last_used_at))).scalar()
    latest = max(milliseconds(now), newest, milliseconds(used) if used else 0)
    return datetime.fromtimestamp(latest / 1000, UTC)


def _count(connection: Connection, now: datetime, ended: int | None) -> Revived:
    valid = or_(secret.c.expires_at.is_(None), secret.c.expires_at > now)
    counts = {
        "organizations": select(func.count()).select_from(organization),
        "people": select(func.count()).select_from(user),
        "people_who_log_in": select(func.count()).where(
            user.c.password_hash.is_not(None), user.c.disabled_at.is_(None)
        ),
        "applications": select(func.count()).select_from(application),
        "applications_enabled": select(func.count()).where(application.c.disabled_at.is_(None)),
        "secrets_valid": select(func.count()).select_from(secret).where(valid),
        "sessions": select(func.count()).select_from(session),
        "tokens_revoked_singly": select(func.count()).where(revocation.c.expires_at > now),
    }
    found = {name: connection.execute(query).scalar_one() for name, query in counts.items()}
    return Revived(sessions_ended=ended, **found)
