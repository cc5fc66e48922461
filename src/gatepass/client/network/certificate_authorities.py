"""Which certificate authorities are trusted: a setting's, the environment's or the system's."""

import os
import ssl
from collections.abc import Mapping
from pathlib import Path

from gatepass.client.errors import ConfigurationError, cleaned

# In this order: OpenSSL's own names, then those of requests and curl, which many machines set.
_VARIABLES = ("SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")


def trusted(ca_file: str = "", environ: Mapping[str, str] = os.environ) -> ssl.SSLContext:
    """Return a context that trusts the certificates in `ca_file`, a file or folder of PEM.

    Without one it trusts what SSL_CERT_FILE, SSL_CERT_DIR, REQUESTS_CA_BUNDLE or CURL_CA_BUNDLE
    names, the first that is set, and else what the system trusts. Raises ConfigurationError
    where a named file cannot be used.
    """
    if ca_file:
        return _of(ca_file, "the CA file")
    for variable in _VARIABLES:
        if environ.get(variable):
            return _of(environ[variable], variable)
    import httpx2  # knows where each system keeps its own, and takes a while to load

    return httpx2.create_ssl_context(trust_env=False)


def trust(
    context: ssl.SSLContext, ca_file: str = "", environ: Mapping[str, str] = os.environ
) -> None:
    """Let `context` trust what `trusted` does; raise ConfigurationError as that."""
    named = ((environ.get(name, ""), name) for name in _VARIABLES)
    path, what = next((each for each in ((ca_file, "the CA file"), *named) if each[0]), ("", ""))
    if not path:
        context.load_default_certs()
        return
    try:
        is_folder = Path(path).is_dir()
        context.load_verify_locations(None if is_folder else path, path if is_folder else None)
    except (OSError, ValueError) as error:
        raise _unusable(path, what, error) from None


def _of(path: str, what: str) -> ssl.SSLContext:
    try:
        if Path(path).is_dir():
            return ssl.create_default_context(capath=path)
        return ssl.create_default_context(cafile=path)
    except (OSError, ValueError) as error:  # also what is wrong in it; ValueError: no path at all
        raise _unusable(path, what, error) from None


def _unusable(path: str, what: str, error: Exception) -> ConfigurationError:
    why = cleaned(getattr(error, "strerror", None) or type(error).__name__)
    return ConfigurationError(
        f"{what} ({cleaned(path)}) cannot be used ({why}): give a file of PEM certificates"
    )
