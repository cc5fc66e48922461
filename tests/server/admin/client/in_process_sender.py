"""The network between the Admin API's client and a server in this process."""

from collections.abc import Callable
from dataclasses import dataclass, field

from gatepass.admin.connection import Connection
from gatepass.client.errors import Unreachable
from gatepass.client.settings import ClientSettings
from gatepass.client.tokens.source import TokenSource
from gatepass.wire.credential import Mode
from gatepass.wire.flow import Request, Response
from gatepass.wire.metadata import ADMIN_API, TOKEN
from server.admin.operator_program import Program
from server.fixtures import URL, InProcessServer

_URL = URL[Mode.LIVE]


@dataclass
class InProcessSender:
    """Sends requests to the server; loses the answers of those that `loses` says, after it."""

    server: InProcessServer
    loses: Callable[[Request], bool] = lambda _: False
    sent: list[Request] = field(default_factory=list)

    def send(self, request: Request) -> Response:
        self.sent.append(request)
        answer = self.server.send(
            request.method,
            request.url.removeprefix(_URL),
            headers=list(request.headers.items()),
            content=request.body,
        )
        if self.loses(request):
            raise Unreachable("ReadError")
        return Response(answer.status_code, dict(answer.headers), answer.content)

    async def asend(self, request: Request) -> Response:
        return self.send(request)


def connection_of(
    program: Program, environment: str = "production", sender: InProcessSender | None = None
) -> Connection:
    """Return a connection with the credentials of a program."""
    sender = sender or InProcessSender(program.server)
    client = program.client
    settings = ClientSettings(_URL + TOKEN, client.client_id, client.secret, "", _URL + ADMIN_API)
    return Connection(_URL, environment, TokenSource(settings, sender), sender, random=lambda: 0.0)
