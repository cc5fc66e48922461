"""Making and rotating keys, by schedule or by command."""

import secrets
from collections.abc import Collection, Iterable
from datetime import datetime

from gatepass.jose.signing import SigningKey, generate
from gatepass.server.domain.audit import store as audit
from gatepass.server.domain.audit.model import Actor, entry
from gatepass.server.domain.changes import store as changes
from gatepass.server.domain.changes import tombstones
from gatepass.server.domain.changes.webhooks.model import instant
from gatepass.server.domain.context import Context
from gatepass.server.domain.keys import store
from gatepass.server.domain.keys.model import (
    PUBLISHED_AHEAD,
    Key,
    current,
    is_due,
    of_purpose,
    verifies_until,
    verifying,
)
from gatepass.server.domain.token_policy import Purpose
from gatepass.server.storage.database import Connection
from gatepass.server.storage.master_key import MasterKey
from gatepass.wire.credential import Mode

SCHEDULE = Actor("schedule")
_OPAQUE_TOKEN_KEY_SIZE = 32  # bytes


def rotate(context: Context, purposes: Collection[Purpose], by: Actor, *, at_once: bool) -> None:
    """Make the next key of each purpose, used once it has been published long enough.

    `at_once`, for an emergency: used from now on, and no other key proves a token any more.
    """
    now = context.now()
    with context.database.write() as connection:
        known = store.all_keys(connection, context.master_key, context.mode)
        if at_once:
            _end(connection, [key for key in known if not key.has_ended(now)], now)
        active_from = now if at_once else now + PUBLISHED_AHEAD
        _make(connection, context, by, purposes, active_from)
    context.refresh()


def rotate_due(context: Context, purposes: Collection[Purpose]) -> None:
    """Make the next keys where it is time to, and delete those that prove nothing any more."""
    now, every = context.now(), context.token_policy.key_rotation
    with context.database.read() as connection:
        if not _due(connection, context, purposes, now) and not _spent(connection, context, now):
            return
    with context.database.write() as connection:  # another process may have been faster
        due = _due(connection, context, purposes, now)
        store.remove(connection, _spent(connection, context, now))
        if due:
            _make(connection, context, SCHEDULE, due, now + min(PUBLISHED_AHEAD, every))
    context.refresh()


def encrypt_again(context: Context, by: Actor) -> int:
    """Encrypt under the first master key every key that is not; return how many there were."""
    now = context.now()
    with context.database.write() as connection:
        changed = store.encrypt_again(connection, context.master_key, context.mode, now)
        if changed:
            record = entry(by, now, "master_key.rotated", context.name, keys=str(changed))
            audit.record(connection, record)
    context.refresh()
    return changed


def all_keys(context: Context) -> tuple[Key, ...]:
    """Return every key that is kept."""
    with context.database.read() as connection:
        return store.all_keys(connection, context.master_key, context.mode)


def state(key: Key, keys: Iterable[Key], now: datetime) -> str:
    """Return what a key is used for at `now`: next, in use, verifies until then, or ended."""
    kept = tuple(keys)
    if key not in verifying(kept, now):
        return "ended"
    if key.active_from > now:
        return "next"
    if key == current(kept, key.purpose, now):
        return "in use"
    until = verifies_until(key, kept, now)
    return f"verifies until {until:%Y-%m-%d}" if until else "verifies"


def make(
    connection: Connection,
    master: MasterKey,
    mode: Mode,
    purpose: Purpose,
    now: datetime,
    active_from: datetime,
) -> Key:
    """Make a key and store it, in the transaction of the caller."""
    secret = (
        secrets.token_bytes(_OPAQUE_TOKEN_KEY_SIZE) if purpose == "opaque" else generate(purpose)
    )
    new = Key(store.next_id(connection), purpose, secret, now, active_from)
    store.add(connection, new, master, mode)
    return new


def ensure(
    connection: Connection,
    master: MasterKey,
    mode: Mode,
    purposes: Iterable[Purpose],
    now: datetime,
) -> None:
    """Make the keys of `purposes` that do not exist yet, in the transaction of the caller.

    The first keys of an environment are used at once. A key of an algorithm that is new in one
    whose keys are published already is published first, as in a rotation: resource servers may
    have the set cached. Until then another key signs (see `keyring.keyring`).
    """
    known = store.all_keys(connection, master, mode)
    is_published = any(each.purpose != "opaque" for each in known)
    for purpose in purposes:
        if not of_purpose(known, purpose, now):
            waits = is_published and purpose != "opaque"
            active_from = now + PUBLISHED_AHEAD if waits else now
            make(connection, master, mode, purpose, now, active_from)


def _end(connection: Connection, keys: Iterable[Key], now: datetime) -> None:
    """Take keys out of use at once, and tell guards which signatures prove nothing any more."""
    ended = tuple(keys)
    store.end(connection, [key.id for key in ended], now)
    for key in ended:
        if key.purpose != "opaque":
            kid = SigningKey(key.purpose, key.secret).kid
            tombstones.record_deletion(connection, changes.KEY_GONE, kid, now)


def _due(
    connection: Connection, context: Context, purposes: Iterable[Purpose], now: datetime
) -> list[Purpose]:
    known = store.all_keys(connection, context.master_key, context.mode)
    return [
        purpose
        for purpose in purposes
        if is_due(known, purpose, now, context.token_policy.key_rotation)
    ]


def _spent(connection: Connection, context: Context, now: datetime) -> list[int]:
    known = store.all_keys(connection, context.master_key, context.mode)
    good = verifying(known, now)
    return [key.id for key in known if key not in good and of_purpose(known, key.purpose, now)]


def _make(
    connection: Connection,
    context: Context,
    by: Actor,
    purposes: Iterable[Purpose],
    active_from: datetime,
) -> None:
    now = context.now()
    made = [
        make(connection, context.master_key, context.mode, purpose, now, active_from)
        for purpose in purposes
    ]
    said = ", ".join(f"{key.id} ({key.purpose})" for key in made)
    audit.record(connection, entry(by, now, "keys.rotated", context.name, keys=said))
    context.webhooks.emit(
        connection,
        "key.rotated",
        now,
        purposes=[key.purpose for key in made],
        active_from=instant(active_from),
    )
