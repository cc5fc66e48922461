"""Look up and authenticate: the first stages of every endpoint that takes client credentials."""

from asyncio import to_thread

from gatepass.server.applications.model import Application
from gatepass.server.arrival import Arrived
from gatepass.server.environment import Environment
from gatepass.server.token.authenticate import AuthenticatedClient, authenticate
from gatepass.server.token.parse import Claimed
from gatepass.server.usage.counter import Use
from gatepass.wire.credential import Kind, read
from gatepass.wire.problem import Refused


async def authenticated(
    environment: Environment, arrived: Arrived, claimed: Claimed
) -> AuthenticatedClient:
    """Tell who is asking; count the use, or the failure, and raise Refused.

    Touches the database only where the application is not in memory.
    """
    application = environment.directory.known(claimed.client_id)
    if application is None and not environment.directory.is_absent(claimed.client_id):
        application = await to_thread(_load, environment, claimed.client_id)
    check_memory(environment)
    now = environment.clock()
    try:
        client = authenticate(claimed, application, now, environment.mark)
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


def _load(environment: Environment, client_id: str) -> Application | None:
    """Read an application; an id that is not one of ours is not worth a question."""
    recognised = read(client_id)
    if recognised and recognised.kind is Kind.CLIENT_ID and recognised.mark is environment.mark:
        return environment.directory.load(client_id)
    return None
