"""The auth flow of httpx2 and httpx, which have the same interface.

A request is sent with a token. A 401 drops that token, and the request is sent once more with a
new one if its body can be sent again. With a token that is bound to a key (DPoP, RFC 9449) each
request has a proof; an API that asks for its nonce gets the request once more. Redirects happen
within one `yield`: the client removes the token from a request to another origin, whose response
says nothing about the token.
"""

from collections.abc import AsyncGenerator, Generator, Mapping, MutableMapping
from typing import ClassVar, Protocol, TypeVar, cast

from gatepass.client.tokens.bearer_auth import is_challenged
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

    @property
    def method(self) -> str:
        """The method."""

    @property
    def url(self) -> object:
        """The address, by `str`."""


class AnyResponse(Protocol):
    """A response of either library."""

    @property
    def status_code(self) -> int:
        """The HTTP status."""

    @property
    def headers(self) -> Mapping[str, str]:
        """The headers, by names in any case."""

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
        response = yield self._with_token(request, token)
        again = self._with_fresh_proof(request, response, token)
        if again is not None:
            response = yield again
        if self._is_renewed(response, token) and isinstance(request.stream, self._replayable):
            yield self._with_token(request, self._source.token())

    async def async_auth_flow(self, request: RequestT) -> AsyncGenerator[RequestT, ResponseT]:
        """Do what `sync_auth_flow` does, without blocking the event loop."""
        token = await self._source.atoken()
        response = yield self._with_token(request, token)
        again = self._with_fresh_proof(request, response, token)
        if again is not None:
            response = yield again
        if self._is_renewed(response, token) and isinstance(request.stream, self._replayable):
            yield self._with_token(request, await self._source.atoken())

    def _is_renewed(self, response: AnyResponse, token: CachedToken) -> bool:
        """Drop `token` after a 401 to it; return whether another one may work."""
        if response.status_code != 401 or self._is_challenged(response, token):
            return False
        is_sent = response.request.headers.get("Authorization") == token.authorization
        return is_sent and self._source.invalidate(token)

    def _with_token(self, request: RequestT, token: CachedToken) -> RequestT:
        request.headers.update(self._source.headers(token, request.method, str(request.url)))
        return request

    def _with_fresh_proof(
        self, request: RequestT, response: ResponseT, token: CachedToken
    ) -> RequestT | None:
        """Return what to send once more where the API asks for a proof with its nonce, else None.

        After a redirect within the origin the proof was for another address: then the request
        that was answered is sent again, with a proof of its own.
        """
        if not token.jkt or not isinstance(request.stream, self._replayable):
            return None
        is_challenged = self._is_challenged(response, token)
        answered = cast("RequestT", response.request)
        if answered.headers.get("Authorization") != token.authorization:  # another origin
            return None
        is_moved = str(answered.url) != str(request.url)
        is_refused = "invalid_dpop_proof" in response.headers.get("www-authenticate", "")
        if is_challenged or (response.status_code == 401 and is_moved and is_refused):
            return self._with_token(answered if is_moved else request, token)
        return None

    def _is_challenged(self, response: AnyResponse, token: CachedToken) -> bool:
        url = str(response.request.url)
        return is_challenged(self._source, token, url, response.status_code, response.headers)
