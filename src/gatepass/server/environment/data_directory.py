"""Opening what a server keeps: the data directory, the master key and both databases."""

import os
import tempfile
from collections.abc import Callable, Collection, Iterator
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path

from gatepass.server.configuration.settings import Settings
from gatepass.server.domain.keys import store as keys
from gatepass.server.domain.users.passwords.passwords import Hasher
from gatepass.server.environment import databases
from gatepass.server.environment.databases import NAMES, file
from gatepass.server.environment.environment import Environment
from gatepass.server.storage import deadline
from gatepass.server.storage import master_key as master
from gatepass.server.storage.database import Database, sqlite_url
from gatepass.server.storage.errors import DatabaseAwayError, DatabaseError
from gatepass.server.storage.migrations.state import Schema
from gatepass.wire.credential import Mode

_MISSING = (
    "The database {path} is missing or empty, though this data directory is in use. Put it back "
    "from your backup, or begin with an empty one: gatepass serve --create-database {name}"
)
_ADVICE = {  # by words of libpq and of the server, which may speak another language
    ("password", "authentication", "pg_hba"): (
        "Give the role and the password that it knows, in the address, PGPASSWORD or PGPASSFILE."
    ),
    ("does not exist",): "Create it, or fix the address.",
    ("resolve", "translate host"): "Fix the name of the host in the address.",
    ("SSL", "certificate", "TLS"): (
        "Fix sslmode and sslrootcert in the address, or the server's certificate."
    ),
    # what a server with a full disk says to a new connection, instead of an error of its disk
    ("disk is full", "init file", "No space left"): "Make room on its disk.",
    ("read-only",): "Give the address of the primary.",
    ("too many", "remaining connection"): (
        "Raise its max_connections, or lower database_connections."
    ),
}
_NEEDS_PSYCOPG = "PostgreSQL needs psycopg. Install it: pip install 'gatepass[server,postgres]'"


class ServingError(Exception):
    """The server cannot run; the message is one line that says what to do."""


def is_new(settings: Settings) -> bool:
    """Return whether the data directory lacks all that is to be kept in it."""
    has_key = (settings.data / master.FILE_NAME).exists()
    return keeps_files(settings) and not has_key and not _has_databases(settings)


def prepare(settings: Settings, create: Collection[str] = ()) -> None:
    """Make the data directory, the keys and both databases, or bring them to this version.

    Done once, before any worker starts. Raises ServingError or MasterKeyError, if possible before
    anything is written.
    `create` names the environments whose database may begin empty in a directory in use.
    """
    is_first = is_new(settings)
    schemas = look(settings)
    if not settings.auto_migrate:
        for mode, schema in schemas.items():
            if NAMES[mode] not in create:
                with named_errors(settings, mode):
                    schema.check_ready()
    open_directory(settings, create)
    # both have their tables before the first key, so a start cut short is seen
    for mode, path in _files(settings).items():
        if (is_first and settings.auto_migrate) or NAMES[mode] in create:
            with named_errors(settings, mode), closing(Database(sqlite_url(path))) as database:
                database.migrate()
    for mode in Mode:
        with opened(settings, mode):
            pass


def look(settings: Settings, *, may_be_unfinished: bool = False) -> dict[Mode, Schema]:
    """Return what the tables of both databases are; raise ServingError where they cannot be used.

    Nothing is written.
    """
    schemas, identities = {}, {}
    for mode in Mode:
        with named_errors(settings, mode):
            schemas[mode], identities[mode] = databases.look(
                settings, mode, may_be_unfinished=may_be_unfinished
            )
            schemas[mode].check_usable()
    with named_errors(settings, Mode.TEST):
        databases.check_apart(identities)
    return schemas


def migrate(settings: Settings, done: Callable[[Mode], None]) -> None:
    """Bring the tables of both databases to this version, and do nothing else.

    `done` is called after each step of a database. Raises ServingError.
    """
    look(settings)
    open_directory(settings)
    for mode in Mode:
        with named_errors(settings, mode), closing(databases.of(settings, mode)) as database:
            database.migrate(partial(done, mode))


def open_directory(settings: Settings, create: Collection[str] = ()) -> None:
    """Make the data directory (0700), see that it can be written, and that nothing is missing.

    Nothing is done where nothing is kept in it.
    """
    make_writable(settings)
    if not keeps_files(settings):
        return
    if not _has_key(settings) and _has_databases(settings):
        raise _missing_key(settings)

    if not is_new(settings):
        for mode, path in _files(settings).items():
            if NAMES[mode] not in create and not _has_content(path):
                raise ServingError(_MISSING.format(path=path, name=NAMES[mode]))


