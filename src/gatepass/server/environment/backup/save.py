"""`gatepass backup`: both environments, each as it is at one moment, while servers run."""

from contextlib import closing
from datetime import UTC, datetime
from importlib.metadata import version

from gatepass.server.configuration.settings import Settings
from gatepass.server.domain.keys import store as keys
from gatepass.server.environment import data_directory, databases
from gatepass.server.environment.backup import places, store
from gatepass.server.environment.backup.encryption import Encryption, encrypting
from gatepass.server.environment.backup.errors import BackupError
from gatepass.server.environment.backup.format import EnvironmentStart, Start, Writer
from gatepass.server.environment.backup.progress import Progress
from gatepass.server.environment.databases import NAMES
from gatepass.server.storage import deadline
from gatepass.server.storage.migrations import state
from gatepass.server.storage.transfer import rows, unfinished
from gatepass.server.storage.transfer.tables import tables_of
from gatepass.wire.credential import Mode


def save(
    settings: Settings,
    place: str,
    encryption: Encryption,
    progress: Progress,
    *,
    with_master_key: bool = False,
) -> None:
    """Write a backup; raise BackupError, ServingError or MasterKeyError, and nothing is there."""
    _check(settings)
    key = data_directory.master_key(settings) if with_master_key else None
    if key is not None:
        _check_key(settings)
    with places.writing(place) as out, encrypting(out, encryption) as stream:
        writer = Writer(stream)
        text = key.text() if key else None
        writer.start(Start(version("gatepass"), tuple(NAMES.values()), text))
        for mode in Mode:
            _save_environment(settings, mode, writer, progress)
        writer.end()


def _save_environment(settings: Settings, mode: Mode, writer: Writer, progress: Progress) -> None:
    taken_at = datetime.now(UTC).isoformat(timespec="milliseconds")  # what is committed is in it
    with (
        data_directory.named_errors(settings, mode),
        closing(databases.of(settings, mode, read_only=True)) as database,
        database.snapshot() as connection,
    ):
        schema = state.read(connection)
        schema.check_environment(NAMES[mode])
        unfinished.check(connection)
        revision = schema.revision or ""
        tables = tables_of(connection)
        store.check_tables([each.name for each in tables], revision)
        counts = {each.name: rows.count(connection, each) for each in tables}
        writer.environment(EnvironmentStart(NAMES[mode], taken_at, revision, counts))
        for table in tables:
            writer.table(table.name, table.columns)
            for batch in rows.read(connection, table):
                writer.rows(batch)
                progress(NAMES[mode], len(batch), sum(counts.values()))
            writer.end_table(table.name)


def _check(settings: Settings) -> None:
    """Raise BackupError where there is nothing to back up."""
    for mode, schema in data_directory.look(settings).items():
        if schema.revision is None:
            raise BackupError(
                f"{NAMES[mode]} has no data yet ({settings.data}). Choose the directory with "
                "--data, or the settings with --config."
            )


def _check_key(settings: Settings) -> None:
    """Raise MasterKeyError where the master key is not the one of the databases."""
    master_key = data_directory.master_key(settings)
    for mode in Mode:
        with (
            data_directory.named_errors(settings, mode),
            closing(databases.of(settings, mode, read_only=True)) as database,
            deadline.each(deadline.COMMAND),
            database.read() as connection,
        ):
            keys.all_keys(connection, master_key, mode)
