"""Making and rotating keys, by schedule or by command."""

from collections.abc import Iterable
from datetime import datetime

from gatepass.jose.signing import SigningKey
from gatepass.server.domain.audit import store as audit
from gatepass.server.domain.audit.model import Actor, entry
from gatepass.server.domain.catalogue.model import Purpose
from gatepass.server.domain.changes import store as changes
from gatepass.server.domain.keys import store
from gatepass.server.domain.keys.generation import make
from gatepass.server.domain.keys.model import (
    PUBLISHED_AHEAD,
    Key,
    current,
    is_due,
    of_purpose,
    proves_until,
    proving,
)
from gatepass.server.domain.revocations.feed import store as feed
from gatepass.server.environment.environment import Environment
from gatepass.server.storage.database import Connection

SCHEDULE = Actor("schedule")


def rotate(environment: Environment, by: Actor, *, at_once: bool) -> None:
    """Make the next key of each purpose, used once it has been published long enough.

    `at_once`, for an emergency: used from now on, and no other key proves a token any more.
    """
    now = environment.now()
    with environment.database.write() as connection:
        known = store.all_keys(connection, environment.master, environment.mode)
        if at_once:
            _end(connection, [key for key in known if not key.has_ended(now)], now)
        active_from = now if at_once else now + PUBLISHED_AHEAD
        _make(connection, environment, by, environment.purposes, active_from)
    environment.refresh()


def rotate_due(environment: Environment) -> None:
    """Make the next keys where it is time to, and delete those that prove nothing any more."""
    now, every = environment.now(), environment.key_rotation
    with environment.database.read() as connection:
        if not _due(connection, environment, now) and not _spent(connection, environment, now):
            return
    with environment.database.write() as connection:  # another process may have been faster
        due = _due(connection, environment, now)
        store.remove(connection, _spent(connection, environment, now))
        if due:
            _make(connection, environment, SCHEDULE, due, now + min(PUBLISHED_AHEAD, every))
    environment.refresh()


def all_keys(environment: Environment) -> tuple[Key, ...]:
    """Give every key that is kept."""
    with environment.database.read() as connection:
        return store.all_keys(connection, environment.master, environment.mode)


def state(key: Key, keys: Iterable[Key], now: datetime) -> str:
    """Say what a key is for at `now`: next, in use, proves until then, or ended."""
    kept = tuple(keys)
    if key not in proving(kept, now):
        return "ended"
    if key.active_from > now:
        return "next"
    if key == current(kept, key.purpose, now):
        return "in use"
    until = proves_until(key, kept, now)
    return f"proves until {until:%Y-%m-%d}" if until else "proves"


def _end(connection: Connection, keys: Iterable[Key], now: datetime) -> None:
    """Take keys out of use at once, and tell guards which signatures prove nothing any more."""
    ended = tuple(keys)
    store.end(connection, [key.id for key in ended], now)
    for key in ended:
        if key.purpose != "seal":
            kid = SigningKey(key.purpose, key.secret).kid
            feed.note_gone(connection, changes.KEY_GONE, kid, now)


def _due(connection: Connection, environment: Environment, now: datetime) -> list[Purpose]:
    known = store.all_keys(connection, environment.master, environment.mode)
    return [
        purpose
        for purpose in environment.purposes
        if is_due(known, purpose, now, environment.key_rotation)
    ]


def _spent(connection: Connection, environment: Environment, now: datetime) -> list[int]:
    known = store.all_keys(connection, environment.master, environment.mode)
    good = proving(known, now)
    return [key.id for key in known if key not in good and of_purpose(known, key.purpose, now)]


def _make(
    connection: Connection,
    environment: Environment,
    by: Actor,
    purposes: Iterable[Purpose],
    active_from: datetime,
) -> None:
    now = environment.now()
    made = [
        make(connection, environment.master, environment.mode, purpose, now, active_from)
        for purpose in purposes
    ]
    said = ", ".join(f"{key.id} ({key.purpose})" for key in made)
    audit.record(connection, entry(by, now, "keys.rotated", environment.name, keys=said))
