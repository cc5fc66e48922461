"""The client secrets as last read, and the order in which to try them."""

import logging

from gatepass.client.errors import ConfigurationError
from gatepass.client.secrets.source import Literal, SecretSource
from gatepass.client.secrets.validation import check_secret
from gatepass.wire.secret import Secret

_log = logging.getLogger("gatepass.client")


class SecretRotation:
    """Reads the secret sources; keeps the last secret of each for when its source fails.

    Only the one caller that renews uses it, so it needs no lock.
    """

    def __init__(self, sources: tuple[SecretSource, ...]) -> None:
        self._sources = sources
        self._last: dict[int, Secret] = {}
        self._worked: Secret | None = None
        self.is_literal = all(isinstance(source, Literal) for source in sources)

    def read(self) -> list[Secret]:
        """Call every source; return the secrets, the one that worked last at the front.

        For a source that fails, logs a warning and uses its last secret. Raises its
        ConfigurationError where no source ever returned a secret. Blocks while the sources do.
        """
        failure = None
        for number, source in enumerate(self._sources):
            try:
                self._last[number] = _read(source)
            except ConfigurationError as error:
                failure = error
                _log.warning("client secret not read, the last one is used if any: %s", error)
        if failure is not None and not self._last:
            raise failure
        secrets = dict.fromkeys(self._last[number] for number in sorted(self._last))
        return sorted(secrets, key=lambda secret: secret != self._worked)

    def prefer(self, secret: Secret) -> None:
        """Try `secret`, which has just worked, first next time."""
        self._worked = secret


def _read(source: SecretSource) -> Secret:
    try:
        return check_secret(source())
    except ConfigurationError:
        raise
    except Exception as error:  # noqa: BLE001 - a function of the user may raise anything
        # Its message could quote the secret.
        kind = type(error).__name__
        raise ConfigurationError(
            f"the function that gives the client secret failed with {kind}: fix it"
        ) from None
