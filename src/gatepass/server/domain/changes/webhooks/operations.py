"""Writes events in the transactions of changes, and keeps what became of their deliveries.

Administration of the endpoints is in `organizations.webhooks`, as it leaves audit entries.
"""

import random
import secrets
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple
from uuid import UUID, uuid4

from gatepass.server.domain.changes.webhooks import store
from gatepass.server.domain.changes.webhooks.endpoints import store as endpoints
from gatepass.server.domain.changes.webhooks.events import ENDS_APPLICATION, EVENTS, Value
from gatepass.server.domain.changes.webhooks.model import (
    AT_ONCE,
    LEASE,
    LONGEST_ERROR,
    MOST_OF_OWNER,
    ONLY_PUBLIC,
    TRIED_FOR,
    AllowedNetworks,
    Delivery,
    DisabledBecause,
    Endpoint,
    Event,
    Result,
    next_try,
    rest_until,
)
from gatepass.server.storage.database import Connection, Database
from gatepass.server.storage.master_key import MasterKey, MasterKeyError

_PURPOSE = "gatepass webhook"
_KEY_SIZE = 32  # bytes


class Claimed(NamedTuple):
    """An endpoint that this process sends to now, its signing keys, and what is due.

    No `keys`: they were encrypted with another master key.
    """

    endpoint: Endpoint
    keys: tuple[bytes, ...]
    deliveries: Sequence[Delivery]


