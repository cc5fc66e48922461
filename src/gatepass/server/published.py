"""What anybody may read: metadata (RFC 8414, RFC 9728) and public keys (RFC 7517)."""

import json

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
    scopes = list(environment.catalogue.selectable.names)
    return _document(metadata.authorization_server(environment.issuer, scopes))


def protected_resource(environment: Environment) -> Answer:
    """Give the metadata of the Partner API."""
    resource = environment.partner_api
    offered = environment.catalogue.selectable.names
    scopes = [name for name in environment.catalogue.of_resource(resource).names if name in offered]
    return _document(metadata.protected_resource(resource, environment.issuer, scopes))


def jwks(environment: Environment) -> Answer:
    """Give the public keys, those that are not yet used included (RFC 7517 §5)."""
    return Answer(200, _CACHED, environment.keys.jwks)


def _document(value: dict[str, object]) -> Answer:
    return Answer(200, _CACHED, json.dumps(value).encode())
