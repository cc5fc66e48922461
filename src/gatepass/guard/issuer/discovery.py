"""Reads an issuer's metadata and its keys, as flows. No I/O, no clock."""

import re
from dataclasses import dataclass
from typing import NamedTuple
from urllib.parse import urlsplit

from gatepass.guard.issuer.urls import checked
from gatepass.jose import strict_json
from gatepass.jose.jwks import LONGEST_DOCUMENT, KeySet
from gatepass.wire.flow import JSON_HEADERS, Flow, Request, Response

_OAUTH = "/.well-known/oauth-authorization-server"  # RFC 8414 §3
_OPENID = "/.well-known/openid-configuration"  # OpenID Connect Discovery 1.0 §4
_LONGEST_NAME = 200  # characters of a name from outside in the log
_MAX_AGE = re.compile(r"max-age\s*=\s*\"?(\d{1,9})")


class DiscoveryError(Exception):
    """The issuer publishes nothing that can be used; the message says why."""


@dataclass(frozen=True, slots=True)
class Endpoints:
    """The addresses of an issuer's keys and of introspection; empty if it has none."""

    jwks_uri: str = ""
    introspection: str = ""


class Fetched(NamedTuple):
    """Keys, and for how many seconds the issuer's Cache-Control allows to use them."""

    keys: KeySet
    max_age: float | None


def endpoints(issuer: str) -> Flow[Endpoints]:
    """Read the issuer's metadata (RFC 8414), or else its OpenID configuration.

    The document must name exactly the issuer (RFC 8414 §3.3) and addresses that are safe to use.
    Raises DiscoveryError, or the error of the HTTP client.
    """
    error = ""
    for url in _places(issuer):
        response = yield Request("GET", url, JSON_HEADERS)
        if response.status == 200:
            return _read(response, issuer)
        error = f"the issuer's metadata answered {response.status}"
    raise DiscoveryError(error)


def keys(url: str) -> Flow[Fetched]:
    """Read the key set at `url`; raise DiscoveryError, or the error of the HTTP client."""
    response = yield Request("GET", url, JSON_HEADERS)
    if response.status != 200:
        raise DiscoveryError(f"the key set answered {response.status}")
    try:
        return Fetched(KeySet.parse(response.body), _max_age(response))
    except ValueError as error:
        raise DiscoveryError(str(error)) from None


def _places(issuer: str) -> tuple[str, str]:
    """Return both addresses: that of OAuth is before the issuer's path, the other after it."""
    parts = urlsplit(issuer.removesuffix("/"))
    host = f"{parts.scheme}://{parts.netloc}"
    return host + _OAUTH + parts.path, host + parts.path + _OPENID


def _read(response: Response, issuer: str) -> Endpoints:
    if len(response.body) > LONGEST_DOCUMENT:
        raise DiscoveryError(f"the issuer's metadata is longer than {LONGEST_DOCUMENT} bytes")
    try:
        document = strict_json.read_object(response.body)
        if document.get("issuer") != issuer:
            found = str(document.get("issuer"))[:_LONGEST_NAME]
            raise DiscoveryError(
                f"the issuer's metadata is another issuer's: it names {found!r}, and the guard"
                f" expects {issuer!r}"
            )
        return Endpoints(
            _address(document.get("jwks_uri", ""), "jwks_uri"),
            _address(document.get("introspection_endpoint", ""), "introspection_endpoint"),
        )
    except ValueError as error:
        raise DiscoveryError(f"the issuer's metadata cannot be used: {error}") from None


def _address(found: object, name: str) -> str:
    if not isinstance(found, str):
        raise ValueError(f"{name} is not a string")
    return checked(found, name) if found else ""


def _max_age(response: Response) -> float | None:
    control = response.headers.get("cache-control", "").lower()
    if "no-store" in control or "no-cache" in control:
        return 0.0
    found = _MAX_AGE.search(control)
    return float(found[1]) if found else None
