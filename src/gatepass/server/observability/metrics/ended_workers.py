"""What workers have counted that ended: a counter must not fall when a worker is replaced.

Prometheus takes a counter that falls for one that began again at zero, and would see all that is
left as new.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

from gatepass.server.observability.metrics import snapshot
from gatepass.server.observability.metrics.snapshot import Snapshot

_MOST_REMEMBERED = 256  # files; each worker that ends has one


class Ended(NamedTuple):
    """What the files of `included` have counted together."""

    counted: Snapshot
    included: tuple[str, ...] = ()


class EndedWorkers:
    """Adds up the files of workers that ended, in one file of `directory`.

    A file is removed after it was added. Whoever reads in between, or after a crash in between,
    finds its name in `included`.
    """

    def __init__(self, directory: Path) -> None:
        self._file = directory / "ended.json"
        self._lock = directory / "ended.lock"

    def read(self) -> Ended:
        """Return what has been added so far."""
        with suppress(OSError, ValueError, TypeError):
            included, text = json.loads(self._file.read_text())
            found = snapshot.read(text)
            if found is not None:
                return Ended(found, tuple(map(str, included)))
        return Ended(Snapshot((), {}))

    def add(self, file: Path) -> None:
        """Add a worker's file and remove it, unless another process is doing that now."""
        with self._locked() as is_mine:
            if not is_mine:
                return
            with suppress(OSError):
                name, read = name_of(file), snapshot.read(file.read_text())
                ended = self.read()
                if read is not None and name not in ended.included:
                    self._write(
                        Ended(
                            snapshot.total([ended.counted, snapshot.counted(read)]),
                            (*ended.included, name)[-_MOST_REMEMBERED:],
                        )
                    )
                file.unlink()

    def _write(self, ended: Ended) -> None:
        new = self._file.with_suffix(".new")
        new.write_text(json.dumps([ended.included, snapshot.write(ended.counted)]))
        new.replace(self._file)

    @contextmanager
    def _locked(self) -> Iterator[bool]:
        """Hold the lock if it is free: nobody waits for a process that stands still."""
        import fcntl  # of POSIX, as several workers are

        with self._lock.open("a") as held:
            try:
                fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                yield False
            else:
                yield True


def name_of(file: Path) -> str:
    """Return what tells a worker's file from a later one of the same process id."""
    return f"{file.stem} {file.stat().st_mtime_ns}"
