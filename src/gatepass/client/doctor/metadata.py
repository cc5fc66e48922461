"""Where a server may publish its metadata, and whether it matches the settings. Pure."""

import json
from collections.abc import Iterator, Mapping
from typing import NamedTuple
from urllib.parse import urlsplit

from gatepass.client.doctor.findings import Finding, Outcome, shown_url
from gatepass.client.errors import cleaned
from gatepass.client.variables import TOKEN_URL

_MOST_PREFIXES = 4  # of the token URL's path, so that a long path does not cause many requests


class Location(NamedTuple):
    """A URL of metadata, and the issuer that it belongs to."""

    issuer: str
    url: str


def locations(token_url: str) -> Iterator[Location]:
    """Yield where the metadata may be, likeliest first.

    The token URL does not determine the issuer: it is its origin, or that and the first segments
    of its path. RFC 8414 §3.1 puts the well-known path before the issuer's path, OpenID Connect
    after it.
    """
    parts = urlsplit(token_url)
    origin = f"{parts.scheme}://{parts.netloc}"
    names = parts.path.strip("/").split("/")
    for count in range(min(len(names), _MOST_PREFIXES)):
        prefix = "".join(f"/{name}" for name in names[:count])
        issuer = origin + prefix
        yield Location(issuer, f"{origin}/.well-known/oauth-authorization-server{prefix}")
        yield Location(issuer, f"{issuer}/.well-known/openid-configuration")


def read(body: bytes) -> Mapping[str, object] | None:
    """Return the metadata in a response body, None for any other body."""
    try:
        document = json.loads(body.decode())
    except (ValueError, RecursionError):
        return None
    is_metadata = isinstance(document, dict) and isinstance(document.get("issuer"), str)
    return document if is_metadata else None


def compare(document: Mapping[str, object], location: Location, token_url: str) -> Finding:
    """Return whether the metadata found at `location` matches this client's settings."""
    differences = ", ".join(_differences(document, location, token_url))
    if differences:
        return Finding("metadata", Outcome.WARNING, f"{location.url}: {differences}")
    return Finding("metadata", Outcome.OK, f"{location.url} names this token endpoint")


def _differences(
    document: Mapping[str, object], location: Location, token_url: str
) -> Iterator[str]:
    issuer, endpoint = str(document["issuer"]), document.get("token_endpoint")
    if issuer.rstrip("/") != location.issuer:
        yield f"its issuer is {cleaned(issuer)}, which is not where it was found (RFC 8414 §3.3)"
    if not isinstance(endpoint, str):
        yield "it names no token endpoint"
    elif endpoint.rstrip("/") != token_url.partition("?")[0].rstrip("/"):
        yield f"its token endpoint is {cleaned(endpoint)}: set {TOKEN_URL} to it, or see why not"
    if not _lists(document, "grant_types_supported", "client_credentials"):
        yield "it does not list the grant client_credentials"
    if not _lists(document, "token_endpoint_auth_methods_supported", "client_secret_basic"):
        yield "it does not list client_secret_basic, which is how this client says who it is"


def _lists(document: Mapping[str, object], name: str, value: str) -> bool:
    """Return whether a list has `value`, or the metadata has no such list."""
    listed = document.get(name)
    return not isinstance(listed, list) or value in listed


def absent(token_url: str) -> Finding:
    """Return that there is no metadata, which is allowed."""
    origin = urlsplit(shown_url(token_url))
    message = f"{origin.scheme}://{origin.netloc} publishes none, which is allowed"
    return Finding("metadata", Outcome.SKIPPED, message)
