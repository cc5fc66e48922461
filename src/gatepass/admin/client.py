"""The clients: `Admin` blocks, `AsyncAdmin` is awaited; both have the same operations."""

from collections.abc import Mapping, Sequence
from typing import Self

from gatepass.admin.connection import DEADLINE, Connection, server_url, settings_from
from gatepass.admin.operations.groups import AsyncGroups, Groups
from gatepass.admin.records import Performed, Record
from gatepass.admin.requests import Conditions
from gatepass.client.settings import BASIC, ClientSecret, ClientSettings
from gatepass.client.tokens.drivers import arun, run
from gatepass.wire.metadata import ADMIN_API, TOKEN

_NONE: Mapping[str, object] = {}


class _Client:
    """Where a client calls, and as which application; the base of both."""

    _connection: Connection

    def __init__(  # noqa: PLR0913 - each is one setting, passed by name
        self,
        url: str = "",
        environment: str = "production",
        *,
        client_id: str = "",
        client_secret: ClientSecret | Sequence[ClientSecret] = (),
        token_url: str = "",
        scope: str = "",
        resource: str = "",
        auth_method: str = BASIC,
        ca_file: str = "",
        deadline: float = DEADLINE,
    ) -> None:
        url = server_url(url)
        if client_id:
            settings = ClientSettings(
                token_url or url + TOKEN,
                client_id,
                client_secret,
                scope,
                resource or url + ADMIN_API,
                auth_method=auth_method,
                ca_file=ca_file,
            )
        else:
            settings = settings_from(url)
        self._connection = Connection.to(url, environment, settings, seconds=deadline)

    @classmethod
    def over(cls, connection: Connection) -> Self:
        """Return a client over a connection that there is already."""
        client = cls.__new__(cls)
        client._connection = connection  # noqa: SLF001 - our own
        return client

    def in_environment(self, name: str) -> Self:
        """Return a client of `production` or `sandbox`, with the same tokens."""
        return self.over(self._connection.in_environment(name))

    def __repr__(self) -> str:
        at = self._connection
        return f"{type(self).__name__}({at.url!r}, {at.environment!r})"


class Admin(_Client, Groups):
    """The Admin API, blocking: `admin.organizations.list()` and so on.

    `url` is the address of production, from GATEPASS_SERVER where it is not given; `environment`
    is the one that is acted in. Without a `client_id` the credentials come from the environment
    variables of every client (GATEPASS_CLIENT_ID, GATEPASS_CLIENT_SECRET and so on), and the other
    settings with them. The token endpoint is that of the server where `token_url` is not given.
    `resource` is the address of the API where that is not below `url`. `deadline` is the number of
    seconds that an operation takes at most, with all requests for it.

    Threads may share one; nothing is held open. Raises ConfigurationError for a wrong setting, and
    in methods the errors of this package, and those of the client for a token.
    """

    def perform(
        self,
        name: str,
        arguments: Mapping[str, object] = _NONE,
        *,
        if_match: Record | str = "",
        dry_run: bool = False,
        idempotency_key: str = "",
    ) -> Performed:
        """Perform an operation by its name, and return what the server answered.

        A list is one page of it. Raises ValueError for an unknown name, and for arguments that
        cannot be sent.
        """
        wanted = Conditions(if_match, dry_run, idempotency_key)
        return run(self._connection.flow(name, arguments, wanted), self._connection.sender)


class AsyncAdmin(_Client, AsyncGroups):
    """The Admin API in tasks of asyncio or trio; it takes what `Admin` takes.

    What returns a list in pages is iterated over with `async for`; all else is awaited.
    """

    async def perform(
        self,
        name: str,
        arguments: Mapping[str, object] = _NONE,
        *,
        if_match: Record | str = "",
        dry_run: bool = False,
        idempotency_key: str = "",
    ) -> Performed:
        """Do what `Admin.perform` does, without blocking the event loop."""
        wanted = Conditions(if_match, dry_run, idempotency_key)
        return await arun(self._connection.flow(name, arguments, wanted), self._connection.sender)
