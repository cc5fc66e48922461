"""An audit trail with its chain and checkpoints on any database, and what verifies it."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from operator import attrgetter
from uuid import UUID

from sqlalchemy import text

from contracts.samples import HOUR, NOW
from gatepass.jose.signing import SigningKey, generate
from gatepass.server.domain.audit import store as audit
from gatepass.server.domain.audit.chain import anchors, model, store, verification
from gatepass.server.domain.audit.chain.anchors import Anchors, Trust
from gatepass.server.domain.audit.chain.checkpoint import Checkpoint
from gatepass.server.domain.audit.chain.operations import make_checkpoint
from gatepass.server.domain.audit.chain.verification import Report
from gatepass.server.domain.audit.model import Entry
from gatepass.server.domain.changes.outbox.operations import Outbox
from gatepass.server.domain.changes.webhooks.operations import Webhooks
from gatepass.server.domain.context import Context
from gatepass.server.domain.throttling.hourly_limit import MOST_LINES, MOST_ROWS, HourlyLimit
from gatepass.server.domain.token_policy import TokenPolicy
from gatepass.server.storage.database import Database
from gatepass.server.storage.master_key import MasterKey
from gatepass.wire.credential import Mode

ISSUER = "https://auth.example.com"
ORG = UUID("018f0000-0000-7000-8000-000000000001")


def context_of(database: Database, now: datetime) -> Context:
    master = MasterKey(bytes(32))
    return Context(
        "production",
        Mode.LIVE,
        database,
        master,
        TokenPolicy(f"{ISSUER}/api", "opaque", "ES256", timedelta(days=30)),
        now.timestamp,
        lambda: now,
        lambda: None,
        Outbox(database, master, sends_mail=False),
        Webhooks(database, master, "production", ISSUER),
        HourlyLimit(MOST_ROWS),
        HourlyLimit(MOST_LINES),
    )


class Trail:
    """A trail whose clock goes on an hour with each checkpoint."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.key = SigningKey("ES256", generate("ES256"))
        self.now = NOW

    @property
    def context(self) -> Context:
        return context_of(self.database, self.now)

    def write(self, number: int = 5) -> list[int]:
        """Write entries, one in each transaction; return the numbers of all there are."""
        for each in range(number):
            with self.database.write() as connection:
                audit.record(connection, self.entry(each))
        return self.numbers()

    def entry(self, number: int = 0) -> Entry:
        detail = {"client_id": f"gpc_{number}"}
        return Entry(
            self.now, ORG, f"anna{number}", "a.b", f"who{number}", "ok", f"192.0.2.{number}", detail
        )

    def checkpoint(self, key: SigningKey | None = None) -> Checkpoint | None:
        made = make_checkpoint(self.context, key or self.key, ISSUER)
        self.now += HOUR
        return made

    def verify(self, outside: Sequence[str] = (), now: datetime | None = None) -> Report:
        """Verify the whole, and in parts, which must come to the same."""
        with self.database.read() as connection:
            kept = store.all_checkpoints(connection)
        found = anchors.gather(kept, outside, Trust(ISSUER, "production", {self.key.kid}))
        report = verification.verify(self.database, found, now or self.now)
        parts = list(self._parts(found, now or self.now))
        assert all(each.is_whole for each in parts) == report.is_whole, parts
        if report.is_whole:
            counts = attrgetter("entries", "erased", "not_covered")
            assert tuple(map(sum, zip(*map(counts, parts), strict=True))) == counts(report)
        return report

    def _parts(self, found: Anchors, now: datetime) -> Iterator[Report]:
        after: int | None = None
        while True:
            part = verification.verify_part(self.database, found, now, after=after, limit=2)
            yield part.report
            after = part.next
            if after is None:
                return

    def findings(self, outside: Sequence[str] = ()) -> list[tuple[str, int]]:
        return [(each.kind, each.number) for each in self.verify(outside).findings]

    def numbers(self) -> list[int]:
        with self.database.read() as connection:
            found = audit.every(connection, limit=1_000_000)
        return sorted(number for number, _ in found)

    def link_again(self) -> None:
        """Make the whole chain again, as somebody does who knows how it is made."""
        with self.database.write() as connection:
            connection.execute(text("DELETE FROM audit_link"))
            links = [model.start(0)]
            for _, entry in sorted(audit.stored(connection, self.numbers()).items()):
                links.append(model.link_of(links[-1], entry))
            store.add(connection, links)

    @contextmanager
    def changed(
        self, table: str, column: str, value: object, where: str, then: str = "1 = 0"
    ) -> Iterator[None]:
        """Change a column of one row, and back; `then` finds the row where its key is changed."""
        with self.database.read() as connection:
            query = text(f"SELECT {column} FROM {table} WHERE {where}")
            before = connection.execute(query).scalar_one()
        self.tamper(f"UPDATE {table} SET {column} = :v WHERE {where}", v=value)
        yield
        self.tamper(f"UPDATE {table} SET {column} = :v WHERE {where} OR {then}", v=before)

    def tamper(self, sql: str, **values: object) -> None:
        """Change the tables as somebody does who can write to the database."""
        with self.database.write() as connection:
            connection.execute(text(sql), values)
