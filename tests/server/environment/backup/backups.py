"""Making and restoring backups in this process."""

from pathlib import Path
from typing import NamedTuple

from gatepass.server.configuration.settings import Settings
from gatepass.server.environment.backup.encryption import (
    Encryption,
    Recipients,
    Unencrypted,
    Unlock,
)
from gatepass.server.environment.backup.progress import unseen
from gatepass.server.environment.backup.restore import Options, Restored, restore
from gatepass.server.environment.backup.save import save
from gatepass.wire.secret import Secret

OPEN = Unencrypted()
NO_LOCK = Unlock((), lambda: Secret(""))
KEEP = Options(keep_sessions=True, keep_tokens=True)


class Lock(NamedTuple):
    """What encrypts a backup, and what decrypts it."""

    recipients: Recipients
    unlock: Unlock


def backed_up(
    settings: Settings, file: Path, encryption: Encryption = OPEN, *, with_master_key: bool = False
) -> str:
    save(settings, str(file), encryption, unseen, with_master_key=with_master_key)
    return str(file)


def restored(
    settings: Settings, place: str, unlock: Unlock = NO_LOCK, options: Options | None = None
) -> Restored:
    return restore(settings, place, unlock, options or Options(), unseen)


def give_master_key(source: Settings, target: Settings) -> None:
    target.data.mkdir(parents=True)
    (target.data / "master.key").write_bytes((source.data / "master.key").read_bytes())
