"""What anybody may read: metadata (RFC 8414, RFC 9728) and public keys (RFC 7517)."""

import json
from collections.abc import Callable
from hashlib import sha256

from gatepass.server.arrival import Answer, Scope
from gatepass.server.environment import Environment
from gatepass.server.token import respond
from gatepass.wire import metadata
from gatepass.wire.problem import Refused

Document = Callable[[Environment], Answer]

_CACHED = (
    (b"content-type", b"application/json"),
    (b"cache-control", b"public, max-age=300"),
    (b"x-content-type-options", b"nosniff"),
    (b"access-control-allow-origin", b"*"),
)


def answer(document: Document, environment: Environment, scope: Scope) -> Answer:
    """Answer a request for a document; 304 where the entity tag is known (RFC 9110 §13.1.2)."""
    if scope["method"] not in {"GET", "HEAD"}:
        refused = Refused("invalid_request", "Use GET.", status=405)
        return respond.refusal(refused, challenged=False, realm="", allow="GET, HEAD")
    status, headers, body = document(environment)
    tag = b'"%s"' % sha256(body).hexdigest()[:32].encode()
    tagged = (*headers, (b"etag", tag))
    if not {tag, b"*"}.isdisjoint(_known_tags(scope)):
        return Answer(304, tagged, b"")
    return Answer(status, tagged, body)


def authorization_server(environment: Environment) -> Answer:
    """Give the metadata of the authorization server."""
    scopes = list(environment.catalogue.selectable.names)
    return _document(metadata.authorization_server(environment.issuer, scopes, environment.mark))


def protected_resource(environment: Environment) -> Answer:
    """Give the metadata of the Partner API."""
    resource = environment.partner_api
    offered = environment.catalogue.selectable.names
    scopes = [name for name in environment.catalogue.of_resource(resource).names if name in offered]
    return _document(metadata.protected_resource(resource, environment.issuer, scopes))


def jwks(environment: Environment) -> Answer:
    """Give the public keys, those that are not yet used included (RFC 7517 §5)."""
    return Answer(200, _CACHED, environment.keys.jwks)


def _known_tags(scope: Scope) -> set[bytes]:
    """Give what If-None-Match names; a weak tag counts like a strong one there."""
    known = b",".join(value for name, value in scope["headers"] if name == b"if-none-match")
    return {each.strip().removeprefix(b"W/") for each in known.split(b",")}


def _document(value: dict[str, object]) -> Answer:
    return Answer(200, _CACHED, json.dumps(value).encode())
