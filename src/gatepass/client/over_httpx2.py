"""Tokens for httpx2: `httpx2.Client(auth=BearerAuth.from_env())`, and AsyncClient the same."""

from collections.abc import AsyncGenerator, Generator, Iterator, Sequence
from contextlib import contextmanager
from typing import Self
from urllib.parse import urlsplit

import httpx2

from gatepass.client.errors import ConfigurationError, Unreachable
from gatepass.client.flow import LONGEST_ANSWER
from gatepass.client.held import HeldToken
from gatepass.client.settings import ClientSettings
from gatepass.client.source import TokenSource
from gatepass.wire.flow import Request, Response
from gatepass.wire.secret import Secret

_TIMEOUT = 10.0  # seconds, for each of connecting, writing and a sign of life while reading


class BearerAuth(httpx2.Auth):
    """Sends every request with a valid access token (RFC 6750 §2.1), and never without one.

    An API that answers 401 gets the request once more with a new token, if the body can be
    sent again; its second answer goes to the caller. Where no token can be had, the request
    is not sent and a ClientError is raised. One BearerAuth may serve any number of clients,
    threads and asyncio tasks. Does NOT check the scheme of the address that it is sent to.
    """

    def __init__(
        self,
        *,
        token_url: str,
        client_id: str,
        client_secret: str,
        scope: str = "",
        resource: str | Sequence[str] = (),
    ) -> None:
        resources = (resource,) if isinstance(resource, str) else tuple(resource)
        settings = ClientSettings(token_url, client_id, Secret(client_secret), scope, resources)
        self._source = source_of(settings)

    @classmethod
    def from_env(cls) -> Self:
        """Take the settings from GATEPASS_TOKEN_URL, GATEPASS_CLIENT_ID and so on."""
        return cls.sharing(source_of(ClientSettings.from_env()))

    @classmethod
    def sharing(cls, source: TokenSource) -> Self:
        """Use tokens of `source`, which others may use too."""
        auth = cls.__new__(cls)
        auth._source = source  # noqa: SLF001 - our own
        return auth

    def sync_auth_flow(
        self, request: httpx2.Request
    ) -> Generator[httpx2.Request, httpx2.Response, None]:
        """Send `request` with a token, once more with a new one after a 401."""
        held = self._source.token()
        response = yield _bearing(request, held)
        if _worth_another(request, response):
            self._source.invalidate(held.response.access_token)
            yield _bearing(request, self._source.token())

    async def async_auth_flow(
        self, request: httpx2.Request
    ) -> AsyncGenerator[httpx2.Request, httpx2.Response]:
        """Do what `sync_auth_flow` does, without blocking the event loop."""
        held = await self._source.atoken()
        response = yield _bearing(request, held)
        if _worth_another(request, response):
            self._source.invalidate(held.response.access_token)
            yield _bearing(request, await self._source.atoken())


def _bearing(request: httpx2.Request, held: HeldToken) -> httpx2.Request:
    request.headers["Authorization"] = f"Bearer {held.response.access_token.value}"
    return request


def _worth_another(request: httpx2.Request, response: httpx2.Response) -> bool:
    """Tell whether a new token may help; a body that is a stream is spent by now."""
    refused = response.status_code == httpx2.codes.UNAUTHORIZED
    return refused and isinstance(request.stream, httpx2.ByteStream)


def source_of(settings: ClientSettings) -> TokenSource:
    """Give a token source that asks over httpx2."""
    return TokenSource(settings, Httpx2Sender(settings.token_url))


class Httpx2Sender:
    """Carries token requests, each on a connection of its own.

    Renewals are hours apart, so a pool would hold nothing but dead connections; and a client
    made for one request works in every thread, event loop and forked process.
    """

    def __init__(self, token_url: str) -> None:
        try:
            httpx2.URL(token_url)
        except httpx2.InvalidURL:
            raise ConfigurationError("the token URL cannot be used: correct it") from None
        secure = urlsplit(token_url).scheme == "https"
        # Reading the trusted certificates takes a while, so once and not in an event loop;
        # a plain connection, which only loopback may have, has none to check.
        self._verify = httpx2.create_ssl_context() if secure else False
        # A plain request is for this very machine; a proxy from the environment is not on it.
        self._trust_env = secure

    def send(self, request: Request) -> Response:
        """Send `request` and wait."""
        client = httpx2.Client(
            verify=self._verify, trust_env=self._trust_env, timeout=_TIMEOUT, follow_redirects=False
        )
        with (
            _unreachable(),
            client,
            client.stream(
                request.method, request.url, headers=request.headers, content=request.body
            ) as answer,
        ):
            body = b""
            for chunk in answer.iter_raw():
                body += chunk
                if len(body) > LONGEST_ANSWER:
                    break
            return Response(answer.status_code, _lower(answer.headers), body)

    async def asend(self, request: Request) -> Response:
        """Send `request` without blocking."""
        client = httpx2.AsyncClient(
            verify=self._verify, trust_env=self._trust_env, timeout=_TIMEOUT, follow_redirects=False
        )
        with _unreachable():
            async with (
                client,
                client.stream(
                    request.method, request.url, headers=request.headers, content=request.body
                ) as answer,
            ):
                body = b""
                async for chunk in answer.aiter_raw():
                    body += chunk
                    if len(body) > LONGEST_ANSWER:
                        break
                return Response(answer.status_code, _lower(answer.headers), body)


def _lower(headers: httpx2.Headers) -> dict[str, str]:
    return {name.lower(): value for name, value in headers.items()}


@contextmanager
def _unreachable() -> Iterator[None]:
    try:
        yield
    except httpx2.RequestError as error:
        raise Unreachable(f"{type(error).__name__}: {error}") from None
