"""What is in a backup, read from its beginning to its end."""

from base64 import b64decode
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import cast

from gatepass.server.domain.keys import store as keys
from gatepass.server.domain.token_policy import Purpose
from gatepass.server.environment.backup import format as backup_format
from gatepass.server.environment.backup import places
from gatepass.server.environment.backup.encryption import Unlock, decrypting
from gatepass.server.environment.backup.errors import BackupError
from gatepass.server.environment.backup.format import (
    End,
    EnvironmentStart,
    Part,
    Start,
    TableEnd,
    TableStart,
)
from gatepass.server.environment.backup.progress import Progress
from gatepass.server.environment.databases import NAMES
from gatepass.server.storage.master_key import MasterKey, MasterKeyError, parse
from gatepass.wire.credential import Mode

_KEYS = "server_key"  # the table whose rows are encrypted under the master key


@dataclass(slots=True)
class Contents:
    """A whole backup: its first line, its environments, its digest, and the encrypted keys."""

    start: Start
    environments: list[EnvironmentStart] = field(default_factory=list)
    sha256: str = ""
    keys: list[tuple[Mode, int, Purpose, bytes]] = field(default_factory=list, repr=False)
    table: TableStart | None = None  # the one that is being read

    def master_key(self) -> MasterKey | None:
        """Return the master key that is in it, None if it was left out."""
        text = self.start.master_key
        return MasterKey(*parse(text, "The master key in the backup")) if text else None

    def check_master_key(self, master_key: MasterKey, name: str) -> None:
        """Raise BackupError where the keys in the backup are encrypted under another one."""
        for mode, key_id, purpose, encrypted in self.keys:
            try:
                keys.check_decrypts(master_key, mode, key_id, purpose, encrypted)
            except MasterKeyError:
                raise BackupError(
                    f"The master key in {name} is not the one of the backup. Give that one; "
                    "nothing was written."
                ) from None


@contextmanager
def opened(place: str, unlock: Unlock) -> Iterator[Iterator[Part]]:
    """Open a backup; raise BackupError where it cannot be read, or was cut or altered."""
    with places.reading(place) as stream, decrypting(stream, unlock) as plain:
        yield backup_format.read(plain)


def inspect(place: str, unlock: Unlock, progress: Progress) -> Contents:
    """Read all of a backup and return what is in it; raise BackupError where it is not whole."""
    with opened(place, unlock) as parts:
        start = next(parts)
        if not isinstance(start, Start):  # the format begins with it
            raise BackupError("This is not a backup of Gatepass.")
        found = Contents(start)
        for part in parts:
            _note(found, part, progress)
    if [each.name for each in found.environments] != list(NAMES.values()):
        raise BackupError("The backup does not have both environments.")
    return found


def _note(found: Contents, part: Part, progress: Progress) -> None:
    match part:
        case EnvironmentStart():
            found.environments.append(part)
        case TableStart():
            found.table = part
        case list():
            environment = found.environments[-1]
            progress(f"reading {environment.name}", len(part), sum(environment.rows.values()))
            if found.table and found.table.name == _KEYS:
                _note_keys(found, found.table, part)
        case TableEnd(name=name, rows=rows):
            if found.environments[-1].rows.get(name) != rows:
                raise BackupError(f"The backup was altered: rows of {name} are missing.")
        case End(sha256=digest):
            found.sha256 = digest


def _note_keys(contents: Contents, table: TableStart, rows: list[list[object]]) -> None:
    modes = {name: mode for mode, name in NAMES.items()}
    mode = modes.get(contents.environments[-1].name)
    at = {name: place for place, name in enumerate(table.columns)}
    if mode is None or not {"id", "purpose", "encrypted"} <= at.keys():
        raise BackupError("The backup has keys that this version of Gatepass does not know.")
    for row in rows:
        encrypted = b64decode(cast("str", row[at["encrypted"]]))
        key_id, purpose = cast("int", row[at["id"]]), cast("Purpose", row[at["purpose"]])
        contents.keys.append((mode, key_id, purpose, encrypted))
