"""What an issuer publishes, read as flows: its metadata and its keys. No I/O, no clock."""

import re
from dataclasses import dataclass
from typing import NamedTuple
from urllib.parse import urlsplit

from gatepass.guard.issuer.urls import checked
from gatepass.jose import strict_json
from gatepass.jose.jwks import LONGEST_DOCUMENT, KeySet
from gatepass.wire.flow import Flow, Request, Response

_OAUTH = "/.well-known/oauth-authorization-server"  # RFC 8414 §3
_OPENID = "/.well-known/openid-configuration"  # OpenID Connect Discovery 1.0 §4
_LONGEST_NAME = 200  # characters that the log has of a name that others chose
_MAX_AGE = re.compile(r"max-age\s*=\s*\"?(\d{1,9})")
_HEADERS = {
    "accept": "application/json",
    "accept-encoding": "identity",  # a compressed answer could unfold beyond its bound
}


class DiscoveryError(Exception):
    """The issuer does not tell, or not what can be trusted; the message says why."""


@dataclass(frozen=True, slots=True)
class Endpoints:
    """Where an issuer's keys are and where to ask about tokens; empty where it has no such."""

    jwks_uri: str = ""
    introspection: str = ""


class Fetched(NamedTuple):
    """Keys, and for how many seconds the issuer's Cache-Control lets them be kept."""

    keys: KeySet
    max_age: float | None


def endpoints(issuer: str) -> Flow[Endpoints]:
    """Read the issuer's metadata (RFC 8414), or else its OpenID configuration.

    The document must name the issuer to the letter (RFC 8414 §3.3) and addresses that are safe
    to use. Raises DiscoveryError, or what kept the answer away.
    """
    said = ""
    for url in _places(issuer):
        response = yield Request("GET", url, _HEADERS)
        if response.status == 200:
            return _read(response, issuer)
        said = f"the issuer's metadata answered {response.status}"
    raise DiscoveryError(said)


def keys(url: str) -> Flow[Fetched]:
    """Read the key set at `url`; raise DiscoveryError, or what kept the answer away."""
    response = yield Request("GET", url, _HEADERS)
    if response.status != 200:
        raise DiscoveryError(f"the key set answered {response.status}")
    try:
        return Fetched(KeySet.parse(response.body), _max_age(response))
    except ValueError as error:
        raise DiscoveryError(str(error)) from None


def _places(issuer: str) -> tuple[str, str]:
    """Give both addresses: the one of OAuth stands before the issuer's path, the other after."""
    parts = urlsplit(issuer.removesuffix("/"))
    host = f"{parts.scheme}://{parts.netloc}"
    return host + _OAUTH + parts.path, host + parts.path + _OPENID


def _read(response: Response, issuer: str) -> Endpoints:
    if len(response.body) > LONGEST_DOCUMENT:
        raise DiscoveryError(f"the issuer's metadata is longer than {LONGEST_DOCUMENT} bytes")
    try:
        document = strict_json.read_object(response.body)
        if document.get("issuer") != issuer:
            said = str(document.get("issuer"))[:_LONGEST_NAME]
            raise DiscoveryError(
                f"the issuer's metadata is another issuer's: it says {said!r}, and the guard was"
                f" told {issuer!r}"
            )
        return Endpoints(
            _address(document.get("jwks_uri", ""), "jwks_uri"),
            _address(document.get("introspection_endpoint", ""), "introspection_endpoint"),
        )
    except ValueError as error:
        raise DiscoveryError(f"the issuer's metadata is of no use: {error}") from None


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
