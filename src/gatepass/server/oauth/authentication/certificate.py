"""Authentication by a TLS certificate, of a request that names its client id (RFC 8705 §2)."""

from functools import partial

from gatepass.server.http import ClientCertificate, NeedsThread, Request
from gatepass.server.oauth.client_authentication import (
    check_not_stale,
    look_up,
    pending_look_up,
    record_refusal,
)
from gatepass.server.oauth.served_environment import ServedEnvironment
from gatepass.server.tokens import certificate as certificates
from gatepass.server.tokens.authenticate import AuthenticatedClient
from gatepass.server.tokens.request import PresentedCredentials
from gatepass.wire.errors import OAuthError


def authenticate_by_certificate(
    environment: ServedEnvironment,
    request: Request,
    credentials: PresentedCredentials,
    presented: ClientCertificate,
) -> AuthenticatedClient | NeedsThread:
    """Authenticate a client as `authenticate_client`, by its certificate in place of a secret."""
    client_id = credentials.client_id
    application = look_up(environment, request, credentials)
    if isinstance(application, NeedsThread):
        return application
    check_not_stale(environment)
    found = environment.client_certificates.get(client_id, application)
    if found is None:
        return NeedsThread(partial(environment.client_certificates.load, client_id, application))
    now = environment.clock()
    try:
        client = certificates.authenticate(presented, application, found.known, request.source, now)
    except OAuthError as error:
        pending = pending_look_up(environment, application)
        if pending:
            return pending
        record_refusal(environment, request, credentials, application, error)
        raise
    client.application.was_loaded_now = False
    return client
