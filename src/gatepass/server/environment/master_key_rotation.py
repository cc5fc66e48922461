"""Rotates the master key; ended at any point, it can be run again."""

from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from gatepass.server.configuration.settings import Settings
from gatepass.server.domain.audit.model import Actor
from gatepass.server.domain.keys import operations
from gatepass.server.domain.users.factors import operations as factors
from gatepass.server.domain.users.single_sign_on import setup as single_sign_on
from gatepass.server.environment import data_directory
from gatepass.server.storage import master_key
from gatepass.server.storage.master_key import MasterKeyError, Place
from gatepass.wire.credential import Mode

_ONE_KEY = (
    "The master key comes from {}, which Gatepass does not write. Put a new key there before the "
    "present one, separated by a space, for every node; restart them, and run this again."
)


class Rotated(NamedTuple):
    """How many keys and secrets were encrypted again; where the earlier key is, if in a file."""

    keys: int
    place: str
    earlier: Path | None


def rotate(settings: Settings, by: Actor) -> Rotated:
    """Encrypt under a new master key what is under another; raise MasterKeyError, ServingError.

    The file in the data directory has both keys until everything is encrypted under the new one.
    Servers read it again when they cannot decrypt a key. In any other place the operator has put
    both keys, the new one first.
    """
    data_directory.master_key(settings)  # refuses a key that is missing
    place = master_key.place_of(settings.data, settings.master_key_source)
    if len(place.keys()) == 1:
        _add_new(place)
    changed = 0
    for mode in Mode:
        with data_directory.opened(settings, mode) as environment:
            changed += operations.encrypt_again(environment.context, by)
            environment.context.outbox.encrypt_again()
            changed += factors.encrypt_again(environment.context)
            single_sign_on.encrypt_again(environment.context)
            environment.context.webhooks.encrypt_again()
    return Rotated(changed, place.name, _keep_earlier(place))


def _add_new(place: Place) -> None:
    if place.file is None:
        raise MasterKeyError(_ONE_KEY.format(place.name))
    master_key.replace(place.file, (master_key.generate(), *place.keys()))


def _keep_earlier(place: Place) -> Path | None:
    """Leave the new key alone in the file; keep the earlier ones beside it, for older backups."""
    if place.file is None:
        return None
    new, *earlier = place.keys()
    kept = master_key.keep_earlier(place.file, tuple(earlier), datetime.now(UTC))
    master_key.replace(place.file, (new,))
    return kept
