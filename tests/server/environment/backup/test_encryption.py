"""Encryption of backups by age, as a stream."""

import io
import os
from pathlib import Path

import pyrage
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from gatepass.server.environment.backup.encryption import (
    Encryption,
    Passphrase,
    Recipients,
    Unencrypted,
    Unlock,
    decrypting,
    encrypting,
)
from gatepass.server.environment.backup.errors import BackupError
from gatepass.wire.secret import Secret

CONTENT = b"\x1f\x8b" + os.urandom(300_000)
NO_PASSPHRASE = Secret("")


@pytest.fixture(scope="module")
def identity() -> pyrage.x25519.Identity:
    return pyrage.x25519.Identity.generate()


def _encrypted(encryption: Encryption) -> bytes:
    out = io.BytesIO()
    with encrypting(out, encryption) as stream:
        for start in range(0, len(CONTENT), 10_000):
            stream.write(CONTENT[start : start + 10_000])
    return out.getvalue()


def _decrypted(content: bytes, *identities: Path, passphrase: str = "") -> bytes:
    unlock = Unlock(identities, lambda: Secret(passphrase))
    with decrypting(io.BufferedReader(io.BytesIO(content)), unlock) as stream:
        return stream.read()


def _file(folder: Path, text: str) -> Path:
    file = folder / "identity"
    file.write_text(text)
    return file


def test_an_encrypted_backup_is_an_age_file_for_each_recipient(
    tmp_path: Path, identity: pyrage.x25519.Identity
) -> None:
    other = pyrage.x25519.Identity.generate()
    content = _encrypted(Recipients((str(other.to_public()), str(identity.to_public()))))

    assert pyrage.decrypt(content, [other]) == CONTENT
    assert _decrypted(content, _file(tmp_path, f"# a comment\n\n{identity}\n")) == CONTENT


def test_a_backup_can_be_for_an_ssh_key(tmp_path: Path) -> None:
    key = Ed25519PrivateKey.generate()
    private = key.private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption())
    public = key.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH)

    content = _encrypted(Recipients((f"{public.decode()} anna@laptop",)))

    assert _decrypted(content, _file(tmp_path, private.decode())) == CONTENT


def test_a_passphrase_decrypts_what_it_encrypted_and_another_one_does_not() -> None:
    content = _encrypted(Passphrase(Secret("correct horse")))

    assert _decrypted(content, passphrase="correct horse") == CONTENT
    with pytest.raises(BackupError, match="passphrase is wrong"):
        _decrypted(content, passphrase="incorrect horse")


def test_an_unencrypted_backup_is_written_as_it_is() -> None:
    assert _encrypted(Unencrypted()) == CONTENT
    assert _decrypted(CONTENT) == CONTENT


def test_a_cut_or_altered_backup_is_refused(
    tmp_path: Path, identity: pyrage.x25519.Identity
) -> None:
    content = _encrypted(Recipients((str(identity.to_public()),)))
    file = _file(tmp_path, str(identity))
    altered = bytearray(content)
    altered[len(content) // 2] ^= 1

    for each in (content[:-1], content[: len(content) // 2], content[:250], bytes(altered)):
        with pytest.raises(BackupError, match="cut or altered"):
            _decrypted(each, file)


def test_another_identity_is_refused(tmp_path: Path, identity: pyrage.x25519.Identity) -> None:
    content = _encrypted(Recipients((str(identity.to_public()),)))
    other = _file(tmp_path, str(pyrage.x25519.Identity.generate()))

    with pytest.raises(BackupError, match="encrypted for another key"):
        _decrypted(content, other)
    with pytest.raises(BackupError, match="Give its file with --identity"):
        _decrypted(content)


@pytest.mark.parametrize(
    "text", ["", "age1xyz", "AGE-SECRET-KEY-1XYZ", "-----BEGIN X-----\n", "\x00"]
)
def test_a_file_that_is_no_identity_is_refused_without_repeating_it(
    tmp_path: Path, text: str, identity: pyrage.x25519.Identity
) -> None:
    content = _encrypted(Recipients((str(identity.to_public()),)))

    with pytest.raises(BackupError, match="is not an identity file") as caught:
        _decrypted(content, _file(tmp_path, text))
    assert not text or text not in str(caught.value)


@pytest.mark.parametrize("key", ["", "age1", "AGE-SECRET-KEY-1ABC", "ssh-ed25519 x"])
def test_what_is_no_recipient_is_refused_without_repeating_it(key: str) -> None:
    with pytest.raises(BackupError, match="--recipient is not a public key") as caught:
        _encrypted(Recipients((key,)))
    assert not key or key not in str(caught.value).replace("(age1...)", "")


@pytest.mark.parametrize("content", [b"", b"hello", b"SQLite format 3\x00" * 10])
def test_something_else_is_not_a_backup(content: bytes) -> None:
    with pytest.raises(BackupError, match="not a backup of Gatepass"):
        _decrypted(content)


def test_what_the_target_raises_is_raised(identity: pyrage.x25519.Identity) -> None:
    class Full(io.BytesIO):
        def write(self, _: object) -> int:
            raise OSError(28, "No space left on device")

    with (  # noqa: PT012 - the block is what fails
        pytest.raises(OSError, match="No space left"),
        encrypting(Full(), Recipients((str(identity.to_public()),))) as stream,
    ):
        for _ in range(100):
            stream.write(CONTENT)


def test_a_reader_that_stops_early_raises_its_own_error(
    tmp_path: Path, identity: pyrage.x25519.Identity
) -> None:
    content = _encrypted(Recipients((str(identity.to_public()),)))
    unlock = Unlock((_file(tmp_path, str(identity)),), lambda: NO_PASSPHRASE)

    with (  # noqa: PT012 - the block is what fails
        pytest.raises(BackupError, match="enough"),
        decrypting(io.BufferedReader(io.BytesIO(content)), unlock) as stream,
    ):
        stream.read(10)
        raise BackupError("enough")
