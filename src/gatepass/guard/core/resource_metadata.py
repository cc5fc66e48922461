"""The document that challenges point to (RFC 9728), as a response that adapters send."""

import json
from collections.abc import Iterable
from typing import NamedTuple
from urllib.parse import urlsplit

from gatepass.guard.core.guard import Guard

# It is public: any page and any client may read it.
HEADERS = (
    ("Content-Type", "application/json"),
    ("Cache-Control", "public, max-age=300"),
    ("Access-Control-Allow-Origin", "*"),
    ("X-Content-Type-Options", "nosniff"),
)


class Document(NamedTuple):
    """Its path, and its JSON."""

    path: str
    body: bytes


def document(guard: Guard, scopes: Iterable[str]) -> Document:
    """Return the metadata of the guard's resource; `scopes` are those that the API uses.

    Raises ValueError for a guard without a `resource`, or without the address of its metadata.
    """
    content = guard.metadata(*scopes)
    address = guard.resource_metadata
    if not address:
        raise ValueError("the metadata has no address: pass resource_metadata to the guard")
    return Document(urlsplit(address).path, json.dumps(content).encode())
