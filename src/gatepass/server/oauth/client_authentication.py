"""Client authentication: the first step of every endpoint that takes client credentials."""

from contextlib import suppress
from hashlib import sha256

from gatepass.server.domain.applications.cache import Lookup
from gatepass.server.domain.applications.cached_application import CachedApplication
from gatepass.server.domain.applications.secrets.placeholder import placeholder
from gatepass.server.domain.imports.model import LONGEST_CLIENT_ID
from gatepass.server.domain.usage.model import Use
from gatepass.server.domain.usage.unknown_clients.gathering import UnknownClient
from gatepass.server.http import NeedsThread, Request
from gatepass.server.oauth.served_environment import ServedEnvironment
from gatepass.server.tokens.authenticate import AuthenticatedClient, authenticate
from gatepass.server.tokens.grant_cache import CachedCaller
from gatepass.server.tokens.profile import is_strict, secret_refused
from gatepass.server.tokens.request import CREDENTIALS, PresentedCredentials, read_credentials
from gatepass.wire.credential import Kind, read
from gatepass.wire.errors import OAuthError
from gatepass.wire.params import Params

_new = tuple.__new__  # takes half the time of calling a NamedTuple


def authenticate_client(
    environment: ServedEnvironment, request: Request, credentials: PresentedCredentials
) -> AuthenticatedClient | NeedsThread:
    """Look up and authenticate a client; record a failure and raise OAuthError.

    Returns NeedsThread, before anything is recorded, where the database must be asked in a thread:
    for an application that is not in memory, or so that the first failure of this client id costs
    what an unknown one costs; also where the secret must be verified slowly. Whether the client
    exists changes neither the calls nor their number. Does NOT record the use.
    """
    application = look_up(environment, request, credentials)
    if isinstance(application, NeedsThread):
        return application
    check_not_stale(environment)
    now = environment.clock()
    try:
        pending = _pending_verification(environment, request, credentials, application)
        if pending:
            return pending
        client = authenticate(credentials, application, request.source, now, environment.mode)
        if is_strict(environment.profile, client.application):
            raise secret_refused()
    except OAuthError as error:
        pending = pending_look_up(environment, application)
        if pending:
            return pending
        record_refusal(environment, request, credentials, application, error)
        raise
    client.application.was_loaded_now = False
    return client


def record_refusal(
    environment: ServedEnvironment,
    request: Request,
    credentials: PresentedCredentials,
    application: CachedApplication | None,
    error: OAuthError,
) -> None:
    """Count a failed authentication; raise OAuthError (429) where there were too many."""
    now, client_id = environment.clock(), credentials.client_id
    stand_in = placeholder(client_id)  # made for every client: the same calls
    counted = application or stand_in
    record_error(environment, request, counted, error, now)
    _note_client_id(environment, request, credentials, now, is_known=application is not None)
    error.client_id = _name_for_log(client_id, counted)
    environment.failures.record(client_id, request.source, credentials.attempt, now)


def authenticate_by_header(
    environment: ServedEnvironment, request: Request, params: Params
) -> AuthenticatedClient | NeedsThread:
    """Authenticate a client as `authenticate_client`, from the cache where it is by header only."""
    header = request.headers.get(b"authorization")
    if header is None or not CREDENTIALS.isdisjoint(params.values):
        credentials = credentials_of(environment, request, params)
        return authenticate_client(environment, request, credentials)
    key = sha256(header).digest()
    caller = environment.callers.get(key, request.source, environment.clock())
    if caller is not None:
        check_not_stale(environment)
        return caller.client
    credentials = credentials_of(environment, request, params)
    client = authenticate_client(environment, request, credentials)
    if not isinstance(client, NeedsThread):
        environment.callers.put(key, CachedCaller(client))
    return client


def credentials_of(
    environment: ServedEnvironment, request: Request, params: Params
) -> PresentedCredentials:
    """Read the client's credentials; an imported secret may come without form-url-encoding."""
    return read_credentials(request, params, may_be_raw=environment.state.has_imported)


