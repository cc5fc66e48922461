"""The thread that forwards entries in their order, each at least once, after their commit.

Several processes may run it: one at a time forwards. How far it came is in the database, so a
receiver that is away misses nothing, and no request waits for it.
"""

import socket
import threading
from contextlib import suppress
from datetime import timedelta
from uuid import uuid4

import structlog

from gatepass.server.configuration.security import audit_settings
from gatepass.server.configuration.security.audit_settings import AuditSettings
from gatepass.server.domain.audit import store as audit
from gatepass.server.domain.audit.chain import store as chain
from gatepass.server.domain.audit.forwarding import store
from gatepass.server.domain.audit.model import Entry
from gatepass.server.domain.context import Context
from gatepass.server.environment.change_follower import STOP_WITHIN
from gatepass.server.observability.audit_forwarding.syslog import SyslogConnection, message
from gatepass.server.storage.errors import DatabaseAwayError

LEASE = timedelta(seconds=30)

_LOOK_EVERY = 1.0  # seconds
_LONGEST_PAUSE = 30.0
_AT_ONCE = 200  # entries

log = structlog.get_logger("gatepass.server")


class LogDestination:
    """Writes entries to the log."""

    def __init__(self, environment: str) -> None:
        self._environment = environment

    def send(self, number: int, entry: Entry, digest: str) -> None:
        """Write one line."""
        log.info(
            "audit.entry",
            environment=self._environment,
            number=number,
            at=entry.at.isoformat(timespec="milliseconds"),
            org_id=str(entry.org_id) if entry.org_id else None,
            actor=entry.actor,
            action=entry.action,
            subject=entry.subject,
            result=entry.result,
            source=entry.source,
            detail=entry.detail,
            link=digest,
        )

    def begin(self) -> None:
        """Do nothing: there is no connection."""

    def close(self) -> None:
        """Do nothing, as `begin` does."""

    def check(self) -> None:
        """Do nothing: a line is written when `send` returns."""


class SyslogDestination:
    """Sends entries to a syslog server."""

    def __init__(self, environment: str, address: str) -> None:
        self._environment = environment
        self._host = socket.gethostname()
        self._connection = SyslogConnection(audit_settings.parse(address))

    def send(self, number: int, entry: Entry, digest: str) -> None:
        """Send one message; raise OSError where that fails."""
        self._connection.send(message(number, entry, self._environment, digest, self._host))

    def begin(self) -> None:
        """Close a connection that the server has ended meanwhile, as it may while it is idle."""
        with suppress(OSError):
            self._connection.check()

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    def check(self) -> None:
        """Raise OSError where what was sent may not have arrived."""
        self._connection.check()


Destination = LogDestination | SyslogDestination


def of_environment(settings: AuditSettings, context: Context) -> "AuditForwarder":
    """Return what forwards the entries of an environment."""
    if settings.forward == "syslog":
        destination: Destination = SyslogDestination(context.name, settings.syslog_address)
    else:
        destination = LogDestination(context.name)
    return AuditForwarder(context, destination)


class AuditForwarder:
    """Forwards new entries as long as it runs."""

    def __init__(self, context: Context, destination: Destination) -> None:
        self._context = context
        self._destination = destination
        self._holder = uuid4().hex
        self._stop = threading.Event()
        self._is_failing = False
        self._thread = threading.Thread(
            target=self._run, name=f"audit forwarding {context.name}", daemon=True
        )

    def start(self) -> None:
        """Begin to forward."""
        self._thread.start()

    def stop(self) -> None:
        """Ask the thread to end after the entry that it is sending."""
        self._stop.set()

    def wait(self) -> None:
        """Wait for that, not longer than `STOP_WITHIN`; the rest is sent later."""
        self._thread.join(STOP_WITHIN)

    def close(self) -> None:
        """Close the connection to the receiver; the thread does it when it ends."""
        self._destination.close()

    def forward(self) -> int:
        """Forward what is new, a number of entries at most; return how many were sent.

        Raises DatabaseAwayError, and OSError where the receiver is away.
        """
        context = self._context
        with context.database.read() as connection:
            if not context.database.has(connection, store.REVISION):
                return 0
            if store.position(connection) == audit.newest(connection):
                return 0
        now = context.now()
        with context.database.write() as connection:
            newest = audit.newest(connection)
            position = store.take(connection, self._holder, now, now + LEASE, newest)
            if position is None:
                return 0
            entries = audit.after(connection, position, _AT_ONCE)
            links = chain.links_of(connection, [number for number, _ in entries])
        return self._send(
            [
                (number, entry, links[number].digest.hex() if number in links else "")
                for number, entry in entries
            ]
        )

    def _send(self, entries: list[tuple[int, Entry, str]]) -> int:
        """Send entries and note the last one; after an error they are all sent again."""
        ends_at = self._context.now() + LEASE / 2
        sent = 0
        self._destination.begin()
        for each in entries:
            if self._stop.is_set() or self._context.now() > ends_at:
                break
            self._destination.send(*each)
            sent += 1
        self._destination.check()
        if sent:
            now = self._context.now()
            with self._context.database.write() as connection:
                store.advance(connection, self._holder, entries[sent - 1][0], now + LEASE)
        return sent

    def _run(self) -> None:
        pause = 0.0
        while not self._stop.wait(pause):
            pause = self._next_pause(pause)
        self.close()

    def _next_pause(self, pause: float) -> float:
        """Forward; return the seconds until the next time, longer after each failure."""
        longer = min(max(pause, _LOOK_EVERY) * 2, _LONGEST_PAUSE)
        try:
            sent = self.forward()
        except DatabaseAwayError:
            return _LOOK_EVERY
        except OSError as error:
            self._log_failure(str(error))
            return longer
        except Exception:
            log.exception("audit.forward_failed", environment=self._context.name)
            return longer
        if sent and self._is_failing:
            self._is_failing = False
            log.warning("audit.forward_resumed", environment=self._context.name)
        return 0.0 if sent == _AT_ONCE else _LOOK_EVERY

    def _log_failure(self, error: str) -> None:
        """Log the first failure of several in a row."""
        if not self._is_failing:
            self._is_failing = True
            log.error("audit.forward_failed", environment=self._context.name, error=error)
