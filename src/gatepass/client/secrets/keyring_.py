"""The secret from the keyring of the desktop or system, by the library `keyring`."""

from dataclasses import dataclass

from gatepass.client.errors import ConfigurationError
from gatepass.client.secrets.validation import as_secret, library_of


@dataclass(frozen=True, slots=True)
class FromKeyring:
    """Returns the password that the keyring has for `username` at `service`."""

    service: str
    username: str

    def __call__(self) -> str:
        """Ask the keyring, which may ask a person to unlock it."""
        with library_of("keyring"):
            import keyring  # takes a while to load
        where = f"the keyring's entry {self.service!r} of {self.username!r}"
        try:
            secret = keyring.get_password(self.service, self.username)
        except Exception as error:  # noqa: BLE001 - every backend has its own
            raise ConfigurationError(
                f"the keyring gives nothing ({type(error).__name__}): "
                "check that there is one and that it is unlocked"
            ) from None
        if secret is None:
            raise ConfigurationError(
                f"{where} does not exist: `keyring set {self.service} {self.username}` makes it"
            )
        return as_secret(secret, where)
