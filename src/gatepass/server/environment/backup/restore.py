"""`gatepass restore`: a backup into an empty place, all of it or nothing."""

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from functools import partial

from gatepass.server.configuration.settings import Settings
from gatepass.server.domain.audit.model import OPERATOR, Actor
from gatepass.server.environment import data_directory
from gatepass.server.environment.backup import contents, filling, store
from gatepass.server.environment.backup.contents import Contents
from gatepass.server.environment.backup.encryption import Unlock
from gatepass.server.environment.backup.errors import BackupError
from gatepass.server.environment.backup.filling import Filling
from gatepass.server.environment.backup.format import (
    End,
    EnvironmentStart,
    Part,
    TableEnd,
    TableStart,
)
from gatepass.server.environment.backup.progress import Progress
from gatepass.server.environment.backup.store import Revived
from gatepass.server.environment.databases import NAMES
from gatepass.server.storage import deadline, master_key
from gatepass.server.storage.database import Database
from gatepass.server.storage.transfer import target
from gatepass.server.storage.transfer.rows import Row
from gatepass.server.storage.transfer.tables import TransferTable, tables_of

_MODES = {name: mode for mode, name in NAMES.items()}
_NO_KEY = (
    "The backup was made without the master key. Put that key in its place first ({}), then "
    "restore; nothing was written."
)


@dataclass(frozen=True, slots=True)
class Options:
    """What a restore keeps that it ends by default, and who does it."""

    keep_sessions: bool = False
    keep_tokens: bool = False
    by: Actor = OPERATOR


@dataclass(frozen=True, slots=True)
class Restored:
    """What was restored: the backup, and what each environment contains now."""

    contents: Contents
    revived: dict[str, Revived]


def restore(
    settings: Settings, place: str, unlock: Unlock, options: Options, progress: Progress
) -> Restored:
    """Restore a backup; raise BackupError, ServingError or MasterKeyError, and nothing is written.

    It is read twice: to its end before anything is written, and then to write it.
    """
    filling.check_empty(settings)
    found = contents.inspect(place, unlock, progress)
    for environment in found.environments:
        filling.check_revision(environment.revision, "The backup")
    text = _master_key(settings, found)
    with filling.filling(settings) as work:
        with contents.opened(place, unlock) as parts:
            _fill(work, found, parts, progress)
        revived = {
            NAMES[mode]: _finish(work, database, NAMES[mode], options)
            for mode, database in work.databases.items()
        }
        if text is not None:
            work.put_master_key(text)
        filling.end(work)
    return Restored(found, revived)


def _master_key(settings: Settings, found: Contents) -> str | None:
    """Return the key to write; raise BackupError where a key is missing or is another one."""
    place = master_key.place_of(settings.data, settings.master_key_source)
    inside = found.master_key()
    if master_key.exists(settings.data, settings.master_key_source):
        there = data_directory.master_key(settings)
        found.check_master_key(there, place.name)
        return None
    if inside is None:
        raise BackupError(_NO_KEY.format(place.name))
    found.check_master_key(inside, "the backup")
    return inside.text()


def _fill(work: Filling, found: Contents, parts: Iterator[Part], progress: Progress) -> None:
    """Write what the backup has, each table read back; raise BackupError where it has changed."""
    database: Database | None = None
    name, counts, tables = "", dict[str, int](), dict[str, TransferTable]()
    for part in parts:
        match part:
            case EnvironmentStart(name=name, rows=counts):
                mode = _MODES[name]
                database = work.databases[mode]
                _check_all(tables)
                with data_directory.named_errors(work.settings, mode):
                    tables = _begin(database, part, found.sha256)
            case TableStart() if database is not None:
                table = _matching(part, tables.pop(part.name, None))
                with data_directory.named_errors(work.settings, _MODES[name]):
                    advance = partial(progress, f"writing {name}")
                    target.fill(database, table, _rows(parts, advance, sum(counts.values())))
            case End(sha256=digest) if digest != found.sha256:
                raise BackupError("The backup has changed while it was read. Nothing was written.")
    _check_all(tables)


def _check_all(left: Collection[str]) -> None:
    if left:
        raise BackupError(f"The backup lacks the table {min(left)}. Nothing was written.")


def _begin(database: Database, start: EnvironmentStart, work: str) -> dict[str, TransferTable]:
    target.begin(database, start.revision, work)
    with deadline.each(deadline.COMMAND), database.read() as connection:
        return {each.name: each for each in tables_of(connection)}


def _matching(start: TableStart, table: TransferTable | None) -> TransferTable:
    """Return the table with its columns in the order of the backup; raise BackupError."""
    found = table.with_columns_of(start.columns) if table else None
    if found is None:
        raise BackupError(
            f"The backup's table {start.name} is not one of Gatepass's at its revision. Nothing "
            "was written."
        )
    return found


def _rows(
    parts: Iterator[Part], progress: Callable[[int, int], None], rows: int
) -> Iterator[list[Row]]:
    for part in parts:
        if isinstance(part, TableEnd):
            return
        if isinstance(part, list):
            yield part
            progress(len(part), rows)


def _finish(work: Filling, database: Database, name: str, options: Options) -> Revived:
    with data_directory.named_errors(work.settings, _MODES[name]):
        database.migrate()
        with deadline.each(deadline.LONG), database.write() as connection:
            return store.finish_restore(
                connection,
                options.by,
                name,
                keep_sessions=options.keep_sessions,
                keep_tokens=options.keep_tokens,
            )
