"""The outbox: messages are added in the transaction of a change, and sent after it is committed.

What a message says is encrypted with the master key, as it may contain a link that lets somebody
in; it is forgotten when the message was sent.
"""

import json
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta

from gatepass.server.domain.changes.outbox import store
from gatepass.server.domain.changes.outbox.model import (
    LONGEST_ERROR,
    TRIED_FOR,
    Channel,
    Message,
    State,
    next_attempt,
)
from gatepass.server.storage.database import Connection, Database
from gatepass.server.storage.errors import NotFoundError
from gatepass.server.storage.master_key import MasterKey, MasterKeyError

_PURPOSE = "gatepass outbox"
_MOST_LISTED = 1000
MOST_ALERTS = 30
"""Mails of one kind to the operator within an hour."""
_HOUR = timedelta(hours=1)
_UNREADABLE = "it was encrypted with another master key"


@dataclass(frozen=True, slots=True)
class Outbox:
    """One environment's outbox. Where no mail is sent, none is added."""

    database: Database
    master_key: MasterKey
    sends_mail: bool
    operator: str = ""
    """The address of the operator for alerts; empty: none."""

    def add_mail(
        self,
        connection: Connection,
        address: str | None,
        kind: str,
        values: Mapping[str, str],
        now: datetime,
        until: datetime | None = None,
    ) -> None:
        """Add a mail, in the caller's transaction; nothing without an address or without mail.

        It is tried for a day, or `until` what it says is no longer of use.
        """
        if self.sends_mail and address:
            give_up_at = min(until or now + TRIED_FOR, now + TRIED_FOR)
            store.add(connection, "mail", kind, address, self._content(values), now, give_up_at)

    def add_alert(
        self, connection: Connection, kind: str, values: Mapping[str, str], now: datetime
    ) -> None:
        """Add a mail to the operator, in the caller's transaction, if there were not too many.

        A partner can cause any number of some kinds; the log has each of them.
        """
        if not (self.sends_mail and self.operator):
            return
        if store.count_since(connection, kind, now - _HOUR) < MOST_ALERTS:
            self.add_mail(connection, self.operator, kind, values, now)

    def add_request(
        self,
        connection: Connection,
        address: str,
        kind: str,
        values: Mapping[str, str],
        now: datetime,
    ) -> None:
        """Add a request about an address, in the caller's transaction, that is answered later."""
        content = self._content(values)
        store.add(connection, "request", kind, address, content, now, now + TRIED_FOR)

    def claim(
        self, channel: Channel, kinds: Collection[str], now: datetime, limit: int
    ) -> list[Message]:
        """Take messages that are due, which this process then sends and settles."""
        with self.database.read() as connection:
            if not store.is_any_due(connection, channel, now):
                return []
        with self.database.write() as connection:
            rows = store.claim(connection, channel, kinds, now, limit)
            readable = [(row, self._values(row.content)) for row in rows]
            for row, values in readable:
                if values is None:
                    store.record_failed(connection, row.id, now, _UNREADABLE)
        return [_message(row, values) for row, values in readable if values is not None]

    def settle(
        self, message: Message, now: datetime, error: str = "", *, is_final: bool = False
    ) -> State:
        """Note that a message was sent, or why not; return what has become of it.

        With a final error, and after a day, it has failed; before that it is tried again.
        """
        error = error[:LONGEST_ERROR]
        with self.database.write() as connection:
            if not error:
                store.record_sent(connection, message.id, now)
                return "sent"
            if is_final or now >= message.give_up_at:
                store.record_failed(connection, message.id, now, error)
                return "failed"
            store.postpone(connection, message.id, next_attempt(message.attempts, now), error)
        return "waiting"

    def release(self, messages: Sequence[Message], now: datetime) -> None:
        """Give back messages that were not tried."""
        if messages:
            with self.database.write() as connection:
                for each in messages:
                    store.postpone(connection, each.id, now, each.error)

    def messages(
        self,
        channel: Channel,
        state: State | None = None,
        limit: int = _MOST_LISTED,
        before: int | None = None,
    ) -> list[Message]:
        """Return the newest messages, from before an id, without what they say."""
        with self.database.read() as connection:
            found = store.newest(connection, channel, state, limit, before)
        return [_message(row, {}) for row in found]

    def find(self, channel: Channel, message_id: int) -> Message:
        """Return a message, without what it says; raise NotFoundError where there is none."""
        with self.database.read() as connection:
            row = store.find(connection, channel, message_id)
        if row is None:
            raise NotFoundError(f"Message {message_id}")
        return _message(row, {})

    def retry(self, channel: Channel, ids: Sequence[int] | None, now: datetime) -> int:
        """Try messages again, all that failed without `ids`; return how many.

        Raises NotFoundError, and then tries none, where one of `ids` is not there or was sent.
        """
        with self.database.write() as connection:
            number = store.retry(connection, channel, ids, now, now + TRIED_FOR)
            if ids is not None and number < len(set(ids)):
                raise NotFoundError("A message of these numbers")
        return number

    def encrypt_again(self) -> int:
        """Encrypt what was not sent under the first master key; return how many were not.

        Also where mail is turned off, as it may be turned on again. What no key decrypts stays as
        it is: it fails when it is tried.
        """
        key, changed = self.master_key, 0
        with self.database.write() as connection:
            if not self.database.has(connection, store.REVISION):
                return 0
            for message_id, content in store.contents(connection):
                if key.is_under_first(content, _PURPOSE):
                    continue
                with suppress(MasterKeyError):
                    plain = key.decrypt_stored(content, _PURPOSE)
                    store.change_content(connection, message_id, key.encrypt(plain, _PURPOSE))
                    changed += 1
        return changed

    def _content(self, values: Mapping[str, str]) -> bytes:
        return self.master_key.encrypt(json.dumps(dict(values)).encode(), _PURPOSE)

    def _values(self, content: bytes) -> Mapping[str, str] | None:
        """Return what a message says; None if it was encrypted with another master key."""
        try:
            values: dict[str, str] = json.loads(self.master_key.decrypt_stored(content, _PURPOSE))
        except MasterKeyError:
            return None
        return values


def _message(row: store.Row, values: Mapping[str, str]) -> Message:
    return Message(
        row.id,
        row.channel,
        row.kind,
        row.address,
        row.created_at,
        row.give_up_at,
        row.attempts,
        row.due_at,
        row.sent_at,
        row.failed_at,
        row.error,
        values,
    )
