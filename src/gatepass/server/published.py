"""What anybody may read: metadata of the server and of the Partner API (RFC 8414, RFC 9728)."""

import json

from gatepass.server.applications.model import SCOPES
from gatepass.server.arrival import Answer
from gatepass.server.environment import Environment
from gatepass.wire import metadata

_CACHED = (
    (b"content-type", b"application/json"),
    (b"cache-control", b"public, max-age=300"),
    (b"x-content-type-options", b"nosniff"),
    (b"access-control-allow-origin", b"*"),
)


def authorization_server(environment: Environment) -> Answer:
    """Give the metadata of the authorization server."""
    return _document(metadata.authorization_server(environment.issuer, list(SCOPES)))


def protected_resource(environment: Environment) -> Answer:
    """Give the metadata of the Partner API."""
    return _document(
        metadata.protected_resource(environment.partner_api, environment.issuer, list(SCOPES))
    )


def _document(value: dict[str, object]) -> Answer:
    return Answer(200, _CACHED, json.dumps(value).encode())
