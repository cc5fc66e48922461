"""Look up and authenticate: the first stages of every endpoint that takes client credentials."""

from gatepass.server.applications.directory import Directory
from gatepass.server.applications.model import Application
from gatepass.server.arrival import Arrived, Later
from gatepass.server.environment import Environment
from gatepass.server.token.authenticate import AuthenticatedClient, authenticate
from gatepass.server.token.parse import Claimed
from gatepass.server.usage.counter import Use
from gatepass.wire.credential import Kind, Mark, read
from gatepass.wire.problem import Refused


def authenticated(
    environment: Environment, arrived: Arrived, claimed: Claimed
) -> AuthenticatedClient:
    """Tell who is asking; count the use, or the failure, and raise Refused.

    Raises Later where the application is not in memory.
    """
    application = _known(environment.directory, claimed.client_id, environment.mark)
    check_memory(environment)
    now = environment.clock()
    try:
        client = authenticate(claimed, application, arrived.source, now, environment.mark)
    except Refused as refused:
        if application:
            refused.client_id = application.client_id
            environment.usage.refused(application, refused.note, arrived.source, now)
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


def check_memory(environment: Environment) -> None:
    """Refuse (503) where memory has not been confirmed for longer than the grace time."""
    if environment.is_stale():
        raise Refused(
            "temporarily_unavailable",
            "The service is not available at the moment. Try again shortly.",
            note="the database has been away for longer than the grace time",
            retry_after=5,
        )


def _known(directory: Directory, client_id: str, mark: Mark) -> Application | None:
    """Give an application from memory; an id that is not one of ours is not worth a question."""
    application = directory.known(client_id)
    if application is None and not directory.is_absent(client_id):
        recognised = read(client_id)
        if recognised and recognised.kind is Kind.CLIENT_ID and recognised.mark is mark:
            raise Later(lambda: directory.load(client_id))
    return application
