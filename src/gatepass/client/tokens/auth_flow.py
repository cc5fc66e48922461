"""Sends a request with a token through httpx2 or httpx, which have the same auth flows.

A request goes out with a token. A 401 drops that token, and the request is sent once more with a
new one if its body can be. Redirects happen inside of a step: the client takes the token off a
request to another origin, and what such a host answers says nothing of the token.
"""

from collections.abc import AsyncGenerator, Generator, MutableMapping
from typing import Protocol, TypeVar

from gatepass.client.tokens.source import TokenSource
from gatepass.client.tokens.token import CachedToken


class Asked(Protocol):
    """A request of either library."""

    @property
    def headers(self) -> MutableMapping[str, str]:
        """Its headers, by names in any case."""
        ...

    @property
    def stream(self) -> object:
        """Its body."""
        ...


class Answered(Protocol):
    """A response of either library."""

    @property
    def status_code(self) -> int:
        """The status of HTTP."""
        ...

    @property
    def request(self) -> Asked:
        """The request that it answers: the last one where there were redirects."""
        ...


AnyRequest = TypeVar("AnyRequest", bound=Asked)
AnyResponse = TypeVar("AnyResponse", bound=Answered)


def flow(
    source: TokenSource, request: AnyRequest, lasting: type
) -> Generator[AnyRequest, AnyResponse, None]:
    """Send `request` with a token of `source`; a body that is not `lasting` is sent once only."""
    held = source.token()
    response = yield _bearing(request, held)
    if _is_refused(response, held) and source.invalidate(held) and _can_resend(request, lasting):
        yield _bearing(request, source.token())


async def aflow(
    source: TokenSource, request: AnyRequest, lasting: type
) -> AsyncGenerator[AnyRequest, AnyResponse]:
    """Do what `flow` does, without blocking the event loop."""
    held = await source.atoken()
    response = yield _bearing(request, held)
    if _is_refused(response, held) and source.invalidate(held) and _can_resend(request, lasting):
        yield _bearing(request, await source.atoken())


def _bearing(request: AnyRequest, held: CachedToken) -> AnyRequest:
    request.headers["Authorization"] = held.authorization
    return request


def _is_refused(response: Answered, held: CachedToken) -> bool:
    """Return whether the answer is a 401 to the token itself."""
    if response.status_code != 401:
        return False
    return response.request.headers.get("Authorization") == held.authorization


def _can_resend(request: Asked, lasting: type) -> bool:
    """Return whether the body can be sent again; a stream or a file cannot."""
    return isinstance(request.stream, lasting)