def make_writable(settings: Settings) -> None:
    """Make the data directory, if anything is kept in it, and see that it can be written."""
    os.umask(0o077)  # what is made from here on is the operator's alone
    if not keeps_files(settings):
        return
    try:
        settings.data.mkdir(mode=0o700, parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=settings.data):
            pass
    except OSError as error:
        raise ServingError(
            f"The data directory {settings.data} cannot be written ({error.strerror}). "
            "Choose another with --data, or fix its permissions."
        ) from None


def keeps_files(settings: Settings) -> bool:
    """Return whether databases, workers' metrics or a new master key go into the data directory."""
    on_sqlite = not all(settings.environment(mode).database for mode in Mode)
    return on_sqlite or settings.workers > 1 or not _has_key(settings)


@contextmanager
def opened(settings: Settings, mode: Mode) -> Iterator[Environment]:
    """Open one environment for a command; raise what `prepare` does, naming the environment."""
    key = master_key(settings)
    with named_errors(settings, mode):
        environment = Environment(mode, settings, key, Hasher(settings.password))
        with closing(environment):
            environment.open(serves=False)
            with deadline.each(deadline.COMMAND):
                yield environment


@contextmanager
def named_errors(settings: Settings, mode: Mode) -> Iterator[None]:
    """Raise ServingError, which names the environment, for what its database raises."""
    try:
        yield
    except DatabaseError as error:
        raise ServingError(f"{NAMES[mode]}: {error}") from None
    except ImportError as error:
        if "psycopg" not in str(error):
            raise
        raise ServingError(f"{NAMES[mode]}: {_NEEDS_PSYCOPG}") from None
    except DatabaseAwayError as error:
        if settings.environment(mode).database:
            what = f"The database cannot be used: {error.detail}. {_advice(error.detail)}"
        else:
            what = f"The database in {settings.data} cannot be used: {error}. Check the disk."
        raise ServingError(f"{NAMES[mode]}: {what}") from None


def _advice(detail: str) -> str:
    """Return what to do about a PostgreSQL that cannot be used, for what it or libpq says."""
    return next(
        (advice for words, advice in _ADVICE.items() if any(each in detail for each in words)),
        "Start it, or fix its address.",
    )


def master_key(settings: Settings) -> master.MasterKey:
    """Return the master key; make it if it is new. One that a database needs is never made."""
    if not _has_key(settings) and _has_encrypted(settings):
        raise _missing_key(settings)
    try:
        return master.load(settings.data, settings.master_key_source)
    except OSError as error:
        place = master.place_of(settings.data, settings.master_key_source).name
        raise ServingError(
            f"The master key in {place} cannot be read ({error.strerror}). Fix its permissions."
        ) from None


def _has_key(settings: Settings) -> bool:
    return master.exists(settings.data, settings.master_key_source)


def _files(settings: Settings) -> dict[Mode, Path]:
    """Return the SQLite files by the environments that have one."""
    return {
        mode: file(settings.data, mode) for mode in Mode if not settings.environment(mode).database
    }


def _missing_key(settings: Settings) -> ServingError:
    return ServingError(
        f"The master key {settings.data / master.FILE_NAME} is missing. Put it back from your "
        f"backup, or give it in {master.VARIABLE}."
    )


def _has_encrypted(settings: Settings) -> bool:
    """Return whether a database has keys that are encrypted with a master key."""
    for mode in Mode:
        if not databases.is_there(settings, mode):
            continue
        with (
            named_errors(settings, mode),
            closing(databases.of(settings, mode)) as database,
            database.read() as connection,
        ):
            if keys.is_any(connection):
                return True
    return False


def _has_databases(settings: Settings) -> bool:
    return any(_is_used(file(settings.data, mode)) for mode in Mode)


def _is_used(path: Path) -> bool:
    """Return whether a database has a key: one without was left by a first start cut short."""
    if not _has_content(path):
        return False
    try:
        with closing(Database(sqlite_url(path))) as database, database.read() as connection:
            return keys.is_any(connection)
    except DatabaseAwayError:
        return True


def _has_content(path: Path) -> bool:
    try:
        return path.stat().st_size > 0
    except OSError:
        return False
