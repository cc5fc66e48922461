"""The metrics of several workers: each publishes its own in a file, and reads the others'."""

import os
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import structlog

from gatepass.server.observability.metrics import snapshot
from gatepass.server.observability.metrics.ended_workers import EndedWorkers, name_of
from gatepass.server.observability.metrics.snapshot import Snapshot

PUBLISH_EVERY = 2.0  # seconds
_STALE_AFTER = 60.0  # seconds; of a worker that is silent for so long only its counts are used

log = structlog.get_logger("gatepass.server")


class _Published(NamedTuple):
    file: Path
    name: str
    is_fresh: bool
    snapshot: Snapshot


class Workers:
    """Publishes this worker's metrics in `directory` while it runs."""

    def __init__(self, directory: Path, own: Callable[[], Snapshot]) -> None:
        self._directory = directory
        self._own = own
        self._file = directory / f"{os.getpid()}.json"
        self._ended = EndedWorkers(directory)
        self._stop = threading.Event()
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self._run, name="publish metrics", daemon=True)

    def start(self) -> None:
        """Begin to publish."""
        if self._file.exists():  # of an earlier worker that had the same process id
            self._ended.add(self._file)
        self._thread.start()

    def stop(self) -> None:
        """Stop; what was counted stays in the sum."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join()
        self._try_to_publish()
        if self._file.exists():
            self._ended.add(self._file)

    def all(self) -> list[Snapshot]:
        """Return the metrics of all workers, and what those have counted that ended.

        This worker's are published as well: should it be killed, its counts do not fall behind
        what was shown.
        """
        own = self._try_to_publish()
        published = list(self._published())
        # Read last, so that a file which is added meanwhile is in one of both.
        ended = self._ended.read()
        others = [each for each in published if each.name not in ended.included]
        found = [
            each.snapshot if each.is_fresh else snapshot.counted(each.snapshot) for each in others
        ]
        for each in published:
            if not _is_running(each.file):
                self._ended.add(each.file)
        return [own, ended.counted, *found]

    def publish(self) -> Snapshot:
        """Write this worker's metrics, atomically, and return them."""
        with self._lock:
            own = self._own()
            self._directory.mkdir(mode=0o700, exist_ok=True)
            new = self._file.with_suffix(".new")
            new.write_text(snapshot.write(own))
            new.replace(self._file)
        return own

    def _try_to_publish(self) -> Snapshot:
        try:
            return self.publish()
        except OSError as error:
            log.warning("metrics.unpublished", error=str(error))
            return self._own()

    def _published(self) -> Iterator[_Published]:
        """Yield what other workers have published, also those that have ended."""
        for file in sorted(self._directory.glob("*.json")):
            if file == self._file or not file.stem.isdecimal():
                continue
            try:
                name, age = name_of(file), time.time() - file.stat().st_mtime
                read = snapshot.read(file.read_text())
            except OSError:  # it was just removed
                continue
            if read is not None:
                yield _Published(file, name, _is_running(file) and age < _STALE_AFTER, read)

    def _run(self) -> None:
        while True:
            self._try_to_publish()
            if self._stop.wait(PUBLISH_EVERY):
                return


def _is_running(file: Path) -> bool:
    """Return whether the worker of a file runs, or another process of this user with its id."""
    try:
        os.kill(int(file.stem), 0)
    except (ProcessLookupError, OverflowError, PermissionError):
        # The last where another user's process has the number now.
        return False
    return True