@dataclass(frozen=True, slots=True)
class Webhooks:
    """One environment's webhooks; `source` is its issuer, which events name as their source.

    Endpoints are at public addresses, or in the `allowed` networks of their owners.
    """

    database: Database
    master_key: MasterKey
    environment: str
    source: str
    allowed: AllowedNetworks = ONLY_PUBLIC

    def emit(
        self,
        connection: Connection,
        name: str,
        now: datetime,
        /,
        *,
        org_id: UUID | None = None,
        client_id: str = "",
        **data: Value,
    ) -> None:
        """Write an event, in the caller's transaction, for each endpoint that wants it.

        Where none does, nothing is written. `name` is of EVENTS, and `data` has its members:
        never a secret, a token or a password.
        """
        kind = EVENTS[name]
        if set(data) != set(kind.data):
            raise ValueError(f"{name} has the members {sorted(kind.data)}")
        if not self.database.has(connection, store.REVISION):
            return
        wanting = [
            endpoint_id
            for endpoint_id, events in endpoints.enabled_for(connection, org_id)
            if not events or name in events
        ]
        subject = self._subject(org_id, client_id)
        if wanting:
            new = Event(uuid4(), now, name, org_id, client_id, subject, data)
            store.add_event(connection, new)
            for endpoint_id in wanting:
                store.add_delivery(connection, endpoint_id, new, now, now + TRIED_FOR)
        if name == ENDS_APPLICATION:
            store.end_sequences(connection, subject)

    def is_wanted(self, name: str) -> bool:
        """Return whether an endpoint wants events of this kind, before work is done for them."""
        with self.database.read() as connection:
            has_tables = self.database.has(connection, store.REVISION)
            return has_tables and endpoints.any_wants(connection, name)

    def emit_to(
        self, connection: Connection, target: Endpoint, name: str, now: datetime, **data: Value
    ) -> int:
        """Write an event for one endpoint alone, in the caller's transaction; return its delivery.

        It goes there whatever the endpoint wants.
        """
        subject = self._subject(None, "")
        new = Event(uuid4(), now, name, target.org_id, "", subject, data)
        store.add_event(connection, new)
        return store.add_delivery(connection, target.id, new, now, now + TRIED_FOR)

    def claim(self, now: datetime, limit: int) -> list[Claimed]:
        """Take up to `limit` endpoints with deliveries that are due, which this process sends.

        Until they are released, or the lease is over, no other thread or process takes them. An
        organization has a few at a time, so that slow ones of it leave the others theirs.
        """
        with self.database.read() as connection:
            if not self.database.has(connection, store.REVISION):
                return []
            if not store.is_any_due(connection, now) or not store.ready(connection, now):
                return []
        with self.database.write() as connection:
            owners = Counter(endpoints.leased_owners(connection, now))
            taken: list[Claimed] = []
            for each in store.ready(connection, now):
                if len(taken) == limit:
                    break
                if each.org_id is None or owners[each.org_id] < MOST_OF_OWNER:
                    owners.update([each.org_id] if each.org_id else [])
                    due = store.due(connection, each.id, now, AT_ONCE)
                    endpoints.change(connection, each.id, leased_until=now + LEASE)
                    taken.append(Claimed(each, self._keys(each, now), due))
        return taken

    def release(self, endpoint_id: UUID, now: datetime) -> None:
        """Let others send to an endpoint again."""
        with self.database.write() as connection:
            endpoints.change(connection, endpoint_id, leased_until=now)

    def settle(
        self, connection: Connection, delivery: Delivery, result: Result, now: datetime
    ) -> tuple[Delivery | None, DisabledBecause]:
        """Note what came of a try, in the caller's transaction.

        Return the delivery as it is now, and why its endpoint should be disabled, if it should:
        its receiver has answered 410, or has taken nothing for three days. None where the
        delivery is not there any more.
        """
        target = endpoints.find(connection, delivery.endpoint_id)
        if target is None:
            return None, ""
        attempts = delivery.attempts + 1
        values: dict[str, object] = {
            "attempts": attempts,
            "tried_at": now,
            "status": result.status,
            "milliseconds": result.milliseconds,
            "error": result.error[:LONGEST_ERROR],
        }
        if result.is_success:
            values |= {"delivered_at": now, "due_at": None}
            well = {"failures": 0, "failing_since": None, "rests_until": None, "succeeded_at": now}
            endpoints.change(connection, target.id, **well)
        else:
            is_over = result.is_gone or now >= delivery.give_up_at
            again = next_try(attempts, now, random.random())  # noqa: S311 - it spreads load
            values |= {"failed_at": now, "due_at": None} if is_over else {"due_at": again}
            failures, since = target.failures + 1, target.failing_since or now
            rest = rest_until(failures, now)
            endpoints.change(
                connection, target.id, failures=failures, failing_since=since, rests_until=rest
            )
        store.change_delivery(connection, delivery.id, **values)
        found = next(iter(store.find_deliveries(connection, [delivery.id])), None)
        return found, _why_disabled(target, result, now)

    def new_key(self) -> tuple[bytes, bytes]:
        """Return a new signing key, and how it is stored: encrypted with the master key."""
        key = secrets.token_bytes(_KEY_SIZE)
        return key, self.master_key.encrypt(key, _PURPOSE)

    def encrypt_again(self) -> int:
        """Encrypt signing keys under the first master key; return how many were not.

        What no key decrypts stays as it is: its endpoint gets a new one by a rotation.
        """
        changed = 0
        with self.database.write() as connection:
            if not self.database.has(connection, store.REVISION):
                return 0
            for endpoint_id, secret, previous in endpoints.secrets(connection):
                for name, content in (("secret", secret), ("previous", previous)):
                    if content is None or self.master_key.is_under_first(content, _PURPOSE):
                        continue
                    with suppress(MasterKeyError):
                        plain = self.master_key.decrypt_stored(content, _PURPOSE)
                        again = {name: self.master_key.encrypt(plain, _PURPOSE)}
                        endpoints.change(connection, endpoint_id, **again)
                        changed += 1
        return changed

    def _keys(self, target: Endpoint, now: datetime) -> tuple[bytes, ...]:
        """Return the keys that sign now, the newest first."""
        stored = [target.secret]
        if target.previous and target.previous_until and now < target.previous_until:
            stored.append(target.previous)
        keys = []
        for each in stored:
            with suppress(MasterKeyError):
                keys.append(self.master_key.decrypt_stored(each, _PURPOSE))
        return tuple(keys)

    def _subject(self, org_id: UUID | None, client_id: str) -> str:
        if client_id:
            return f"application/{client_id}"
        return f"organization/{org_id}" if org_id else f"environment/{self.environment}"


def _why_disabled(target: Endpoint, result: Result, now: datetime) -> DisabledBecause:
    if target.disabled_at is not None or result.is_success:
        return ""
    if result.is_gone:
        return "gone"
    since = target.failing_since or now
    return "failing" if now - since >= TRIED_FOR else ""
