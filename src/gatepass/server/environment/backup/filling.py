"""Filling both environments of an empty place, for restore and copy: all of it, or nothing."""

from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress

from gatepass.server.configuration.settings import Settings
from gatepass.server.environment import data_directory, databases
from gatepass.server.environment.backup.errors import BackupError
from gatepass.server.environment.databases import NAMES
from gatepass.server.storage import deadline, master_key
from gatepass.server.storage.database import Database
from gatepass.server.storage.errors import DatabaseAwayError, DatabaseError
from gatepass.server.storage.migrations.revisions import NEWEST
from gatepass.server.storage.transfer import target, unfinished
from gatepass.server.storage.transfer.unfinished import Progress
from gatepass.wire.credential import Mode

_PARTS = ("", "-wal", "-shm", "-journal")  # of a SQLite database


def check_revision(revision: str, what: str) -> None:
    """Raise BackupError where the tables are of a revision that this program does not know."""
    if revision > NEWEST:
        raise BackupError(
            f"{what} is of a newer Gatepass (revision {revision}, and this one knows {NEWEST}). "
            "Install that version."
        )


def check_empty(settings: Settings) -> dict[Mode, Progress | None]:
    """Return what an earlier, unfinished work has left in a place that is otherwise empty.

    Raises BackupError where there is anything else, and ServingError.
    """
    return {mode: _check_empty(settings, mode) for mode in Mode}


def _check_empty(settings: Settings, mode: Mode) -> Progress | None:
    with data_directory.named_errors(settings, mode):
        schema, _ = databases.look(settings, mode, may_be_unfinished=True)
        if schema.revision is None:
            return None
        with (
            closing(databases.of(settings, mode, read_only=True)) as database,
            deadline.each(deadline.COMMAND),
            database.read() as connection,
        ):
            progress = unfinished.find(connection)
            if progress is None and not target.is_empty(connection):
                raise BackupError(
                    f"{NAMES[mode]}: there is a database with data already. Choose an empty "
                    "place; nothing was written."
                )
            return progress


class Filling:
    """Both databases while they are filled, and what of them is to be undone."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.databases: dict[Mode, Database] = {}
        self._has_made_directory = not settings.data.exists()
        self._has_made_key = False

    def open(self) -> None:
        """Open the databases; the files of SQLite are made."""
        data_directory.make_writable(self.settings)
        for mode in Mode:
            with data_directory.named_errors(self.settings, mode):
                self.databases[mode] = databases.of(self.settings, mode)

    def close(self) -> None:
        """Close the databases."""
        for database in self.databases.values():
            database.close()

    def put_master_key(self, text: str) -> None:
        """Write the master key into the data directory, unless it has one."""
        file = master_key.place_of(self.settings.data, self.settings.master_key_source).file
        if file is not None and not file.exists():
            data_directory.make_writable(self.settings)
            master_key.create(file, text)
            self._has_made_key = True

    def undo(self) -> None:
        """Remove everything that was written; what cannot be stays marked as unfinished."""
        for mode, database in self.databases.items():
            if database.is_postgresql:
                with suppress(DatabaseAwayError, DatabaseError):
                    target.clear(database)
            database.close()
            if not database.is_postgresql:
                path = databases.file(self.settings.data, mode)
                for part in _PARTS:
                    path.with_name(path.name + part).unlink(missing_ok=True)
        if self._has_made_key:
            (self.settings.data / master_key.FILE_NAME).unlink(missing_ok=True)
        if self._has_made_directory:
            with suppress(OSError):
                self.settings.data.rmdir()


@contextmanager
def filling(settings: Settings, *, keeps_unfinished: bool = False) -> Iterator[Filling]:
    """Open both databases to fill them; if the block fails, nothing of it is left.

    With `keeps_unfinished` what is written stays, marked as unfinished, and no server uses it.
    """
    work = Filling(settings)
    try:
        work.open()
        yield work
    except BaseException:
        if not keeps_unfinished:
            work.undo()
        raise
    finally:
        work.close()


def end(work: Filling) -> None:
    """Let servers use both databases."""
    for mode, database in work.databases.items():
        with (
            data_directory.named_errors(work.settings, mode),
            deadline.each(deadline.COMMAND),
            database.write() as connection,
        ):
            unfinished.end(connection)
