"""What a secret store must do, so that a client secret in it can be replaced."""

from contextlib import AbstractContextManager, nullcontext
from typing import Protocol

from gatepass.client.errors import ChangedMeanwhile
from gatepass.client.secrets.source import SecretSource
from gatepass.client.secrets.validation import check_secret
from gatepass.wire.secret import Secret


class SecretStore(Protocol):
    """A place that has one client secret, for programs that read it by one of the sources.

    Every method raises ConfigurationError, with one line that says what to do and no secret.
    """

    @property
    def where(self) -> str:
        """Its name in messages."""

    def locked(self) -> AbstractContextManager[None]:
        """Keep other runs on this machine away, where the store can."""

    def read(self) -> Secret:
        """Return the secret, as programs read it."""

    def check(self) -> None:
        """Raise where it is clear that the secret cannot be written; writes nothing."""

    def write(self, new: Secret, expected: Secret) -> None:
        """Replace the secret, durably; raise ChangedMeanwhile where it is not `expected` now."""


class ReadBySource:
    """The part of a store that is the same for all: it is read by its source."""

    def __init__(self, source: SecretSource, where: str) -> None:
        self._source = source
        self.where = where

    def locked(self) -> AbstractContextManager[None]:
        """Keep nobody away: such a store refuses or keeps both of two writes."""
        return nullcontext()

    def read(self) -> Secret:
        """Return the secret, as programs read it."""
        return check_secret(self._source())

    def check_is(self, expected: Secret) -> None:
        """Raise ChangedMeanwhile where the store has another secret than `expected`."""
        check_same(self.read(), expected, self.where)


def check_same(found: Secret, expected: Secret, where: str) -> None:
    """Raise ChangedMeanwhile where a store has another secret than was read before."""
    if found != expected:
        raise ChangedMeanwhile(
            f"{where} has another secret than before: see what else writes it, then run this again"
        )
