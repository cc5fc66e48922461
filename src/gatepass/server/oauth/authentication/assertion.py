"""Authentication by a client assertion (RFC 7523), which is used up before anything is done for it.

An endpoint gives what it does for a client as `then`: it is called once, after the assertion was
accepted for the first time by all processes.
"""

from collections.abc import Callable
from functools import partial

from gatepass.server.domain.applications.cached_application import CachedApplication, CachedSecret
from gatepass.server.domain.applications.keys.cache import CachedKeys
from gatepass.server.domain.applications.keys.used.memory import digest_of
from gatepass.server.http import NeedsThread, Request, Result
from gatepass.server.oauth.authentication.admission import Admission
from gatepass.server.oauth.authentication.certificate import authenticate_by_certificate
from gatepass.server.oauth.client_authentication import (
    authenticate_client,
    check_not_stale,
    look_up,
    pending_look_up,
    record_refusal,
)
from gatepass.server.oauth.served_environment import ServedEnvironment
from gatepass.server.tokens import assertion as assertions
from gatepass.server.tokens.assertion import Audience, PresentedAssertion
from gatepass.server.tokens.authenticate import AuthenticatedClient
from gatepass.server.tokens.profile import check_algorithm, is_strict
from gatepass.server.tokens.request import PresentedCredentials
from gatepass.wire.errors import OAuthError


def with_client(
    environment: ServedEnvironment,
    request: Request,
    credentials: PresentedCredentials,
    then: Callable[[AuthenticatedClient], Result],
) -> Result:
    """Authenticate a client by what it presents, and return what `then` does for it.

    As `authenticate_client`; a client assertion is accepted here, and once, and the certificate of
    the TLS connection in place of a secret.
    """
    presented = credentials.certificate
    if presented is not None and environment.certificate_methods():
        client = authenticate_by_certificate(environment, request, credentials, presented)
        return client if isinstance(client, NeedsThread) else then(client)
    if credentials.assertion is None:
        client = authenticate_client(environment, request, credentials)
        return client if isinstance(client, NeedsThread) else then(client)
    return _with_assertion(environment, request, credentials, credentials.assertion, then)


def _with_assertion(
    environment: ServedEnvironment,
    request: Request,
    credentials: PresentedCredentials,
    presented: PresentedAssertion,
    then: Callable[[AuthenticatedClient], Result],
) -> Result:
    """Authenticate by an assertion; it is used up before `then` is called."""
    _check_offered(environment)
    client_id = credentials.client_id
    application = look_up(environment, request, credentials)
    if isinstance(application, NeedsThread):
        return application
    check_not_stale(environment)
    keys = environment.client_keys.get(client_id, application)
    if keys is None:
        return NeedsThread(partial(environment.client_keys.load, client_id, application))
    pending = _pending_fetch(environment, keys, presented)
    if pending:
        return pending
    try:
        credential, admission = _verify(environment, request, client_id, keys, presented)
    except OAuthError as error:
        refuse = partial(_refuse, environment, request, credentials, application, error)
        pending = pending_look_up(environment, application)
        # Then, as a second verification would be work that an unknown client does not cost.
        return pending._replace(then=refuse) if pending else refuse()
    assert application is not None  # noqa: S101 - `_verify` raises for an unknown client
    application.was_loaded_now = False
    client = AuthenticatedClient(application, credential)

    def admitted() -> Result:
        if admission.failure is not None:
            raise admission.failure
        if not admission.is_first:
            _refuse(environment, request, credentials, application, assertions.replayed())
        return continued(partial(then, client))

    admissions = environment.admissions
    return NeedsThread(
        partial(admissions.admit, [admission]),
        together=partial(admissions.join, admission),
        then=admitted,
    )


def _refuse(
    environment: ServedEnvironment,
    request: Request,
    credentials: PresentedCredentials,
    application: CachedApplication | None,
    error: OAuthError,
) -> Result:
    record_refusal(environment, request, credentials, application, error)
    raise error


def _check_offered(environment: ServedEnvironment) -> None:
    if not environment.accepts_assertions():
        raise OAuthError(
            "invalid_client",
            "Authenticate with HTTP Basic or in the body.",
            log_detail="client assertions are not offered",
        )


def _pending_fetch(
    environment: ServedEnvironment, keys: CachedKeys, presented: PresentedAssertion
) -> NeedsThread | None:
    """Return the work of fetching the keys that the application publishes, if it is needed."""
    uri, jws = keys.setting.jwks_uri, presented.jws
    if not uri or jws is None or (jws.kid and any(each.key.kid == jws.kid for each in keys.keys)):
        return None
    return environment.key_sets.pending(uri, jws.kid)


def _verify(
    environment: ServedEnvironment,
    request: Request,
    client_id: str,
    keys: CachedKeys,
    presented: PresentedAssertion,
) -> tuple[CachedSecret, Admission]:
    """Verify an assertion that this process has not seen before; raise OAuthError."""
    setting, now, application = keys.setting, environment.clock(), keys.application
    strict = application is not None and is_strict(environment.profile, application)
    published = environment.key_sets.keys(setting.jwks_uri) if setting.jwks_uri else ()
    audience = Audience(
        environment.issuer, environment.endpoint_urls, setting.legacy_audience and not strict
    )
    accepted = assertions.authenticate(
        presented,
        client_id,
        application,
        (*keys.keys, *published),
        audience,
        request.source,
        now,
    )
    if strict and presented.jws:
        check_algorithm(presented.jws.alg)
    digest = digest_of(client_id, accepted.jti)
    if not environment.admissions.used.add(digest, accepted.expires_at, now):
        raise assertions.replayed()
    return accepted.credential, Admission(digest, accepted.expires_at, is_strict=strict)


def continued(step: Callable[[], Result]) -> Result:
    """Return what a step returns; where that needs a thread first, the step alone is repeated."""
    result = step()
    if isinstance(result, NeedsThread) and result.then is None:
        return result._replace(then=partial(continued, step))
    return result
