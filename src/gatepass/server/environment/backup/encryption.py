"""Encryption of backups by age, as a stream.

For recipients the file is an age file. age's own passphrases need the whole file in memory, so with
a passphrase the file is encrypted for an identity made for it, which comes first, encrypted with
the passphrase and armored; `docs/operate/back-up.md` says how to read both with age alone.

pyrage pulls from one stream and pushes to another; a thread and a pipe turn it around.
"""

import os
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from io import BufferedReader
from pathlib import Path
from typing import IO, Any, cast

from gatepass.server.environment.backup.errors import BackupError
from gatepass.wire.secret import Secret

_AGE = b"age-encryption.org/v1\n"
_ARMOR = b"-----BEGIN AGE ENCRYPTED FILE-----\n"
_END_OF_ARMOR = b"-----END AGE ENCRYPTED FILE-----"
_GZIP = b"\x1f\x8b"
_LONGEST_ARMOR = 64  # lines
_ALTERED = "The backup was cut or altered: it cannot be decrypted to its end. Take another one."
_MISSING = "Encryption needs pyrage: pip install 'gatepass[server,backup]'."


@dataclass(frozen=True, slots=True)
class Recipients:
    """Encrypts for the owners of keys: age1..., or ssh-ed25519 and ssh-rsa lines."""

    keys: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Passphrase:
    """Encrypts with a passphrase."""

    secret: Secret


@dataclass(frozen=True, slots=True)
class Unencrypted:
    """Leaves the backup readable to everyone who gets the file."""


Encryption = Recipients | Passphrase | Unencrypted


@dataclass(frozen=True, slots=True)
class Unlock:
    """What decrypts: identity files, or a passphrase, which is asked for where it is needed."""

    identities: tuple[Path, ...]
    passphrase: Callable[[], Secret]


@contextmanager
def encrypting(out: IO[bytes], encryption: Encryption) -> Iterator[IO[bytes]]:
    """Open a stream to write to; what is written goes to `out`, encrypted.

    Raises BackupError, and what `out` raises.
    """
    if isinstance(encryption, Unencrypted):
        yield out
        return
    age = _age()
    if isinstance(encryption, Recipients):
        recipients = [_recipient(key) for key in encryption.keys]
    else:
        identity = age.x25519.Identity.generate()
        secret = encryption.secret.value
        locked = age.passphrase.encrypt(str(identity).encode(), secret, armored=True)
        out.write(locked.rstrip(b"\n") + b"\n")
        recipients = [identity.to_public()]
    reading, writing = os.pipe()
    target = _Remembering(out)
    with (
        open(reading, "rb") as source,  # noqa: PTH123 - a pipe has no path
        _running(lambda: age.encrypt_io(source, target, recipients), source) as thread,
    ):
        try:
            with open(writing, "wb") as pipe:  # noqa: PTH123
                yield pipe
        except BrokenPipeError:
            pass  # the thread has ended, and says why
        thread.finish(target)


@contextmanager
def decrypting(stream: BufferedReader, unlock: Unlock) -> Iterator[IO[bytes]]:
    """Open a stream of a backup's content; raise BackupError where it cannot be decrypted.

    What was read is right for certain when the block has ended.
    """
    beginning = stream.peek(len(_ARMOR))
    if beginning.startswith(_GZIP):
        yield stream
        return
    if not beginning.startswith((_AGE, _ARMOR)):
        raise BackupError("This is not a backup of Gatepass.")
    age = _age()
    identities = (
        [_identity_of_passphrase(stream, unlock.passphrase())]
        if beginning.startswith(_ARMOR)
        else _identities(unlock.identities)
    )
    reading, writing = os.pipe()
    source = _Remembering(stream)
    end = open(writing, "wb")  # noqa: PTH123, SIM115 - the thread closes it
    target = _Remembering(end)
    with _running(lambda: age.decrypt_io(source, target, identities), end) as thread:
        try:
            with open(reading, "rb") as pipe:  # noqa: PTH123
                yield pipe
                while pipe.read(1 << 16):
                    pass
        except Exception:
            thread.join()
            if target.error is None:  # what is read ended early: that is the reason
                thread.finish(source)
            raise
        thread.finish(source)


