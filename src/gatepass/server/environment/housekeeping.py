"""The thread that writes what an environment gathers in memory, and deletes what has expired."""

import threading
import time
from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import structlog

from gatepass.server.domain.applications.keys.methods.expiry import operations as expiry
from gatepass.server.domain.applications.secrets.leaks import operations as leaks
from gatepass.server.domain.audit.chain.operations import ChainBrokenError
from gatepass.server.domain.keys.operations import rotate_due
from gatepass.server.domain.revocations.leak_reports import operations as leak_reports
from gatepass.server.domain.usage.rising import operations as rising
from gatepass.server.environment import maintenance
from gatepass.server.environment.change_follower import STOP_WITHIN
from gatepass.server.environment.environment import Environment
from gatepass.server.storage.errors import DatabaseAwayError
from gatepass.server.storage.master_key import MasterKeyError

FLUSH_EVERY = 5.0  # seconds
WRITE_EVERY = 10.0
BOUND_EVERY = 60.0
ROTATE_EVERY = 60.0
CHECKPOINT_EVERY = 60.0  # looks whether one is due
REMIND_EVERY = 3600.0
LOOK_UP_EVERY = 2.0
LOOK_FOR_RISE_EVERY = 60.0
PRUNE_ASSERTIONS_EVERY = 60.0
WRITE_FOLLOWERS_EVERY = 30.0
INDEX_EVERY = 10.0
PRUNE_EVERY = 3600.0
FIRST_PRUNE_AFTER = 10.0  # of a process that may not live for an hour

_LOOK_EVERY = 1.0  # each look wakes a thread, and takes the interpreter from the requests

log = structlog.get_logger("gatepass.server")


class _Work(NamedTuple):
    name: str
    every: float
    do: Callable[[], None]


class Housekeeper:
    """Does each kind of work when its time has come; one that fails holds up no other."""

    def __init__(self, environment: Environment) -> None:
        self._environment = environment
        self._stop = threading.Event()
        self._thread = threading.Thread(
            target=self._run, name=f"housekeeping {environment.name}", daemon=True
        )
        self._failing: set[str] = set()

    def start(self) -> None:
        """Begin to work."""
        self._thread.start()

    def stop(self) -> None:
        """Ask the thread to end after what it is at."""
        self._stop.set()

    def wait(self) -> None:
        """Wait for that, not longer than `STOP_WITHIN`: the database may stand still."""
        self._thread.join(STOP_WITHIN)

    def _run(self) -> None:
        environment = self._environment
        make_checkpoint = partial(maintenance.make_checkpoint, environment)
        prune_assertions = partial(maintenance.prune_assertions, environment)
        write_followers = partial(maintenance.write_followers, environment)
        work = (
            _Work("flush", FLUSH_EVERY, partial(maintenance.flush, environment)),
            _Work("leak_reports", LOOK_UP_EVERY, self._look_up_reports),
            _Work("heartbeat", WRITE_EVERY, partial(maintenance.probe_database, environment)),
            _Work("keep_bounds", BOUND_EVERY, partial(maintenance.keep_bounds, environment)),
            _Work("rotate_keys", ROTATE_EVERY, self._rotate_keys),
            _Work("checkpoint", CHECKPOINT_EVERY, make_checkpoint),
            _Work("remind", REMIND_EVERY, self._remind),
            _Work("webhooks", BOUND_EVERY, partial(maintenance.count_webhooks, environment)),
            _Work("refusals", LOOK_FOR_RISE_EVERY, self._tell_of_rising_refusals),
            _Work("assertions", PRUNE_ASSERTIONS_EVERY, prune_assertions),
            _Work("followers", WRITE_FOLLOWERS_EVERY, write_followers),
            _Work("index_names", INDEX_EVERY, partial(maintenance.index_names, environment)),
            _Work("prune", PRUNE_EVERY, partial(maintenance.prune, environment)),
        )
        done = {each.name: time.monotonic() for each in work}
        done["heartbeat"] = -WRITE_EVERY  # at the first turn, too
        done["rotate_keys"] = -ROTATE_EVERY
        done["index_names"] = -INDEX_EVERY
        done["remind"] += FIRST_PRUNE_AFTER - REMIND_EVERY
        done["prune"] += FIRST_PRUNE_AFTER - PRUNE_EVERY
        self._environment.housekept_at = dict.fromkeys(done, 0.0)
        pause = 0.0
        while not self._stop.wait(pause):
            pause = _LOOK_EVERY
            for name, every, do in work:
                now = time.monotonic()
                if now - done[name] >= every:
                    done[name] = now
                    self._do(name, do)

    def _rotate_keys(self) -> None:
        rotate_due(self._environment.context, self._environment.purposes)

    def _remind(self) -> None:
        expiry.remind(self._environment.context)

    def _tell_of_rising_refusals(self) -> None:
        rising.tell(self._environment.context)

    def _look_up_reports(self) -> None:
        leak_reports.process(self._environment.context)
        leaks.revoke_tokens_of_ended(self._environment.context)

    def _do(self, name: str, work: Callable[[], None]) -> None:
        try:
            work()
        except (DatabaseAwayError, MasterKeyError, ChainBrokenError) as error:
            self._note_failure(name, str(error))
        except Exception:
            log.exception("housekeeping.failed", environment=self._environment.name, work=name)
        else:
            self._failing.discard(name)
            self._environment.housekept_at[name] = time.time()

    def _note_failure(self, name: str, error: str) -> None:
        """Log the first failure of several in a row."""
        if name not in self._failing:
            self._failing.add(name)
            environment = self._environment.name
            log.error("housekeeping.failed", environment=environment, work=name, error=error)
