"""The document that challenges point to (RFC 9728), as a response; faces serve it."""

import json
from collections.abc import Iterable
from typing import NamedTuple
from urllib.parse import urlsplit

from gatepass.guard.core.guard import Guard

# It is public: every page and every client may read it.
HEADERS = (
    ("Content-Type", "application/json"),
    ("Cache-Control", "public, max-age=300"),
    ("Access-Control-Allow-Origin", "*"),
    ("X-Content-Type-Options", "nosniff"),
)


class Document(NamedTuple):
    """The path at which it is served, and its JSON."""

    path: str
    body: bytes


def document(guard: Guard, scopes: Iterable[str]) -> Document:
    """Return the metadata of the guard's resource; `scopes` are those that the API uses.

    Raises ValueError for a guard without a `resource`, or without the address of its metadata.
    """
    content = guard.metadata(*scopes)
    address = guard.resource_metadata
    if not address:
        raise ValueError("only a guard whose resource is an https address has a place for metadata")
    return Document(urlsplit(address).path, json.dumps(content).encode())