class _Remembering:
    """A stream for pyrage, which makes errors of its own of those that a stream raises."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        self.error: Exception | None = None

    def read(self, size: int = -1) -> bytes:
        return cast("bytes", self._do(lambda: self._stream.read(size)))

    def write(self, data: bytes) -> int:
        return cast("int", self._do(lambda: self._stream.write(data)))

    def flush(self) -> None:
        self._do(self._stream.flush)

    def _do(self, what: Callable[[], Any]) -> Any:  # noqa: ANN401 - as the stream's
        try:
            return what()
        except Exception as error:
            self.error = error
            raise


class _Thread:
    """Work in a thread, which closes its end of a pipe afterwards."""

    def __init__(self, work: Callable[[], None], end: IO[bytes]) -> None:
        self._work = work
        self._end = end
        self._error: Exception | None = None
        self._thread = threading.Thread(target=self._run, name="age", daemon=True)
        self._thread.start()

    def join(self) -> Exception | None:
        """Wait for the end, and return what went wrong."""
        self._thread.join()
        return self._error

    def finish(self, stream: _Remembering) -> None:
        """Wait for the end; raise what the stream raised, or BackupError."""
        error = self.join()
        if stream.error is not None:
            raise stream.error
        if error is not None:
            raise _refusal(error) from None

    def _run(self) -> None:
        try:
            self._work()
        except Exception as error:  # noqa: BLE001 - raised by `finish`
            self._error = error
        with suppress(OSError):
            self._end.close()


@contextmanager
def _running(work: Callable[[], None], end: IO[bytes]) -> Iterator[_Thread]:
    thread = _Thread(work, end)
    try:
        yield thread
    finally:
        thread.join()


def _refusal(error: Exception) -> BackupError:
    if str(error) == "No matching keys found":
        return BackupError("The backup is encrypted for another key. Give its identity file.")
    return BackupError(_ALTERED)


def _age() -> Any:  # noqa: ANN401 - a module
    try:
        import pyrage
    except ModuleNotFoundError:
        raise BackupError(_MISSING) from None
    return pyrage


def _recipient(key: str) -> Any:  # noqa: ANN401 - one of two types of pyrage
    age = _age()
    kind = age.ssh if key.startswith("ssh-") else age.x25519
    try:
        return kind.Recipient.from_str(key.strip())
    except (age.RecipientError, ValueError):
        raise BackupError(
            "--recipient is not a public key of age (age1...) or SSH (ssh-ed25519 or ssh-rsa)."
        ) from None


def _identities(files: Iterable[Path]) -> list[Any]:
    if not files:
        raise BackupError("The backup is encrypted for a key. Give its file with --identity.")
    found: list[Any] = []
    for file in files:
        try:
            content = file.read_bytes()
        except OSError as error:
            raise BackupError(f"{file} cannot be read ({error.strerror}).") from None
        found += _identities_in(content, file)
    return found


def _identities_in(content: bytes, file: Path) -> list[Any]:
    age = _age()
    try:
        if content.startswith(b"-----BEGIN"):
            return [age.ssh.Identity.from_buffer(content)]
        lines = [line.strip() for line in content.decode().splitlines()]
        keys = [line for line in lines if line and not line.startswith("#")]
        if keys:
            return [age.x25519.Identity.from_str(key) for key in keys]
    except (age.IdentityError, ValueError):
        pass
    raise BackupError(
        f"{file} is not an identity file of age (AGE-SECRET-KEY-1...) or a private SSH key without "
        "a passphrase."
    )


def _identity_of_passphrase(stream: BufferedReader, passphrase: Secret) -> Any:  # noqa: ANN401
    """Return the identity that comes first in the file."""
    age = _age()
    armor: list[bytes] = []
    while not (armor and armor[-1].startswith(_END_OF_ARMOR)):
        armor.append(stream.readline(128))
        if not armor[-1] or len(armor) > _LONGEST_ARMOR:
            raise BackupError(_ALTERED)
    try:
        text = age.passphrase.decrypt(b"".join(armor), passphrase.value)
        return age.x25519.Identity.from_str(text.decode())
    except (age.DecryptError, age.IdentityError, ValueError):
        raise BackupError("The passphrase is wrong, or the backup was altered.") from None
