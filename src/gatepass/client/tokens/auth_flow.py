"""The auth flow of httpx2 and httpx, which have the same interface.

A request is sent with a token. A 401 drops that token, and the request is sent once more with a
new one if its body can be sent again. Redirects happen within one `yield`: the client removes the
token from a request to another origin, whose response says nothing about the token.
"""

from collections.abc import AsyncGenerator, Generator, MutableMapping
from typing import Protocol, TypeVar

from gatepass.client.tokens.source import TokenSource
from gatepass.client.tokens.token import CachedToken


class AnyRequest(Protocol):
    """A request of either library."""

    @property
    def headers(self) -> MutableMapping[str, str]:
        """The headers, by names in any case."""
        ...

    @property
    def stream(self) -> object:
        """The body."""
        ...


class AnyResponse(Protocol):
    """A response of either library."""

    @property
    def status_code(self) -> int:
        """The HTTP status."""
        ...

    @property
    def request(self) -> AnyRequest:
        """The request that it answers: the last one where there were redirects."""
        ...


RequestT = TypeVar("RequestT", bound=AnyRequest)
ResponseT = TypeVar("ResponseT", bound=AnyResponse)


def flow(
    source: TokenSource, request: RequestT, replayable: type
) -> Generator[RequestT, ResponseT, None]:
    """Send `request` with a token of `source`; a body that is no `replayable` is sent once."""
    token = source.token()
    response = yield _with_token(request, token)
    is_renewed = _is_refused(response, token) and source.invalidate(token)
    if is_renewed and isinstance(request.stream, replayable):
        yield _with_token(request, source.token())


async def aflow(
    source: TokenSource, request: RequestT, replayable: type
) -> AsyncGenerator[RequestT, ResponseT]:
    """Do what `flow` does, without blocking the event loop."""
    token = await source.atoken()
    response = yield _with_token(request, token)
    is_renewed = _is_refused(response, token) and source.invalidate(token)
    if is_renewed and isinstance(request.stream, replayable):
        yield _with_token(request, await source.atoken())


def _with_token(request: RequestT, token: CachedToken) -> RequestT:
    request.headers["Authorization"] = token.authorization
    return request


def _is_refused(response: AnyResponse, token: CachedToken) -> bool:
    """Return whether the response is a 401 to the token itself."""
    if response.status_code != 401:
        return False
    return response.request.headers.get("Authorization") == token.authorization
