"""Making keys, within a transaction of the caller's."""

import secrets
from collections.abc import Iterable
from datetime import datetime

from gatepass.server.catalogue.model import Purpose
from gatepass.server.database import Connection
from gatepass.server.keys import store
from gatepass.server.keys.master import MasterKey
from gatepass.server.keys.model import Key, current
from gatepass.server.token.signed import generate
from gatepass.wire.credential import Mark

_SEALING_BYTES = 32


def make(
    connection: Connection,
    master: MasterKey,
    mark: Mark,
    purpose: Purpose,
    now: datetime,
    active_from: datetime,
) -> Key:
    """Make a key and keep it."""
    secret = secrets.token_bytes(_SEALING_BYTES) if purpose == "seal" else generate(purpose)
    new = Key(store.next_id(connection), purpose, secret, now, active_from)
    store.add(connection, new, master, mark)
    return new


def ensure(
    connection: Connection,
    master: MasterKey,
    mark: Mark,
    purposes: Iterable[Purpose],
    now: datetime,
) -> None:
    """Make the keys that are needed and not there yet, to be used at once."""
    known = store.all_keys(connection, master, mark)
    for purpose in purposes:
        if current(known, purpose, now) is None:
            make(connection, master, mark, purpose, now, now)
