"""Where the Admin API is, with which token it is called, and over which connections."""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from random import random
from typing import Self
from uuid import uuid4

from gatepass.admin.answers import LONGEST_ANSWER
from gatepass.admin.calls import Attempts, Call, perform
from gatepass.admin.description import OPERATIONS
from gatepass.admin.records import Performed
from gatepass.admin.requests import Conditions, write
from gatepass.client import variables as env
from gatepass.client.errors import ConfigurationError
from gatepass.client.network.urls import check_url
from gatepass.client.settings import ClientSettings
from gatepass.client.tokens import clock
from gatepass.client.tokens.drivers import Sender, TokenFlow
from gatepass.client.tokens.source import TokenSource
from gatepass.wire.flow import Request, Response
from gatepass.wire.metadata import ADMIN_API, TOKEN

SERVER = "GATEPASS_SERVER"
DEADLINE = 60.0  # seconds that an operation takes at most, with all requests for it
ENVIRONMENTS = ("production", "sandbox")


class Senders:
    """Sends token requests by one sender and all others by another.

    They differ in how much they read, and may differ in whether they are encrypted.
    """

    def __init__(self, token_url: str, of_tokens: Sender, of_operations: Sender) -> None:
        self._token_url = token_url
        self._of_tokens, self._of_operations = of_tokens, of_operations

    def send(self, request: Request) -> Response:
        """Send `request` and block until the response."""
        return self._sender(request).send(request)

    async def asend(self, request: Request) -> Response:
        """Send `request` without blocking the event loop."""
        return await self._sender(request).asend(request)

    def _sender(self, request: Request) -> Sender:
        return self._of_tokens if request.url == self._token_url else self._of_operations


@dataclass(frozen=True, slots=True)
class Connection:
    """An environment of a server, as an application of the operator reaches it.

    It holds nothing open: each request has a connection of its own, so that none is lost with one
    that the server has closed meanwhile. Threads and tasks of any event loop may share it.
    """

    url: str  # of the server, without the path of the API
    environment: str
    tokens: TokenSource
    sender: Sender = field(repr=False)
    seconds: float = DEADLINE
    now: Callable[[], float] = field(default=clock.now, repr=False)
    random: Callable[[], float] = field(default=random, repr=False)

    def __post_init__(self) -> None:
        if self.environment not in ENVIRONMENTS:
            raise ConfigurationError(
                f"there is no such environment: give {' or '.join(ENVIRONMENTS)}"
            )

    @classmethod
    def to(
        cls,
        url: str,
        environment: str,
        settings: ClientSettings,
        *,
        seconds: float = DEADLINE,
        sender: Sender | None = None,
    ) -> Self:
        """Return a connection with a token source of its own; raise ConfigurationError.

        `sender` replaces the network, for tests.
        """
        of_tokens = sender or _sender(settings.token_url, settings)
        of_operations = sender or _sender(url, settings, longest=LONGEST_ANSWER)
        tokens = TokenSource(settings, of_tokens)
        senders = Senders(settings.token_url, of_tokens, of_operations)
        return cls(url, environment, tokens, senders, seconds)

    def in_environment(self, name: str) -> Self:
        """Return the connection to another environment, with the same token."""
        return replace(self, environment=name)

    def flow(
        self, name: str, arguments: Mapping[str, object], wanted: Conditions
    ) -> TokenFlow[Performed]:
        """Return the flow that performs an operation, for a driver of `drivers`.

        Raises ValueError for an unknown operation and for arguments that cannot be sent.
        """
        operation = OPERATIONS.get(name)
        if operation is None:
            raise ValueError(f"there is no operation {name}")
        if operation.is_creation and not wanted.idempotency_key:
            wanted = replace(wanted, idempotency_key=str(uuid4()))
        where = f"{self.url}{ADMIN_API}/{self.environment}"
        call = Call(name, operation, write(where, name, operation, arguments, wanted), wanted)
        return perform(call, self.tokens, Attempts(call, self.seconds, self.now, self.random))


def server_url(url: str, environ: Mapping[str, str] = os.environ) -> str:
    """Return the address of production, from GATEPASS_SERVER where `url` is empty.

    Raises ConfigurationError where there is none, or where no token may be sent to it.
    """
    url = (url or environ.get(SERVER, "")).rstrip("/")
    if not url:
        raise ConfigurationError(f"set the address of the server ({SERVER})")
    check_url(url, f"the address of the server ({SERVER})")
    if "?" in url:
        raise ConfigurationError(f"the address of the server ({SERVER}) has a query: take it out")
    return url


def settings_from(url: str, environ: Mapping[str, str] = os.environ) -> ClientSettings:
    """Return the credentials that the environment variables have, for the API at `url`.

    The token endpoint is the server's own where GATEPASS_TOKEN_URL is not set. The token is for
    the Admin API, and GATEPASS_RESOURCE names it where its address is another one.
    """
    given = {**environ}
    given[env.TOKEN_URL] = environ.get(env.TOKEN_URL) or url + TOKEN
    given[env.RESOURCE] = environ.get(env.RESOURCE) or url + ADMIN_API
    return ClientSettings.from_env(given)


def _sender(url: str, settings: ClientSettings, **options: int) -> Sender:
    from gatepass.client.tokens.transport import Httpx2Sender  # httpx2 takes a while to load

    return Httpx2Sender(url, settings.ca_file, settings.certificate, **options)
