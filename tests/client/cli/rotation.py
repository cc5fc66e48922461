"""Programs whose secrets are rotated, and a server beside them in this process."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

from gatepass.client.cli.rotate.steps import Clock, Rotation
from gatepass.client.errors import ChangedMeanwhile
from gatepass.client.secrets.writing.file import FileStore
from gatepass.client.secrets.writing.store import SecretStore
from gatepass.client.secrets.writing.uri import store_of
from gatepass.client.settings import ClientSettings
from gatepass.loopback import LoopbackServer
from gatepass.loopback import Request as LoopbackRequest
from gatepass.loopback import Response as LoopbackResponse
from gatepass.server.configuration.environment_settings import EnvironmentSettings
from gatepass.server.domain.applications.secrets.automatic_rotation import operations
from gatepass.server.domain.applications.secrets.automatic_rotation.model import Setting
from gatepass.server.domain.audit.model import OPERATOR
from gatepass.wire.flow import Request, Response
from gatepass.wire.metadata import TOKEN
from gatepass.wire.secret import Secret
from server.fixtures import URL, Client, InProcessServer, open_passive_server

DAY = 24 * 3600


class InMemory:
    """A store without locks; `written` are the secrets that it was given."""

    where = "the store"

    def __init__(self, secret: Secret) -> None:
        self.secret = secret
        self.stale: list[Secret] = []  # what the next reads give, as of a store that lags
        self.before_write: Callable[[], object] = lambda: None

    def locked(self) -> nullcontext[None]:
        return nullcontext()

    def read(self) -> Secret:
        return self.stale.pop(0) if self.stale else self.secret

    def check(self) -> None:
        pass

    def write(self, new: Secret, expected: Secret) -> None:
        self.before_write()
        if self.secret != expected:
            raise ChangedMeanwhile("the store has another secret than before")
        self.secret = new


class Program:
    """What a schedule runs for one application, with the server in the same process."""

    def __init__(
        self, server: InProcessServer, store: Callable[[Secret], SecretStore] = InMemory
    ) -> None:
        self.server = server
        self.client = server.register()
        self.said: list[str] = []
        self.event: Callable[[str], object] = lambda _: None
        self.configure(is_on=True)
        self.store = store(self.client.secret)

    def configure(self, *, is_on: bool, days: int = 30) -> None:
        context = self.server.environment().context
        setting = Setting(is_on, timedelta(days=days))
        operations.configure(context, OPERATOR, self.client.application.id, None, setting)

    def run(self, *, only_look: bool = False) -> list[str]:
        self.said = []
        settings = ClientSettings(
            URL[self.server.environment().mode] + TOKEN, self.client.client_id, "in the store"
        )
        clock = Clock(self.server.clock, self.server.clock.advance)
        Rotation(self.store, settings, self.send, clock, self.report).run(only_look=only_look)
        return self.said

    def report(self, sentence: str) -> None:
        self.said.append(sentence)
        self.event(f"after: {sentence}")

    def send(self, request: Request) -> Response:
        path = urlsplit(request.url).path
        name = f"{path} {request.body.decode()}"
        self.event(f"before {name}")
        answer = self.server.send(
            request.method, path, headers=list(request.headers.items()), content=request.body
        )
        self.event(f"after {name}")
        headers = {name.lower(): text for name, text in answer.headers.items()}
        return Response(answer.status_code, headers, answer.content)

    def having(self, secret: Secret) -> Client:
        return self.client.having(secret)

    def works(self, secret: Secret) -> bool:
        return self.server.ask(self.having(secret)).status_code == 200


def in_file(folder: Path, *, name: str = "secret") -> Callable[[Secret], FileStore]:
    def make(secret: Secret) -> FileStore:
        path = folder / name
        path.write_text(f"{secret.value}\n")
        path.chmod(0o600)
        store = store_of(f"file:{path}")
        assert isinstance(store, FileStore)
        return store

    return make


Respond = Callable[[LoopbackRequest], LoopbackResponse]


def _just_respond(request: LoopbackRequest, respond: Respond) -> LoopbackResponse:
    return respond(request)


@contextmanager
def served(
    data: Path, around: Callable[[LoopbackRequest, Respond], LoopbackResponse] = _just_respond
) -> Iterator[tuple[InProcessServer, str]]:
    """Serve over real HTTP; give the server and its address."""
    opened: list[InProcessServer] = []

    def respond(request: LoopbackRequest) -> LoopbackResponse:
        answer = opened[0].send(
            request.method,
            request.path,
            headers=list(request.headers.items()),
            content=request.body,
        )
        return LoopbackResponse(answer.status_code, answer.content, dict(answer.headers))

    with LoopbackServer(lambda request: around(request, respond)) as loopback:
        own = EnvironmentSettings(issuer=loopback.url, hosts=("localhost:8000",))
        with open_passive_server(data, production=own) as server:
            opened.append(server)
            yield server, loopback.url
