"""The master key: from the environment or a file, made on the first start."""

import os
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from contextlib import suppress
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

VARIABLE = "GATEPASS_MASTER_KEY"
FILE_NAME = "master.key"
_SIZE = 32  # bytes
_NONCE = 12  # bytes


class MasterKeyError(Exception):
    """A master key that is missing or wrong; the message is one line that says what to do."""


class MasterKey:
    """Encrypts what must not lie in the database in clear (AES-256-GCM under HKDF-SHA-256)."""

    def __init__(self, key: bytes) -> None:
        if len(key) != _SIZE:
            raise MasterKeyError(f"The master key must be {_SIZE} bytes in base64url.")
        self._key = key

    def encrypt(self, plain: bytes, purpose: str) -> bytes:
        """Encrypt for one `purpose`; only the same purpose decrypts."""
        nonce = secrets.token_bytes(_NONCE)
        return nonce + self._cipher(purpose).encrypt(nonce, plain, purpose.encode())

    def decrypt(self, encrypted: bytes, purpose: str) -> bytes:
        """Undo `encrypt`; raise MasterKeyError where this is another key."""
        try:
            return self._cipher(purpose).decrypt(
                encrypted[:_NONCE], encrypted[_NONCE:], purpose.encode()
            )
        except InvalidTag:
            raise MasterKeyError(
                "The master key does not fit this data directory. Put the right one back "
                f"({FILE_NAME} or {VARIABLE})."
            ) from None

    def _cipher(self, purpose: str) -> AESGCM:
        return AESGCM(HKDF(SHA256(), _SIZE, salt=None, info=purpose.encode()).derive(self._key))


def exists(data: Path) -> bool:
    """Return whether there is a master key: in the environment variable or the data directory."""
    return bool(os.environ.get(VARIABLE)) or (data / FILE_NAME).exists()


def load(data: Path) -> MasterKey:
    """Read the master key, from the environment variable or the data directory; make it if new."""
    given = os.environ.get(VARIABLE, "")
    file = data / FILE_NAME
    if not given and not file.exists():
        _create(file)
    try:
        text = given or file.read_text("ascii")
        return MasterKey(urlsafe_b64decode(text.strip()))
    except ValueError:
        where = VARIABLE if given else str(file)
        raise MasterKeyError(f"{where} is not a master key (base64url of 32 bytes).") from None


def _create(file: Path) -> None:
    """Write a new key whole or not at all; of several processes at once, one wins."""
    draft = file.with_name(f".{FILE_NAME}.{secrets.token_hex(8)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as opened:
        opened.write(urlsafe_b64encode(secrets.token_bytes(_SIZE)) + b"\n")
        opened.flush()
        os.fsync(opened.fileno())
    with suppress(FileExistsError):
        file.hardlink_to(draft)
    draft.unlink()
    directory = os.open(file.parent, os.O_RDONLY)
    os.fsync(directory)  # so that the name, too, survives a power cut
    os.close(directory)