def record_use(
    environment: ServedEnvironment, request: Request, client: AuthenticatedClient, now: float
) -> None:
    """Count a successful authentication."""
    agent = request.headers.get(b"user-agent", b"")
    application, secret = client
    environment.usage.used(_new(Use, (application, secret, now, request.source, agent)))


def record_error(
    environment: ServedEnvironment,
    request: Request,
    application: CachedApplication,
    error: OAuthError,
    now: float,
) -> None:
    """Count an error and note its client for the log; the placeholder's is not kept."""
    error.client_id = application.client_id
    agent = request.headers.get(b"user-agent", b"")
    environment.usage.refused(application, error, request.source, agent, now)


def _note_client_id(
    environment: ServedEnvironment,
    request: Request,
    credentials: PresentedCredentials,
    now: float,
    *,
    is_known: bool,
) -> None:
    """Note a client id that may be a mistyped one, for the owner of the one that was meant."""
    agent = request.headers.get(b"user-agent", b"")
    presented = UnknownClient(credentials.client_id[:LONGEST_CLIENT_ID], request.source, agent)
    environment.usage.unknown_clients.note(presented, now, is_known=is_known)


def check_not_stale(environment: ServedEnvironment) -> None:
    """Raise OAuthError (503) where memory was last confirmed too long ago."""
    if environment.is_stale():
        raise OAuthError(
            "temporarily_unavailable",
            "The service is not available at the moment. Try again shortly.",
            log_detail="the database has been away for longer than the grace time",
            retry_after=5,
        )


def _name_for_log(client_id: str, application: CachedApplication) -> str:
    """Return the presented id if it has Gatepass's form, which no secret has."""
    recognised = read(client_id)
    is_id = recognised is not None and recognised.kind is Kind.CLIENT_ID
    return client_id if is_id else application.client_id


def look_up(
    environment: ServedEnvironment, request: Request, credentials: PresentedCredentials
) -> CachedApplication | NeedsThread | None:
    """Return an application from memory; None for an id that is unknown or cannot exist."""
    client_id, applications = credentials.client_id, environment.applications
    application = applications.get(client_id)
    if (
        application is None
        and not applications.is_absent(client_id)
        and _may_exist(environment, client_id)
    ):
        lookup = Lookup(client_id)
        loaded = applications.run_directly(lookup)
        if loaded is None:
            if credentials.assertion is None:  # one is verified once, before or after the look-up
                with suppress(OAuthError):  # the time of a client in memory, looked up afterwards
                    authenticate(
                        credentials, None, request.source, environment.clock(), environment.mode
                    )
            return environment.needs_lookup(lookup)
        [application] = loaded
    return application


def pending_look_up(
    environment: ServedEnvironment, application: CachedApplication | None
) -> NeedsThread | None:
    """Look up a random client id for a client's first failure, or return that work for a thread.

    An unknown client id costs a look-up, the first time.
    """
    applications = environment.applications
    if application is None or applications.is_confirmed(application):
        return None
    lookup = applications.confirmation(application.client_id)
    if applications.run_directly(lookup) is not None:
        return None
    return environment.needs_lookup(lookup)


def _may_exist(environment: ServedEnvironment, client_id: str) -> bool:
    """Return whether an id has Gatepass's form or, where any was imported, another's."""
    recognised = read(client_id)
    if recognised is None:
        return environment.state.has_imported and 0 < len(client_id) <= LONGEST_CLIENT_ID
    return recognised.kind is Kind.CLIENT_ID and recognised.mode is environment.mode


def _pending_verification(
    environment: ServedEnvironment,
    request: Request,
    credentials: PresentedCredentials,
    application: CachedApplication | None,
) -> NeedsThread | None:
    """Return the slow verification of the secret, where one must come first."""
    readings = credentials.readings
    if not readings:
        return None
    work = environment.secret_upgrade.pending(
        credentials.client_id, application, readings, request.source
    )
    return NeedsThread(work, environment.state.legacy_hashes.pool) if work else None
