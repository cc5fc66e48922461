"""Look up and authenticate: the first stages of every endpoint that takes client credentials."""

from gatepass.server.applications.adopt import outstanding
from gatepass.server.applications.model import Application
from gatepass.server.arrival import Arrived, Later
from gatepass.server.environment import Environment
from gatepass.server.imports.model import LONGEST_CLIENT_ID
from gatepass.server.token.authenticate import AuthenticatedClient, authenticate
from gatepass.server.token.parse import Claimed
from gatepass.server.usage.model import Use
from gatepass.wire.credential import Kind, read
from gatepass.wire.problem import Refused


def authenticated(
    environment: Environment, arrived: Arrived, claimed: Claimed
) -> AuthenticatedClient:
    """Tell who is asking; count the use, or the failure, and raise Refused.

    Raises Later where the application is not in memory, or its secret is to be verified slowly.
    """
    application = _known(environment, claimed.client_id)
    check_memory(environment)
    now = environment.clock()
    try:
        _check_old_hash(environment, arrived, claimed, application)
        client = authenticate(claimed, application, arrived.source, now, environment.mark)
    except Refused as refused:
        if application:
            note_refusal(environment, arrived, application, refused, now)
        environment.failures.spend(claimed.client_id, arrived.source, claimed.secret, now)
        raise
    note_use(environment, arrived, client, now)
    return client


def note_use(
    environment: Environment, arrived: Arrived, client: AuthenticatedClient, now: float
) -> None:
    """Count a successful authentication."""
    agent = arrived.headers.get(b"user-agent", b"")
    environment.usage.used(Use(*client, now, arrived.source, agent))


def note_refusal(
    environment: Environment,
    arrived: Arrived,
    application: Application,
    refused: Refused,
    now: float,
) -> None:
    """Count a refusal of an application that is known, and say in the log whose it is."""
    refused.client_id = application.client_id
    agent = arrived.headers.get(b"user-agent", b"")
    environment.usage.refused(application, refused, arrived.source, agent, now)


def check_memory(environment: Environment) -> None:
    """Refuse (503) where memory has not been confirmed for longer than the grace time."""
    if environment.is_stale():
        raise Refused(
            "temporarily_unavailable",
            "The service is not available at the moment. Try again shortly.",
            note="the database has been away for longer than the grace time",
            retry_after=5,
        )


def _known(environment: Environment, client_id: str) -> Application | None:
    """Give an application from memory; an id that can be nobody's is not worth a question."""
    directory = environment.directory
    application = directory.known(client_id)
    if (
        application is None
        and not directory.is_absent(client_id)
        and _may_be_somebodys(environment, client_id)
    ):
        raise Later(lambda: directory.load(client_id))
    return application


def _may_be_somebodys(environment: Environment, client_id: str) -> bool:
    """Tell whether an id has our form or, where any was imported, another's."""
    recognised = read(client_id)
    if recognised is None:
        return environment.has_imported and 0 < len(client_id) <= LONGEST_CLIENT_ID
    return recognised.kind is Kind.CLIENT_ID and recognised.mark is environment.mark


def _check_old_hash(
    environment: Environment, arrived: Arrived, claimed: Claimed, application: Application | None
) -> None:
    """Raise Later where the secret must be verified slowly first."""
    if claimed.secret is None:
        return
    work = outstanding(environment, claimed.client_id, application, claimed.secret, arrived.source)
    if work:
        raise Later(work, environment.old_hashes.thread)
