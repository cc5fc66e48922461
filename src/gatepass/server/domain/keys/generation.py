"""Making keys, within a transaction of the caller's."""

import secrets
from collections.abc import Iterable
from datetime import datetime

from gatepass.jose.signing import generate
from gatepass.server.domain.catalogue.model import Purpose
from gatepass.server.domain.keys import store
from gatepass.server.domain.keys.master_key import MasterKey
from gatepass.server.domain.keys.model import PUBLISHED_AHEAD, Key, of_purpose
from gatepass.server.storage.database import Connection
from gatepass.wire.credential import Mode

_SEALING_BYTES = 32


def make(
    connection: Connection,
    master: MasterKey,
    mode: Mode,
    purpose: Purpose,
    now: datetime,
    active_from: datetime,
) -> Key:
    """Make a key and keep it."""
    secret = secrets.token_bytes(_SEALING_BYTES) if purpose == "seal" else generate(purpose)
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
    """Make the keys that are needed and not there yet.

    The first keys of an environment are used at once. A key of an algorithm that is new in one
    whose keys are published already is published first, as in a rotation: resource servers may
    have the set cached. Until then another key signs (see `ring.keyring`).
    """
    known = store.all_keys(connection, master, mode)
    is_published = any(each.purpose != "seal" for each in known)
    for purpose in purposes:
        if not of_purpose(known, purpose, now):
            waits = is_published and purpose != "seal"
            active_from = now + PUBLISHED_AHEAD if waits else now
            make(connection, master, mode, purpose, now, active_from)
