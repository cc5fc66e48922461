"""The client secrets or private keys as last read, and the order in which to try them."""

import logging
from collections.abc import Callable, Hashable, Sequence
from typing import Generic, TypeVar

from gatepass.client.errors import ConfigurationError
from gatepass.client.secrets.source import Literal, SecretSource
from gatepass.client.secrets.validation import check_secret
from gatepass.wire.secret import Secret

_log = logging.getLogger("gatepass.client")


_NOT_READ = "client secret not read, the last one is used if any: %s"

Source = TypeVar("Source")
Credential = TypeVar("Credential", bound=Hashable)


class Rotation(Generic[Source, Credential]):
    """Reads the sources with `read`; keeps the last credential of each for when its source fails.

    `warning` is logged with the error of a source. Where `is_literal`, reading does not block. Only
    the one caller that renews uses it, so it needs no lock.
    """

    def __init__(
        self,
        sources: Sequence[Source],
        read: Callable[[Source], Credential],
        *,
        warning: str,
        is_literal: bool,
    ) -> None:
        self._sources = sources
        self._read_one = read
        self._warning = warning
        self._last: dict[int, Credential] = {}
        self._worked: Credential | None = None
        self.is_literal = is_literal

    def read(self) -> list[Credential]:
        """Call every source; return the credentials, the one that worked last at the front.

        For a source that fails, logs a warning and uses its last one. Raises its
        ConfigurationError where no source ever returned one. Blocks while the sources do.
        """
        failure = None
        for number, source in enumerate(self._sources):
            try:
                self._last[number] = self._read_one(source)
            except ConfigurationError as error:
                failure = error
                _log.warning(self._warning, error)
        if failure is not None and not self._last:
            raise failure
        found = dict.fromkeys(self._last[number] for number in sorted(self._last))
        return sorted(found, key=lambda each: each != self._worked)

    def prefer(self, credential: Credential) -> None:
        """Try `credential`, which has just worked, first next time."""
        self._worked = credential


class SecretRotation(Rotation[SecretSource, Secret]):
    """The rotation of client secrets."""

    def __init__(self, sources: tuple[SecretSource, ...]) -> None:
        is_literal = all(isinstance(source, Literal) for source in sources)
        super().__init__(sources, read_secret, warning=_NOT_READ, is_literal=is_literal)


def read_secret(source: SecretSource) -> Secret:
    """Call a source of a client secret; raise ConfigurationError."""
    return check_secret(read_text(source, "the client secret"))


def read_text(source: SecretSource, what: str) -> str:
    """Call a source; raise ConfigurationError, which never quotes what its function raised."""
    try:
        text = source()
    except ConfigurationError:
        raise
    except Exception as error:  # noqa: BLE001 - a function of the user may raise anything
        # Its message could quote the secret.
        kind = type(error).__name__
        raise ConfigurationError(
            f"the function that gives {what} failed with {kind}: fix it"
        ) from None
    if not isinstance(text, str):
        raise ConfigurationError(f"the function that gives {what} returned no text: fix it")
    return text
