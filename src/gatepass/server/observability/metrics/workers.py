"""The metrics of several workers: each publishes its own in a file, and reads the others'."""

import os
import threading
import time
from collections.abc import Callable
from pathlib import Path

import structlog

from gatepass.server.observability.metrics import snapshot
from gatepass.server.observability.metrics.snapshot import Snapshot

PUBLISH_EVERY = 2.0  # seconds
_STALE_AFTER = 60.0  # seconds; a worker that published nothing for so long is not counted

log = structlog.get_logger("gatepass.server")


class Workers:
    """Publishes this worker's metrics in `directory` while it runs."""

    def __init__(self, directory: Path, own: Callable[[], Snapshot]) -> None:
        self._directory = directory
        self._own = own
        self._file = directory / f"{os.getpid()}.json"
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="publish metrics", daemon=True)

    def start(self) -> None:
        """Begin to publish."""
        self._thread.start()

    def stop(self) -> None:
        """Stop, and remove what was published."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join()
        self._file.unlink(missing_ok=True)

    def others(self) -> list[Snapshot]:
        """Return what the other workers have published; remove files of workers that ended."""
        found = []
        for file in sorted(self._directory.glob("*.json")):
            if file != self._file and _is_of_running_worker(file):
                read = _read(file)
                found += [read] if read else []
        return found

    def publish(self) -> None:
        """Write this worker's metrics, atomically."""
        self._directory.mkdir(mode=0o700, exist_ok=True)
        new = self._file.with_suffix(".new")
        new.write_text(snapshot.write(self._own()))
        new.replace(self._file)

    def _run(self) -> None:
        while True:
            try:
                self.publish()
            except OSError as error:
                log.warning("metrics.unpublished", error=str(error))
            if self._stop.wait(PUBLISH_EVERY):
                return


def _is_of_running_worker(file: Path) -> bool:
    if not file.stem.isdecimal():
        return False
    try:
        os.kill(int(file.stem), 0)
        return time.time() - file.stat().st_mtime < _STALE_AFTER
    except FileNotFoundError:  # it has just ended
        return False
    except (ProcessLookupError, OverflowError, PermissionError):
        # The last where another user's process has the number now.
        file.unlink(missing_ok=True)
        return False


def _read(file: Path) -> Snapshot | None:
    try:
        return snapshot.read(file.read_text())
    except OSError:
        return None
