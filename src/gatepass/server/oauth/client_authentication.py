"""Look up and authenticate: the first stages of every endpoint that takes client credentials."""

from contextlib import suppress
from hashlib import sha256

from gatepass.server.domain.applications.model import Application
from gatepass.server.domain.applications.placeholder import placeholder
from gatepass.server.domain.imports.model import LONGEST_CLIENT_ID
from gatepass.server.domain.usage.model import Use
from gatepass.server.environment.environment import Environment
from gatepass.server.http import NeedsThread, Request
from gatepass.server.tokens.authenticate import AuthenticatedClient, authenticate
from gatepass.server.tokens.grant_cache import CachedCaller
from gatepass.server.tokens.request import CREDENTIALS, PresentedCredentials, claim
from gatepass.wire.credential import Kind, read
from gatepass.wire.errors import OAuthError
from gatepass.wire.params import Params


def authenticated(
    environment: Environment, arrived: Request, claimed: PresentedCredentials
) -> AuthenticatedClient:
    """Tell who is asking; count the use, or the failure, and raise OAuthError.

    Raises what `proven` does.
    """
    client = proven(environment, arrived, claimed)
    note_use(environment, arrived, client, environment.clock())
    return client


def proven_by_header(
    environment: Environment, arrived: Request, params: Params
) -> AuthenticatedClient:
    """Do what `proven` does; recall it where the Authorization header says all of it."""
    header = arrived.headers.get(b"authorization")
    if header is None or not CREDENTIALS.isdisjoint(params.values):
        return proven(environment, arrived, claimed_by(environment, arrived, params))
    key = sha256(header).digest()
    caller = environment.callers.recall(key, arrived.source, environment.clock())
    if caller is None:
        claimed = claimed_by(environment, arrived, params)
        caller = CachedCaller(proven(environment, arrived, claimed))
        environment.callers.keep(key, caller)
    else:
        check_memory(environment)
    return caller.client


def claimed_by(environment: Environment, arrived: Request, params: Params) -> PresentedCredentials:
    """Read who the caller says it is; a secret of another system may come as it is."""
    return claim(arrived, params, may_be_raw=environment.state.has_imported)


def proven(
    environment: Environment, arrived: Request, claimed: PresentedCredentials
) -> AuthenticatedClient:
    """Tell who is asking; count a failure and raise OAuthError. Does NOT count the use.

    Raises NeedsThread, before anything is counted, where the application is not in memory, its
    secret is to be verified slowly, or the first refusal of this client id is to cost what an
    unknown one costs. Whether the client exists changes neither the calls nor their number.
    """
    application = _known(environment, arrived, claimed)
    check_memory(environment)
    now = environment.clock()
    try:
        _check_old_hash(environment, arrived, claimed, application)
        client = authenticate(claimed, application, arrived.source, now, environment.mode)
    except OAuthError as refused:
        _confirm(environment, application)
        stand_in = placeholder(claimed.client_id)
        counted = application or stand_in
        note_refusal(environment, arrived, counted, refused, now)
        refused.client_id = _name_for_log(claimed.client_id, counted)
        environment.failures.record(claimed.client_id, arrived.source, claimed.secret, now)
        raise
    environment.applications.record_use(claimed.client_id)
    return client


def note_use(
    environment: Environment, arrived: Request, client: AuthenticatedClient, now: float
) -> None:
    """Count a successful authentication."""
    agent = arrived.headers.get(b"user-agent", b"")
    application, secret = client
    environment.usage.used(Use(application, secret, now, arrived.source, agent))


def note_refusal(
    environment: Environment,
    arrived: Request,
    application: Application,
    refused: OAuthError,
    now: float,
) -> None:
    """Count a refusal, and say in the log whose it is; for nobody do the same in vain."""
    refused.client_id = application.client_id
    agent = arrived.headers.get(b"user-agent", b"")
    environment.usage.refused(application, refused, arrived.source, agent, now)


def check_memory(environment: Environment) -> None:
    """Refuse (503) where memory has not been confirmed for longer than the grace time."""
    if environment.is_stale():
        raise OAuthError(
            "temporarily_unavailable",
            "The service is not available at the moment. Try again shortly.",
            log_detail="the database has been away for longer than the grace time",
            retry_after=5,
        )


def _name_for_log(client_id: str, application: Application) -> str:
    """Return the claimed id if it has our form, which no secret has, or the application's."""
    recognised = read(client_id)
    is_id = recognised is not None and recognised.kind is Kind.CLIENT_ID
    return client_id if is_id else application.client_id


def _known(
    environment: Environment, arrived: Request, claimed: PresentedCredentials
) -> Application | None:
    """Give an application from memory; an id that can be nobody's is not worth a question."""
    client_id, directory = claimed.client_id, environment.applications
    application = directory.get(client_id)
    if (
        application is None
        and not directory.is_absent(client_id)
        and _may_be_somebodys(environment, client_id)
    ):
        with suppress(OAuthError):  # as for a client in memory, which is asked for once refused
            authenticate(claimed, None, arrived.source, environment.clock(), environment.mode)
        raise NeedsThread(lambda: directory.load(client_id))
    return application


def _confirm(environment: Environment, application: Application | None) -> None:
    """Raise NeedsThread to look up a random client id, the first time a cached one is refused.

    An unknown client id costs that look-up, the first time.
    """
    directory = environment.applications
    if application is not None and not directory.is_confirmed(application.client_id):
        raise NeedsThread(lambda: directory.confirm(application.client_id)) from None


def _may_be_somebodys(environment: Environment, client_id: str) -> bool:
    """Tell whether an id has our form or, where any was imported, another's."""
    recognised = read(client_id)
    if recognised is None:
        return environment.state.has_imported and 0 < len(client_id) <= LONGEST_CLIENT_ID
    return recognised.kind is Kind.CLIENT_ID and recognised.mode is environment.mode


def _check_old_hash(
    environment: Environment,
    arrived: Request,
    claimed: PresentedCredentials,
    application: Application | None,
) -> None:
    """Raise NeedsThread where the secret must be verified slowly first."""
    readings = claimed.readings
    if not readings:
        return
    work = environment.secret_upgrade.pending(
        claimed.client_id, application, readings, arrived.source
    )
    if work:
        raise NeedsThread(work, environment.state.legacy_hashes.pool)
