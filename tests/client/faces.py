"""One face for all adapters: a request goes out with a token source, an answer comes back."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from dataclasses import dataclass

import aiohttp
import httpx
import httpx2
import requests

from gatepass.client import over_aiohttp, over_httpx, over_httpx2, over_requests
from gatepass.client.source import TokenSource

# `url` may redirect; `body` of None is none, of bytes can be sent again, of a list is streamed.
Body = bytes | list[bytes] | None


@dataclass(frozen=True)
class Answer:
    status: int
    body: bytes
    headers: Mapping[str, str]


Face = Callable[[TokenSource, str, str, Body], Answer]


def by_httpx2(source: TokenSource, method: str, url: str, body: Body = None) -> Answer:
    auth = over_httpx2.BearerAuth.sharing(source)
    with httpx2.Client(auth=auth, follow_redirects=True) as client:
        content = iter(body) if isinstance(body, list) else body
        got = client.request(method, url, content=content)
        return Answer(got.status_code, got.content, got.headers)


def by_httpx2_async(source: TokenSource, method: str, url: str, body: Body = None) -> Answer:
    async def send() -> Answer:
        auth = over_httpx2.BearerAuth.sharing(source)
        async with httpx2.AsyncClient(auth=auth, follow_redirects=True) as client:
            content = parts(body) if isinstance(body, list) else body
            got = await client.request(method, url, content=content)
            return Answer(got.status_code, got.content, got.headers)

    return asyncio.run(send())


def by_httpx(source: TokenSource, method: str, url: str, body: Body = None) -> Answer:
    auth = over_httpx.BearerAuth.sharing(source)
    with httpx.Client(auth=auth, follow_redirects=True) as client:
        content = iter(body) if isinstance(body, list) else body
        got = client.request(method, url, content=content)
        return Answer(got.status_code, got.content, got.headers)


def by_httpx_async(source: TokenSource, method: str, url: str, body: Body = None) -> Answer:
    async def send() -> Answer:
        auth = over_httpx.BearerAuth.sharing(source)
        async with httpx.AsyncClient(auth=auth, follow_redirects=True) as client:
            content = parts(body) if isinstance(body, list) else body
            got = await client.request(method, url, content=content)
            return Answer(got.status_code, got.content, got.headers)

    return asyncio.run(send())


def by_requests(source: TokenSource, method: str, url: str, body: Body = None) -> Answer:
    with requests.Session() as session:
        session.auth = over_requests.BearerAuth.sharing(source)
        content: Iterator[bytes] | bytes | None = iter(body) if isinstance(body, list) else body
        got = session.request(method, url, data=content, timeout=30)
        return Answer(got.status_code, got.content, got.headers)


def by_aiohttp(source: TokenSource, method: str, url: str, body: Body = None) -> Answer:
    async def send() -> Answer:
        auth = over_aiohttp.BearerAuth.sharing(source).to(url)
        async with aiohttp.ClientSession(middlewares=[auth]) as session:
            content = parts(body) if isinstance(body, list) else body
            async with session.request(method, url, data=content) as got:
                return Answer(got.status, await got.read(), got.headers)

    return asyncio.run(send())


async def parts(body: list[bytes]) -> AsyncIterator[bytes]:
    for part in body:
        yield part


FACES: dict[str, Face] = {
    "httpx2": by_httpx2,
    "httpx2-async": by_httpx2_async,
    "httpx": by_httpx,
    "httpx-async": by_httpx_async,
    "requests": by_requests,
    "aiohttp": by_aiohttp,
}
