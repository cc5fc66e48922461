"""Errors of httpx2 about the proxy that the environment names. Loads httpx2."""

from collections.abc import Iterator
from contextlib import contextmanager

import httpx2

from gatepass.client.errors import ConfigurationError

UNUSABLE = (
    "a proxy setting of the environment (ALL_PROXY, HTTPS_PROXY, NO_PROXY) cannot be used: "
    "give an address like http://proxy:3128"
)


@contextmanager
def usable_proxy() -> Iterator[None]:
    """Turn what httpx2 raises for a proxy setting into a ConfigurationError.

    Its message is one line without the proxy's address, which may have a password in it.
    """
    try:
        yield
    except ImportError:
        raise ConfigurationError(
            "the environment names a SOCKS proxy (ALL_PROXY or HTTPS_PROXY), which httpx2 cannot "
            "use without its extra: pip install 'httpx2[socks]', or name another proxy"
        ) from None
    except (ValueError, httpx2.InvalidURL):
        raise ConfigurationError(UNUSABLE) from None
