"""What the client gets: grant type, scope and audience (RFC 6749 §4.4, RFC 8707)."""

from typing import NamedTuple
from urllib.parse import urlsplit

from gatepass.server.applications.model import GRANT_TYPE, Application
from gatepass.server.token.authenticate import AuthenticatedClient
from gatepass.server.token.parse import TokenRequest
from gatepass.wire.problem import Refused
from gatepass.wire.scope import Scope


class Grant(NamedTuple):
    """A token that may be issued; an empty audience means the issuer's own Partner API."""

    application: Application
    scope: Scope
    audience: tuple[str, ...]
    lifetime: int


def decide(client: AuthenticatedClient, asked: TokenRequest, resources: frozenset[str]) -> Grant:
    """Grant what was asked, within what the application may have; no scope means all of it.

    Raises Refused: `invalid_request` without grant type, `unsupported_grant_type`,
    `unauthorized_client`, `invalid_scope`, `invalid_target`.
    """
    application = client.application
    if asked.grant_type is None:
        raise Refused("invalid_request", "The parameter grant_type is missing.")
    if asked.grant_type != GRANT_TYPE:
        raise Refused("unsupported_grant_type", f"The only grant type here is {GRANT_TYPE}.")
    if application.grant_type != GRANT_TYPE or application.client_type != "confidential":
        raise Refused("unauthorized_client", f"This client may not use {GRANT_TYPE}.")
    scope = application.scope
    if asked.scope is not None:
        scope = Scope.parse(asked.scope)
        if not application.scope.covers(scope):
            beyond = scope.without(application.scope)
            raise Refused(
                "invalid_scope",
                f"The application may only have: {application.scope}.",
                note=f"scope not allowed: {beyond}",
            )
    audience = tuple(dict.fromkeys(asked.resource))  # each once, so that a token stays short
    for resource in audience:
        _check_resource(resource, resources)
    return Grant(application, scope, audience, application.token_lifetime)


def _check_resource(resource: str, known: frozenset[str]) -> None:
    if resource in known:
        return
    try:
        is_absolute = bool(urlsplit(resource).scheme) and "#" not in resource
    except ValueError:  # as for "http://["
        is_absolute = False
    if not is_absolute:
        raise Refused("invalid_target", "A resource is an absolute URI without fragment.")
    raise Refused("invalid_target", "There is no such resource here.")
