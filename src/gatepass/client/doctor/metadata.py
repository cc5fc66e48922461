"""Where a server may publish its metadata, and whether that fits the settings; pure."""

import json
from collections.abc import Iterator, Mapping
from typing import NamedTuple
from urllib.parse import urlsplit

from gatepass.client.doctor.findings import Finding, Outcome, shown_url
from gatepass.client.errors import cleaned
from gatepass.client.variables import TOKEN_URL

_MOST_PREFIXES = 4  # of the token URL's path, so that a foreign server is not asked for ever


class Place(NamedTuple):
    """An address of metadata, and the issuer that it is the one of."""

    issuer: str
    url: str


def places(token_url: str) -> Iterator[Place]:
    """Give where the metadata may be, likeliest first.

    The issuer is not told by the token URL: it is its origin or that and the first parts of its
    path. RFC 8414 §3.1 puts the well-known path before the issuer's, OpenID Connect after it.
    """
    parts = urlsplit(token_url)
    origin = f"{parts.scheme}://{parts.netloc}"
    names = parts.path.strip("/").split("/")
    for many in range(min(len(names), _MOST_PREFIXES)):
        prefix = "".join(f"/{name}" for name in names[:many])
        issuer = origin + prefix
        yield Place(issuer, f"{origin}/.well-known/oauth-authorization-server{prefix}")
        yield Place(issuer, f"{issuer}/.well-known/openid-configuration")


def read(body: bytes) -> Mapping[str, object] | None:
    """Give the metadata in an answer's body, None where it is none."""
    try:
        document = json.loads(body.decode())
    except (ValueError, RecursionError):
        return None
    told = isinstance(document, dict) and isinstance(document.get("issuer"), str)
    return document if told else None


def judge(document: Mapping[str, object], place: Place, token_url: str) -> Finding:
    """Judge whether the metadata found at `place` is for a client such as this one."""
    said = ", ".join(_complaints(document, place, token_url))
    if said:
        return Finding("metadata", Outcome.WARNING, f"{place.url}: {said}")
    return Finding("metadata", Outcome.OK, f"{place.url} names this token endpoint")


def _complaints(document: Mapping[str, object], place: Place, token_url: str) -> Iterator[str]:
    issuer, endpoint = str(document["issuer"]), document.get("token_endpoint")
    if issuer.rstrip("/") != place.issuer:
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
    """Tell whether a list has `value`; one that is left out says nothing against it."""
    listed = document.get(name)
    return not isinstance(listed, list) or value in listed


def absent(token_url: str) -> Finding:
    """Say that there is none, which is allowed."""
    origin = urlsplit(shown_url(token_url))
    message = f"{origin.scheme}://{origin.netloc} publishes none, which is allowed"
    return Finding("metadata", Outcome.SKIPPED, message)
