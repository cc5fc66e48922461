"""The thread that applies committed changes to an environment's memory. It only reads."""

import threading
import time

import structlog

from gatepass.server.environment.environment import Environment
from gatepass.server.storage.errors import DatabaseAwayError
from gatepass.server.storage.master_key import MasterKeyError

STOP_WITHIN = 2.0  # seconds
POLL_EVERY = 0.1  # seconds; a change is known everywhere within 0.5
_POLL_BESIDE_LISTENER = 0.4  # seconds, as a notification may be lost
_REST = 0.02  # seconds between two looks at least, however many notifications come
_LOG_EVERY = 60.0  # seconds between two lines about the same fault

log = structlog.get_logger("gatepass.server")


class ChangeFollower:
    """Asks the database ten times a second whether something was committed.

    With a listener it asks when that says so, and else less often. It writes nothing: a writer may
    wait for another node's transaction, and revocations must be known in time all the same.
    """

    def __init__(self, environment: Environment) -> None:
        self._environment = environment
        self._stop = threading.Event()
        self._thread = threading.Thread(
            target=self._run, name=f"follow {environment.name}", daemon=True
        )
        self._wake = threading.Event()
        self._listener = environment.database.listener(self._wake.set)
        self._is_away = False
        self._failed_at = -_LOG_EVERY  # when a fault was logged last

    def start(self) -> None:
        """Begin to follow."""
        self._thread.start()
        if self._listener:
            self._listener.start()

    def stop(self) -> None:
        """Ask the thread to end after what it is at."""
        self._stop.set()
        self._wake.set()
        if self._listener:
            self._listener.stop()

    def wait(self) -> None:
        """Wait for that, not longer than `STOP_WITHIN`: the database may stand still."""
        self._thread.join(STOP_WITHIN)

    def _run(self) -> None:
        has_changed = self._environment.database.watch()
        is_behind = False  # stays so until what has changed is applied, whatever goes wrong
        while self._wait():
            self._environment.collect()
            try:
                is_behind = is_behind or has_changed()
                if is_behind:
                    self._environment.catch_up()
                    is_behind = False
                else:
                    self._environment.mark_current()
                self._environment.refresh_keys()
            except DatabaseAwayError as error:
                self._environment.record_away(error)
                self._log_connection(is_away=True, error=error.detail)
            except Exception as error:  # noqa: BLE001 - logged, and tried again
                self._log_failure(error)
            else:
                self._environment.record_back()
                self._log_connection(is_away=False)

    def _wait(self) -> bool:
        """Wait for the next look; return False where the thread is to end."""
        is_listening = self._listener is not None and self._listener.is_listening
        self._stop.wait(_REST)
        self._wake.wait((_POLL_BESIDE_LISTENER if is_listening else POLL_EVERY) - _REST)
        self._wake.clear()
        return not self._stop.is_set()

    def _log_failure(self, error: Exception) -> None:
        """Log a fault of ours, or a database that is another one's, once a minute."""
        now = time.monotonic()
        if now - self._failed_at < _LOG_EVERY:
            return
        self._failed_at = now
        if isinstance(error, MasterKeyError):
            log.error("master_key.wrong", environment=self._environment.name, error=str(error))
        else:
            log.error("follower.failed", environment=self._environment.name, exc_info=error)

    def _log_connection(self, *, is_away: bool, error: str = "") -> None:
        if is_away and not self._is_away:
            log.error("database.away", environment=self._environment.name, error=error)
        elif self._is_away and not is_away:
            log.info("database.back", environment=self._environment.name)
        self._is_away = is_away
