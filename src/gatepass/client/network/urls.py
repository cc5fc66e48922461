"""URLs to which the client sends secrets and tokens."""

from gatepass.client.errors import ConfigurationError
from gatepass.wire.urls import is_confidential, split


def check_url(url: str, what: str) -> None:
    """Raise ConfigurationError where a secret or a token must not be sent to `url`.

    `what` names the URL in the message.
    """
    parts = split(url)
    if parts is None:
        raise ConfigurationError(f"{what} is not an address: give one like https://host/path")
    if parts.username is not None or parts.password is not None:
        raise ConfigurationError(f"{what} has a user name in it: take it out")
    if parts.fragment:
        raise ConfigurationError(f"{what} has a fragment: take the # and what follows out")
    if not is_confidential(parts):
        raise ConfigurationError(f"{what} is plain http, which anyone can read: use https")
