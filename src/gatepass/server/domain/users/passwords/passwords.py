"""Passwords of users: what is accepted (NIST SP 800-63B-4 §3.1.1), and Argon2id (RFC 9106)."""

import secrets
import threading
from base64 import b64encode
from collections.abc import Iterable
from contextlib import suppress
from functools import cache, cached_property
from importlib import resources
from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict, Field

from gatepass.concurrency.bounded_pool import RETRY_AFTER, BoundedPool
from gatepass.server.domain.users.model import InvalidField
from gatepass.server.domain.users.passwords.strength import effective_length
from gatepass.translation.message import Message
from gatepass.wire.secret import Secret

if TYPE_CHECKING:
    from argon2 import PasswordHasher

SHORTEST = 15
LONGEST = 128
_FEWEST_DIFFERENT = 5  # characters
_FEWEST_EFFECTIVE = 11  # characters, where a common word counts as 4 and a repetition as 1
_TELLING = 4  # characters that a name must have before a password may not hold it

# Without l, I, 0, O and 1, so that it can be read out over the telephone.
_READABLE = "abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789"


class PasswordSettings(BaseModel):
    """Argon2id parameters (RFC 9106 §4); a login rehashes what was made with others."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)

    time_cost: int = Field(2, ge=1, le=32)
    """Passes over the memory."""
    memory_kib: int = Field(19 * 1024, ge=8 * 1024, le=1024 * 1024)
    """KiB of memory for one hash."""
    parallelism: int = Field(1, ge=1, le=16)
    """Lanes of one hash."""
    at_once: int = Field(2, ge=1, le=64)
    """How many hashes one process computes at a time; others wait their turn."""
    queue: int = Field(32, ge=0, le=1000)
    """How many hashes may wait for their turn; the next one is answered 503 with Retry-After."""


class Hasher:
    """Argon2id with bounded concurrency; blocks, so a server calls it in `pool`.

    The library is loaded by the first hash: a server that only issues tokens needs none.
    """

    def __init__(self, settings: PasswordSettings) -> None:
        self._settings = settings
        self._turns = threading.BoundedSemaphore(settings.at_once)
        self._placeholder_hash = _placeholder_hash(settings)
        self.pool = BoundedPool(
            "passwords",
            threads=settings.at_once,
            queue=settings.queue,
            say=(
                Message(
                    "Too many passwords are being checked just now. Nothing was changed. "
                    "Try again in {retry_after} seconds.",
                    retry_after=RETRY_AFTER,
                )
            ),
            note="the queue for password hashes is full",
        )

    @cached_property
    def _argon2(self) -> "PasswordHasher":
        from argon2 import PasswordHasher, Type

        return PasswordHasher(
            time_cost=self._settings.time_cost,
            memory_cost=self._settings.memory_kib,
            parallelism=self._settings.parallelism,
            type=Type.ID,
        )

    def hash(self, password: Secret) -> str:
        """Return the encoded hash, parameters and salt included."""
        with self._turns:
            return self._argon2.hash(password.value)

    def verify(self, password: Secret, kept: str | None) -> bool:
        """Return whether `kept` is the password's hash; None takes as long and is never right."""
        from argon2.exceptions import InvalidHashError, VerificationError

        if len(password.value) > LONGEST:
            password, kept = Secret(""), None
        with self._turns:
            try:
                self._argon2.verify(kept or self._placeholder_hash, password.value)
            except (VerificationError, InvalidHashError):
                return False
        return kept is not None

    def hash_of_nothing(self) -> str:
        """Return a hash that no password has; to verify it takes as long as any other."""
        return _placeholder_hash(self._settings)

    def is_outdated(self, kept: str) -> bool:
        """Return whether a hash was made with other parameters than today's."""
        return self._argon2.check_needs_rehash(kept)


def generate(own_names: Iterable[str | None] = ()) -> Secret:
    """Return an initial password: 20 readable characters in groups, 115 random bits.

    Chance can spell one of `own_names` in it, which `check` would refuse: then another is drawn.
    """
    names = tuple(own_names)
    while True:
        groups = ["".join(secrets.choice(_READABLE) for _ in range(5)) for _ in range(4)]
        password = Secret("-".join(groups))
        with suppress(InvalidField):
            check(password, names)
            return password


def check(password: Secret, own_names: Iterable[str | None], field: str = "new_password") -> None:
    """Raise InvalidField for a password that is too short, too long or too easily guessed.

    `own_names` are the person's and the organization's, which a password must not consist of.
    """
    text = password.value
    if len(text) < SHORTEST:
        raise InvalidField(
            field,
            Message(
                "Use {shortest} characters or more; a sentence is a good choice.", shortest=SHORTEST
            ),
        )
    if len(text) > LONGEST:
        raise InvalidField(field, Message("Use {longest} characters at most.", longest=LONGEST))
    plain = _plain(text)
    if (
        len(set(plain)) < _FEWEST_DIFFERENT
        or plain in common()
        or effective_length(text, common()) < _FEWEST_EFFECTIVE
    ):
        raise InvalidField(field, Message("This password is among those that attackers try first."))
    for name in own_names:
        for part in _parts(name or ""):
            if part in plain:
                raise InvalidField(
                    field,
                    Message("The password has a name in it that others know: {part}.", part=part),
                )


def _placeholder_hash(settings: PasswordSettings) -> str:
    """Return an encoded hash of no password, made without hashing: to verify it takes as long."""
    salt, digest = (b64encode(secrets.token_bytes(size)).decode().rstrip("=") for size in (16, 32))
    cost = f"m={settings.memory_kib},t={settings.time_cost},p={settings.parallelism}"
    return f"$argon2id$v=19${cost}${salt}${digest}"


@cache
def common() -> frozenset[str]:
    """Return the passwords that are tried first, in lower case without spaces and signs."""
    text = (
        resources.files("gatepass.server.domain.users.passwords")
        .joinpath("common_passwords.txt")
        .read_text("utf-8")
    )
    return frozenset(_plain(line) for line in text.splitlines() if line)


def _plain(text: str) -> str:
    return "".join(char for char in text.casefold() if char.isalnum()) or text


def _parts(name: str) -> set[str]:
    pieces = {_plain(piece) for piece in name.replace("@", " ").split()} | {_plain(name)}
    return {piece for piece in pieces if len(piece) >= _TELLING}
