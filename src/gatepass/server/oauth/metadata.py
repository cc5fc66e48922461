"""Public documents: metadata (RFC 8414, RFC 9728) and keys (RFC 7517)."""

import json
from collections.abc import Callable, Iterable
from hashlib import sha256

from gatepass.jose.algorithms import ALGORITHMS, OF_CLIENTS
from gatepass.server.environment.environment import Environment
from gatepass.server.http import Response, Scope
from gatepass.server.tokens.profile import ALGORITHMS as ALGORITHMS_OF_PROFILE
from gatepass.server.tokens.response import error_response
from gatepass.wire import metadata
from gatepass.wire.errors import OAuthError

Document = Callable[[Environment], bytes | None]

METHODS = ("GET", "HEAD", "OPTIONS")
_ALLOW = ", ".join(METHODS)
_ANY_ORIGIN = (b"access-control-allow-origin", b"*")
_TYPE = (b"content-type", b"application/json")
_CACHED = (
    (b"cache-control", b"public, max-age=300"),
    (b"x-content-type-options", b"nosniff"),
    _ANY_ORIGIN,
    (b"access-control-expose-headers", b"ETag"),
)
_OPTIONS = Response(
    204,
    (
        (b"allow", _ALLOW.encode()),
        _ANY_ORIGIN,
        (b"access-control-allow-methods", b"GET, HEAD"),
        (b"access-control-allow-headers", b"*"),
        (b"access-control-max-age", b"86400"),
    ),
    b"",
)


def documents(issuer_paths: Iterable[str]) -> dict[str, Document]:
    """Return the documents by path, those under each of `issuer_paths` included.

    For `/o` the metadata is found where a client looks that takes this path for a part of the
    issuer, by RFC 8414 §3.1 and by OpenID Connect Discovery 1.0 §4. It is the same document.
    """
    found: dict[str, Document] = {
        metadata.AUTHORIZATION_SERVER: authorization_server,
        metadata.OPENID_CONFIGURATION: authorization_server,
        "/.well-known/oauth-protected-resource" + metadata.PARTNER_API: protected_resource,
        "/.well-known/oauth-protected-resource" + metadata.ADMIN_API: admin_resource,
        metadata.JWKS: jwks,
    }
    for alias in issuer_paths:
        for path in (metadata.AUTHORIZATION_SERVER, metadata.OPENID_CONFIGURATION):
            found[f"{alias}{path}"] = found[f"{path}{alias}"] = authorization_server
        found[f"{alias}{metadata.JWKS}"] = jwks
    return found


def respond(document: Document, environment: Environment, scope: Scope) -> Response:
    """Respond to a request for a document; pages of any origin may read it."""
    if scope["method"] not in METHODS:
        error = OAuthError("invalid_request", "Use GET.", status=405)
        return error_response(
            error, challenged=False, realm="", allow=_ALLOW, docs_url=environment.docs_url
        )
    body = document(environment)
    if body is None:
        error = OAuthError("invalid_request", "There is nothing at this path.", status=404)
        return error_response(error, challenged=False, realm="", docs_url=environment.docs_url)
    return cached(body, scope)


def cached(body: bytes, scope: Scope) -> Response:
    """Respond to GET, HEAD and OPTIONS for a public JSON document that caches may keep.

    The response is 304 if the caller has the same entity tag (RFC 9110 §13.1.2).
    """
    if scope["method"] == "OPTIONS":
        return _OPTIONS
    tag = b'"%s"' % sha256(body).hexdigest()[:32].encode()
    tagged = (*_CACHED, (b"etag", tag))
    if not {tag, b"*"}.isdisjoint(_known_tags(scope)):
        return Response(304, tagged, b"")
    return Response(200, (_TYPE, *tagged), body)


def authorization_server(environment: Environment) -> bytes:
    """Return the metadata of the authorization server."""
    scopes = list(environment.state.catalogue.selectable.names)
    keys = environment.state.keys.signing_keys
    allowed = ALGORITHMS_OF_PROFILE if environment.profile else frozenset(ALGORITHMS)
    algorithms = [each for each in ALGORITHMS if each in keys and each in allowed]
    of_clients = sorted(ALGORITHMS_OF_PROFILE if environment.profile else OF_CLIENTS)
    signed = of_clients if environment.accepts_assertions() else []
    methods = environment.certificate_methods()
    document = metadata.authorization_server(
        environment.issuer,
        scopes,
        environment.mode,
        algorithms,
        signed,
        methods,
        has_secrets=not environment.profile,
    )
    if methods and environment.mtls_url:
        document |= metadata.mtls_endpoint_aliases(environment.mtls_url)
    if environment.dpop:
        document["dpop_signing_alg_values_supported"] = of_clients
    return _document(document)


def protected_resource(environment: Environment) -> bytes:
    """Return the metadata of the Partner API."""
    resource = environment.partner_api
    offered = environment.state.catalogue.selectable.names
    scopes = [
        name for name in environment.state.catalogue.of_resource(resource).names if name in offered
    ]
    return _document(metadata.protected_resource(resource, environment.issuer, scopes))


def admin_resource(environment: Environment) -> bytes | None:
    """Return the metadata of the Admin API, where it is; its scopes are not public."""
    if not environment.admin_api:
        return None
    return _document(metadata.protected_resource(environment.admin_api, environment.issuer, []))


def jwks(environment: Environment) -> bytes:
    """Return the public keys, including those not yet in use (RFC 7517 §5)."""
    return environment.state.keys.jwks


def _known_tags(scope: Scope) -> set[bytes]:
    """Return the tags of If-None-Match, weak and strong ones alike (RFC 9110 §13.1.2)."""
    known = b",".join(value for name, value in scope["headers"] if name == b"if-none-match")
    return {each.strip().removeprefix(b"W/") for each in known.split(b",")}


def _document(value: dict[str, object]) -> bytes:
    return json.dumps(value).encode()
