"""The master key: what it encrypts, and where it is kept.

A place may hold several keys, separated by white space: the first one encrypts, all decrypt. So it
can be rotated while servers run.
"""

import math
import os
import secrets
import threading
import time
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

VARIABLE = "GATEPASS_MASTER_KEY"
FILE_NAME = "master.key"
CREDENTIAL = "gatepass-master-key"
"""The name of the credential that systemd may pass on (LoadCredential=, systemd.exec(5))."""
_CREDENTIALS = "CREDENTIALS_DIRECTORY"
_SIZE = 32  # bytes
_NONCE = 12  # bytes
_KINDS = ("file", "env", "vault", "aws", "gcp", "google", "azure", "keyring", "command")
_FIELD = "#master_key"  # of a secret in Vault, unless another one is named
_UNTIL = ".until-"
_READ_AGAIN_EVERY = 1.0  # seconds, however much cannot be decrypted


class MasterKeyError(Exception):
    """A master key that is missing or wrong; the message is one line that says what to do."""


class MasterKey:
    """Encrypts what must not lie in the database in clear (AES-256-GCM under HKDF-SHA-256).

    `read_again` returns the keys that are in their place now, and earlier ones kept beside it.
    """

    def __init__(
        self,
        *keys: bytes,
        read_again: Callable[[], tuple[bytes, ...]] | None = None,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        if not keys or any(len(key) != _SIZE for key in keys):
            raise MasterKeyError(f"The master key must be {_SIZE} bytes in base64url.")
        self._keys = keys
        self._read_again = read_again
        self._now = now
        self._read_at = -math.inf
        self._lock = threading.Lock()

    def encrypt(self, plain: bytes, purpose: str) -> bytes:
        """Encrypt for one `purpose`; only the same purpose decrypts."""
        nonce = secrets.token_bytes(_NONCE)
        return nonce + _cipher(self._keys[0], purpose).encrypt(nonce, plain, purpose.encode())

    def decrypt(self, encrypted: bytes, purpose: str) -> bytes:
        """Undo `encrypt`; raise MasterKeyError where this is another key."""
        for key in self._keys:
            with suppress(InvalidTag):
                return _decrypt(key, encrypted, purpose)
        raise MasterKeyError(
            "The master key does not fit this data directory. Put the right one back "
            f"({FILE_NAME}, {VARIABLE}, or where master_key_source says)."
        )

    def decrypt_stored(self, encrypted: bytes, purpose: str) -> bytes:
        """Do as `decrypt` for what the database holds; the key may have been rotated meanwhile."""
        try:
            return self.decrypt(encrypted, purpose)
        except MasterKeyError:
            self._renew(encrypted, purpose)
            return self.decrypt(encrypted, purpose)

    def derived(self, purpose: str) -> tuple[bytes, ...]:
        """Return a key for one `purpose`, of 32 bytes, from each of the keys.

        All processes with the same master key derive the same.
        """
        return tuple(_derived(key, purpose) for key in self._keys)

    def is_under_first(self, encrypted: bytes, purpose: str) -> bool:
        """Return whether it is encrypted under the first key, which encrypts."""
        try:
            _decrypt(self._keys[0], encrypted, purpose)
        except InvalidTag:
            return False
        return True

    def _renew(self, encrypted: bytes, purpose: str) -> None:
        """Read the keys again, unless another thread has just done so."""
        if self._read_again is None:
            return
        with self._lock:
            with suppress(MasterKeyError):
                self.decrypt(encrypted, purpose)
                return
            now = self._now()
            if now - self._read_at >= _READ_AGAIN_EVERY:
                self._read_at = now
                with suppress(OSError):
                    self._keys = self._read_again()

    def text(self) -> str:
        """Return the key as it is kept in a file: a secret; several are lines."""
        return format_keys(self._keys)


@dataclass(frozen=True, slots=True)
class Place:
    """Where the master key is: a name for people, how it is read, and its file if it has one.

    `file` is set if it is the file in the data directory, which is made on the first start.
    """

    name: str
    read: Callable[[], str]
    file: Path | None = None

    def keys(self) -> tuple[bytes, ...]:
        """Return the keys there; raise MasterKeyError for what is none, OSError without a file."""
        return parse(self.read(), self.name)

    def keys_and_earlier(self) -> tuple[bytes, ...]:
        """Return the keys there, then those that rotations have kept in files beside it.

        A server that has not yet read the new key may encrypt under the earlier one meanwhile.
        """
        keys = [*self.keys()]
        kept = self.file.parent.glob(f"{self.file.name}{_UNTIL}*") if self.file else ()
        for each in sorted(kept, reverse=True):
            with suppress(MasterKeyError, OSError):
                keys += parse(_text(each), str(each))
        return tuple(keys)


def place_of(data: Path, source: str = "") -> Place:
    """Return where the key is: `source`, the variable, systemd's credential, or `data`."""
    if source.startswith("file:"):
        named = Path(source.removeprefix("file:"))
        return Place(str(named), lambda: _text(named))
    if source:
        return Place(
            f"master_key_source ({source.partition(':')[0]}:)", lambda: _read_named(source)
        )
    if os.environ.get(VARIABLE):
        return Place(VARIABLE, lambda: os.environ.get(VARIABLE, ""))
    credential = _credential()
    if credential is not None:
        return Place(f"the credential {CREDENTIAL}", lambda: _text(credential))
    file = data / FILE_NAME
    return Place(str(file), lambda: _text(file), file)


def exists(data: Path, source: str = "") -> bool:
    """Return whether there is a master key, or a place is named that should have one."""
    file = place_of(data, source).file
    return file is None or file.exists()


def load(data: Path, source: str = "") -> MasterKey:
    """Read the master key; make it if it is to be in the data directory and is new."""
    place = place_of(data, source)
    if place.file and not place.file.exists():
        create(place.file, format_keys((generate(),)))
    return MasterKey(*place.keys(), read_again=place.keys_and_earlier)


def parse(text: str, name: str) -> tuple[bytes, ...]:
    """Return the keys in a text; raise MasterKeyError, which names its place and not the text."""
    try:
        keys = tuple(map(urlsafe_b64decode, text.split()))
    except ValueError:
        keys = ()
    if not keys or any(len(key) != _SIZE for key in keys):
        raise MasterKeyError(f"{name} is not a master key (base64url of {_SIZE} bytes).")
    return keys


def format_keys(keys: tuple[bytes, ...]) -> str:
    """Return keys as a text, one a line."""
    return "".join(f"{urlsafe_b64encode(key).decode()}\n" for key in keys)


def generate() -> bytes:
    """Return a new key."""
    return secrets.token_bytes(_SIZE)


def replace(file: Path, keys: tuple[bytes, ...]) -> None:
    """Write keys in place of what a file holds, whole or not at all."""
    draft = _draft(file, format_keys(keys))
    draft.replace(file)
    _sync(file.parent)


def keep_earlier(file: Path, keys: tuple[bytes, ...], now: datetime) -> Path:
    """Write earlier keys beside the file of the present one, and return where."""
    kept = file.with_name(f"{file.name}{_UNTIL}{now:%Y%m%dT%H%M%SZ}")
    create(kept, format_keys(keys))
    return kept


def create(file: Path, text: str) -> None:
    """Write a key's text into a file that does not exist; of several processes, one wins."""
    draft = _draft(file, text)
    with suppress(FileExistsError):
        file.hardlink_to(draft)
    draft.unlink()
    _sync(file.parent)


def _draft(file: Path, text: str) -> Path:
    draft = file.with_name(f".{FILE_NAME}.{secrets.token_hex(8)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w", encoding="ascii") as opened:
            opened.write(text)
            opened.flush()
            os.fsync(opened.fileno())
    except OSError:
        draft.unlink()
        raise
    return draft


def _sync(folder: Path) -> None:
    """Let a name in a folder survive a power cut."""
    directory = os.open(folder, os.O_RDONLY)
    os.fsync(directory)
    os.close(directory)


def _text(file: Path) -> str:
    try:
        return file.read_text("ascii")
    except UnicodeDecodeError:
        return ""


def _credential() -> Path | None:
    folder = os.environ.get(_CREDENTIALS)
    file = Path(folder) / CREDENTIAL if folder else None
    return file if file and file.exists() else None


def _read_named(source: str) -> str:
    """Return what is at a place that the client's secrets have; raise MasterKeyError."""
    # of the client, which has the readers and their errors: the only use that the server makes of
    # it, and loaded only where such a place is named
    from gatepass.client.errors import ConfigurationError
    from gatepass.client.secrets.uri import from_uri

    kind = source.partition(":")[0]
    if kind not in _KINDS or ":" not in source:
        begins = ", ".join(f"{known}:" for known in _KINDS)
        raise MasterKeyError(f"master_key_source is not understood: begin it with {begins}.")
    if kind == "vault" and "#" not in source:
        source += _FIELD
    try:
        return from_uri(source)()
    except ConfigurationError as error:
        raise MasterKeyError(f"The master key cannot be read from {kind}: {error}.") from None


def _decrypt(key: bytes, encrypted: bytes, purpose: str) -> bytes:
    return _cipher(key, purpose).decrypt(encrypted[:_NONCE], encrypted[_NONCE:], purpose.encode())


def _cipher(key: bytes, purpose: str) -> AESGCM:
    return AESGCM(_derived(key, purpose))


def _derived(key: bytes, purpose: str) -> bytes:
    return HKDF(SHA256(), _SIZE, salt=None, info=purpose.encode()).derive(key)
