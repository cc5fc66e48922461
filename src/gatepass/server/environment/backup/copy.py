"""`gatepass copy`: both environments from one place to another, such as SQLite to PostgreSQL."""

import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

from gatepass.server.configuration.settings import Settings, load
from gatepass.server.domain.keys import store as keys
from gatepass.server.environment import data_directory, databases
from gatepass.server.environment.backup import filling, store
from gatepass.server.environment.backup.errors import BackupError
from gatepass.server.environment.backup.filling import Filling
from gatepass.server.environment.backup.progress import Progress
from gatepass.server.environment.databases import NAMES
from gatepass.server.environment.housekeeping import WRITE_EVERY
from gatepass.server.storage import deadline, master_key
from gatepass.server.storage.database import Connection, Database
from gatepass.server.storage.errors import DatabaseAwayError
from gatepass.server.storage.master_key import MasterKey, MasterKeyError
from gatepass.server.storage.migrations import state
from gatepass.server.storage.transfer import rows, target, unfinished
from gatepass.server.storage.transfer.rows import Row
from gatepass.server.storage.transfer.tables import TransferTable, tables_of
from gatepass.wire.credential import Mode

_ALIVE = timedelta(seconds=WRITE_EVERY + 2)  # a server that works writes more often
_LOOK_EVERY = 0.5  # seconds
IN_USE = "A server uses the source. Stop every one, then copy."
_CHANGED = "The source was changed while it was copied. Stop every server, and run this again."


def settings_of(place: Path) -> Settings:
    """Return the settings of a place: a data directory, or a settings file (*.toml).

    Variables do not count, as they would for both places. Raises SettingsError.
    """
    if place.suffix == ".toml":
        return load(place, has_variables=False)
    return load(data=place, has_variables=False)


def copy(source: Settings, place: Settings, progress: Progress) -> dict[str, dict[str, int]]:
    """Copy both environments and the master key; return the numbers of rows by table.

    The caller has seen that no server runs on the data directory of the source. A copy that was
    ended goes on when it is run again. Raises BackupError, ServingError or MasterKeyError.
    """
    key = _check(source, place)
    copied = {}
    with filling.filling(place, keeps_unfinished=True) as work:
        for mode in Mode:
            with _opened(source, mode) as origin:
                copied[NAMES[mode]] = _copy_environment(origin, work, mode, progress)
        for mode in Mode:
            with data_directory.named_errors(place, mode):
                work.databases[mode].migrate()
        work.put_master_key(key.text())
        filling.end(work)
    return copied


def _check(source: Settings, place: Settings) -> MasterKey:
    """Return the master key; raise what `copy` does before anything is written."""
    for mode, schema in data_directory.look(source).items():
        if schema.revision is None:
            raise BackupError(f"{NAMES[mode]}: there is no data in the source {source.data}.")
        filling.check_revision(schema.revision, "The source")
    data_directory.look(place, may_be_unfinished=True)
    _check_apart(source, place)
    filling.check_empty(place)
    key = data_directory.master_key(source)
    for mode in Mode:
        with _opened(source, mode) as database:
            _wait_until_idle(database)
            _check_keys(database, mode, key, "source")
            if master_key.exists(place.data, place.master_key_source):
                _check_keys(database, mode, data_directory.master_key(place), "target")
    return key


def _check_apart(source: Settings, place: Settings) -> None:
    found = [
        {
            databases.look(settings, mode, may_be_unfinished=True)[1]
            for mode in Mode
            if databases.is_there(settings, mode)
        }
        for settings in (source, place)
    ]
    if found[0] & found[1]:
        raise BackupError(
            "Source and target have a database in common. Give the target databases of its own."
        )


def _check_keys(database: Database, mode: Mode, key: MasterKey, whose: str) -> None:
    with deadline.each(deadline.COMMAND), database.read() as connection:
        try:
            keys.all_keys(connection, key, mode)
        except MasterKeyError:
            raise BackupError(
                f"The master key of the {whose} is not the one of the data. Nothing was written."
            ) from None


def _wait_until_idle(database: Database) -> None:
    """Return when no server is at work on a PostgreSQL; raise BackupError when one is."""
    if not database.is_postgresql:
        return
    first = None
    while True:
        with deadline.each(deadline.COMMAND), database.read() as connection:
            now = datetime.fromtimestamp(database.time(connection) or time.time(), UTC)
            at = store.last_sign_of_life(connection)
        first = first or at
        if at is None or now - at > _ALIVE:
            return
        if at != first:
            raise BackupError(IN_USE)
        time.sleep(_LOOK_EVERY)


def _copy_environment(
    origin: Database, work: Filling, mode: Mode, progress: Progress
) -> dict[str, int]:
    identity = origin.identity()
    advance = partial(progress, NAMES[mode])
    with origin.snapshot() as connection:
        unfinished.check(connection)
        revision = state.read(connection).revision or ""
        before = store.position(connection), store.last_sign_of_life(connection)
        tables = tables_of(connection)
        store.check_tables([each.name for each in tables], revision)
        counts = {each.name: rows.count(connection, each) for each in tables}
        with data_directory.named_errors(work.settings, mode):
            name = f"copy of {identity} at {revision}"
            complete = _begin(connection, work.databases[mode], tables, name, revision)
            places = _tables(work.databases[mode])
            for table in tables:
                if table.name not in complete:
                    batches = _read(connection, table, advance, sum(counts.values()))
                    target.fill(work.databases[mode], _same(places[table.name], table), batches)
    with deadline.each(deadline.COMMAND), origin.read() as connection:
        after = store.position(connection), store.last_sign_of_life(connection)
    if before != after:
        raise BackupError(_CHANGED)
    return counts


def _tables(database: Database) -> dict[str, TransferTable]:
    with deadline.each(deadline.COMMAND), database.read() as connection:
        return {each.name: each for each in tables_of(connection)}


def _same(place: TransferTable, table: TransferTable) -> TransferTable:
    found = place.with_columns_of(table.columns)
    if found is None:
        raise BackupError(f"The table {table.name} of the source is not one of its revision.")
    return found


def _begin(
    connection: Connection,
    database: Database,
    tables: Iterable[TransferTable],
    name: str,
    revision: str,
) -> set[str]:
    """Return the tables that an earlier copy has completed, if they are still the same."""
    with deadline.each(deadline.COMMAND), database.read() as found:
        progress = unfinished.find(found)
    if progress is not None and progress.work == name:
        complete = [each for each in tables if each.name in progress.complete]
        if all(_digest(connection, each) == progress.complete[each.name] for each in complete):
            return {each.name for each in complete}
    target.begin(database, revision, name)
    return set()


def _digest(connection: Connection, table: TransferTable) -> str:
    with _source_errors():
        return rows.digest(connection, table).sha256()


def _read(
    connection: Connection, table: TransferTable, progress: Callable[[int, int], None], total: int
) -> Iterator[list[Row]]:
    with _source_errors():
        for batch in rows.read(connection, table):
            yield batch
            progress(len(batch), total)


@contextmanager
def _opened(source: Settings, mode: Mode) -> Iterator[Database]:
    with (
        data_directory.named_errors(source, mode),
        closing(databases.of(source, mode, read_only=True)) as database,
    ):
        yield database


@contextmanager
def _source_errors() -> Iterator[None]:
    """Name the source, where the target is at work as well."""
    try:
        yield
    except DatabaseAwayError as error:
        raise BackupError(f"The source cannot be read: {error.detail}.") from None
