"""The auth flow of httpx2 and httpx, which have the same interface.

A request is sent with a token. A 401 drops that token, and the request is sent once more with a
new one if its body can be sent again. Redirects happen within one `yield`: the client removes the
token from a request to another origin, whose response says nothing about the token.
"""

from collections.abc import AsyncGenerator, Generator, MutableMapping
from typing import ClassVar, Protocol, TypeVar

from gatepass.client.tokens.source import TokenSource
from gatepass.client.tokens.token import CachedToken


class AnyRequest(Protocol):
    """A request of either library."""

    @property
    def headers(self) -> MutableMapping[str, str]:
        """The headers, by names in any case."""

    @property
    def stream(self) -> object:
        """The body."""


class AnyResponse(Protocol):
    """A response of either library."""

    @property
    def status_code(self) -> int:
        """The HTTP status."""

    @property
    def request(self) -> AnyRequest:
        """The request that it answers: the last one where there were redirects."""


RequestT = TypeVar("RequestT", bound=AnyRequest)
ResponseT = TypeVar("ResponseT", bound=AnyResponse)


class AuthFlow:
    """The two flows of an `Auth` of either library; a body of `_replayable` can be sent again."""

    _source: TokenSource
    _replayable: ClassVar[type]

    def sync_auth_flow(self, request: RequestT) -> Generator[RequestT, ResponseT, None]:
        """Send `request` with a token, once more with a new one after a 401."""
        token = self._source.token()
        response = yield _with_token(request, token)
        if self._is_renewed(response, token) and isinstance(request.stream, self._replayable):
            yield _with_token(request, self._source.token())

    async def async_auth_flow(self, request: RequestT) -> AsyncGenerator[RequestT, ResponseT]:
        """Do what `sync_auth_flow` does, without blocking the event loop."""
        token = await self._source.atoken()
        response = yield _with_token(request, token)
        if self._is_renewed(response, token) and isinstance(request.stream, self._replayable):
            yield _with_token(request, await self._source.atoken())

    def _is_renewed(self, response: AnyResponse, token: CachedToken) -> bool:
        """Drop `token` after a 401 to it; return whether another one may work."""
        if response.status_code != 401:
            return False
        is_sent = response.request.headers.get("Authorization") == token.authorization
        return is_sent and self._source.invalidate(token)


def _with_token(request: RequestT, token: CachedToken) -> RequestT:
    request.headers["Authorization"] = token.authorization
    return request
