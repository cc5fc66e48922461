"""The ways to call an API with a token: for each adapter, sync and async, one interface."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from dataclasses import dataclass
from types import ModuleType
from typing import Any, ClassVar, NamedTuple, Protocol, TypeAlias, cast

import aiohttp
import httpx
import httpx2
import requests

from client.processes import in_threads
from gatepass.client import aiohttp as over_aiohttp
from gatepass.client import httpx as over_httpx
from gatepass.client import httpx2 as over_httpx2
from gatepass.client import requests as over_requests
from gatepass.client.tokens.bearer_auth import BearerAuthBase

PART = b"once"  # the body that is spent when it was sent

Body: TypeAlias = Any  # what the library takes: bytes, None, an iterator, a file


class Reply(NamedTuple):
    status: int
    body: bytes
    number: str | None  # of the token that the API got


class Way(Protocol):
    """Sends a GET, or a POST where there is a body, and follows redirects."""

    @property
    def auth(self) -> type[BearerAuthBase]:
        """The adapter's class."""
        ...

    def spent(self) -> Body:
        """Make a body that can be sent once."""
        ...

    def __call__(self, auth: BearerAuthBase, url: str, body: Body = None) -> Reply: ...

    def many(self, auth: BearerAuthBase, url: str, count: int) -> list[Reply | Exception]:
        """Send so many at once with one client."""
        ...


def once() -> Iterator[bytes]:
    yield PART


async def aonce() -> AsyncIterator[bytes]:
    yield PART


def method(body: Body) -> str:
    return "GET" if body is None else "POST"


@dataclass(frozen=True)
class OverHttpx:
    library: ModuleType
    auth: type[BearerAuthBase]
    spent: ClassVar[Callable[[], Body]] = staticmethod(once)

    def __call__(self, auth: BearerAuthBase, url: str, body: Body = None) -> Reply:
        with self.library.Client(auth=auth, follow_redirects=True) as client:
            return self.reply(client.request(method(body), url, content=body))

    def many(self, auth: BearerAuthBase, url: str, count: int) -> list[Reply | Exception]:
        with self.library.Client(auth=auth) as client:
            return in_threads(count, lambda: self.reply(client.get(url)))

    @staticmethod
    def reply(answer: httpx.Response | httpx2.Response) -> Reply:
        return Reply(answer.status_code, answer.content, answer.headers.get("x-pass"))


@dataclass(frozen=True)
class OverHttpxAsync(OverHttpx):
    spent: ClassVar[Callable[[], Body]] = staticmethod(aonce)

    def __call__(self, auth: BearerAuthBase, url: str, body: Body = None) -> Reply:
        async def send() -> Reply:
            async with self.library.AsyncClient(auth=auth, follow_redirects=True) as client:
                return self.reply(await client.request(method(body), url, content=body))

        return asyncio.run(send())

    def many(self, auth: BearerAuthBase, url: str, count: int) -> list[Reply | Exception]:
        async def one(client: httpx.AsyncClient) -> Reply:
            return self.reply(await client.get(url))

        async def send() -> list[Reply | Exception]:
            async with self.library.AsyncClient(auth=auth) as client:
                return await all_of([one(client) for _ in range(count)])

        return asyncio.run(send())


@dataclass(frozen=True)
class OverRequests:
    auth: type[BearerAuthBase]
    spent: ClassVar[Callable[[], Body]] = staticmethod(once)

    def __call__(self, auth: BearerAuthBase, url: str, body: Body = None) -> Reply:
        with requests.Session() as session:
            session.auth = cast("over_requests.BearerAuth", auth)
            return self.reply(session.request(method(body), url, data=body, timeout=60))

    def many(self, auth: BearerAuthBase, url: str, count: int) -> list[Reply | Exception]:
        given = cast("over_requests.BearerAuth", auth)
        return in_threads(count, lambda: self.reply(requests.get(url, auth=given, timeout=60)))

    @staticmethod
    def reply(answer: requests.Response) -> Reply:
        return Reply(answer.status_code, answer.content, answer.headers.get("x-pass"))


@dataclass(frozen=True)
class OverAiohttp:
    auth: type[BearerAuthBase]
    spent: ClassVar[Callable[[], Body]] = staticmethod(aonce)

    def __call__(self, auth: BearerAuthBase, url: str, body: Body = None) -> Reply:
        async def send() -> Reply:
            async with self._session(auth, url) as session:
                return await self._one(session, url, body)

        return asyncio.run(send())

    def many(self, auth: BearerAuthBase, url: str, count: int) -> list[Reply | Exception]:
        async def send() -> list[Reply | Exception]:
            async with self._session(auth, url) as session:
                return await all_of([self._one(session, url, None) for _ in range(count)])

        return asyncio.run(send())

    def _session(self, auth: BearerAuthBase, url: str) -> aiohttp.ClientSession:
        given = cast("over_aiohttp.BearerAuth", auth).to(url)
        return aiohttp.ClientSession(middlewares=(given,))

    async def _one(self, session: aiohttp.ClientSession, url: str, body: Body) -> Reply:
        async with session.request(method(body), url, data=body) as answer:
            return Reply(answer.status, await answer.read(), answer.headers.get("x-pass"))


async def all_of(sending: list[Coroutine[Any, Any, Reply]]) -> list[Reply | Exception]:
    replies = await asyncio.gather(*sending, return_exceptions=True)
    return [reply for reply in replies if isinstance(reply, Reply | Exception)]


WAYS: dict[str, Way] = {
    "httpx2": OverHttpx(httpx2, over_httpx2.BearerAuth),
    "httpx2-async": OverHttpxAsync(httpx2, over_httpx2.BearerAuth),
    "httpx": OverHttpx(httpx, over_httpx.BearerAuth),
    "httpx-async": OverHttpxAsync(httpx, over_httpx.BearerAuth),
    "requests": OverRequests(over_requests.BearerAuth),
    "aiohttp": OverAiohttp(over_aiohttp.BearerAuth),
}
