"""What an adapter adds to a call with a fresh token: `python -m bench.client_overhead`.

Each adapter's own work is timed around an API that does nothing, less the same without the
adapter; the best of several rounds counts, since anything else on the machine only adds.
"""

import asyncio
import time
from collections.abc import Callable, Coroutine
from types import SimpleNamespace
from typing import Any, cast

import aiohttp
import httpx
import httpx2
import requests
import yarl

from bench.report import Row, limit_row
from gatepass.client import over_aiohttp, over_httpx, over_httpx2, over_requests
from gatepass.client.bearing import Bearing
from gatepass.client.settings import ClientSettings
from gatepass.client.source import TokenSource
from gatepass.wire.flow import Request, Response

CALLS, ROUNDS = 5_000, 7
MOST = 5.0  # microseconds
API = "https://api.example/orders"

Work = Callable[[], object]
AsyncWork = Callable[[], Coroutine[Any, Any, object]]


class Granting:
    """A sender that gives a token at once."""

    def send(self, request: Request) -> Response:
        """Answer with a token for an hour."""
        del request
        token = b'{"access_token":"t","token_type":"Bearer","expires_in":3600}'
        return Response(200, {}, token)

    async def asend(self, request: Request) -> Response:
        """Do what `send` does."""
        return self.send(request)


def overhead() -> dict[str, float]:
    """Give the seconds a call that each adapter adds, by its name."""
    settings = ClientSettings("https://as.example/token", "id", "secret")
    source = TokenSource(settings, Granting())
    source.token()
    return {
        "source.token()": _best(source.token) - _best(_nothing),
        "source.atoken()": _abest(source.atoken) - _abest(_anothing),
        "httpx2": _of_httpx(httpx2, over_httpx2.BearerAuth, source),
        "httpx2, async": _of_httpx_async(httpx2, over_httpx2.BearerAuth, source),
        "httpx": _of_httpx(httpx, over_httpx.BearerAuth, source),
        "httpx, async": _of_httpx_async(httpx, over_httpx.BearerAuth, source),
        "requests": _of_requests(source),
        "aiohttp": asyncio.run(_of_aiohttp(source)),
    }


def rows() -> list[Row]:
    """Give a row of each adapter for the table."""
    return [
        limit_row(f"Overhead a call, {name}", seconds * 1e6, MOST, "us")
        for name, seconds in overhead().items()
    ]


# The libraries drive an auth flow in these two ways; without an adapter they drive that of
# their own Auth, which sends the request as it is.


def _of_httpx(library: Any, adapter: type[Bearing], source: TokenSource) -> float:  # noqa: ANN401 - a module
    request, answer = library.Request("GET", API), library.Response(200)

    def drive(auth: httpx.Auth) -> None:
        flow = auth.sync_auth_flow(request)
        next(flow)
        try:
            flow.send(answer)
        except StopIteration:
            flow.close()

    answer.request = request
    ours, bare = cast("httpx.Auth", adapter.sharing(source)), library.Auth()
    return _best(lambda: drive(ours)) - _best(lambda: drive(bare))


def _of_httpx_async(library: Any, adapter: type[Bearing], source: TokenSource) -> float:  # noqa: ANN401 - a module
    request, answer = library.Request("GET", API), library.Response(200)

    async def drive(auth: httpx.Auth) -> None:
        flow = auth.async_auth_flow(request)
        await anext(flow)
        try:
            await flow.asend(answer)
        except StopAsyncIteration:
            await flow.aclose()

    answer.request = request
    ours, bare = cast("httpx.Auth", adapter.sharing(source)), library.Auth()
    return _abest(lambda: drive(ours)) - _abest(lambda: drive(bare))


def _of_requests(source: TokenSource) -> float:
    prepared = requests.Request("GET", API).prepare()
    answer = requests.Response()
    answer.status_code, answer.request = 200, prepared
    auth = over_requests.BearerAuth.sharing(source)

    def call() -> None:
        hooks = prepared.hooks["response"]
        auth(prepared)
        hooks.pop()(answer, timeout=None)

    return _best(call) - _best(_nothing)


async def _of_aiohttp(source: TokenSource) -> float:
    async with aiohttp.ClientSession() as session:
        loop = asyncio.get_running_loop()
        request = aiohttp.ClientRequest("GET", yarl.URL(API), loop=loop, session=session)
        answer = cast("aiohttp.ClientResponse", SimpleNamespace(status=200))
        auth = over_aiohttp.BearerAuth.sharing(source).to(API)

        async def send(request: aiohttp.ClientRequest) -> aiohttp.ClientResponse:
            del request
            return answer

        ours = await _arounds(lambda: auth(request, send))
        return ours - await _arounds(lambda: send(request))


def _nothing() -> None:
    pass


async def _anothing() -> None:
    pass


def _best(work: Work) -> float:
    return min(_round(work) for _ in range(ROUNDS))


def _round(work: Work) -> float:
    began = time.perf_counter()
    for _ in range(CALLS):
        work()
    return (time.perf_counter() - began) / CALLS


def _abest(work: AsyncWork) -> float:
    return asyncio.run(_arounds(work))


async def _arounds(work: AsyncWork) -> float:
    return min([await _around(work) for _ in range(ROUNDS)])


async def _around(work: AsyncWork) -> float:
    began = time.perf_counter()
    for _ in range(CALLS):
        await work()
    return (time.perf_counter() - began) / CALLS


if __name__ == "__main__":
    for row in rows():
        print(f"{row.figure:<36}{row.measured:>10}   {row.to_reach}   {row.verdict()}")
