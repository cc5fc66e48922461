"""The auth flow of httpx2 and httpx, which have the same interface.

A request is sent with a token. A 401 drops that token, and the request is sent once more with a
new one if its body can be sent again. With a token that is bound to a key (DPoP, RFC 9449) each
request has a proof; an API that asks for its nonce gets the request once more. Redirects happen
within one `yield`: the client removes the token from a request to another origin, whose response
says nothing about the token. It would not remove the proof, so that is in headers that a redirect
does not copy (see `one_hop`).
"""

from collections.abc import AsyncGenerator, Callable, Generator, Mapping, MutableMapping
from typing import Any, ClassVar, Protocol, TypeVar, cast

from gatepass.client.tokens.bearer_auth import is_challenged
from gatepass.client.tokens.source import TokenSource
from gatepass.client.tokens.token import CachedToken

_PROOF = "DPoP"
# What reads headers, other than to copy them.
_READING = (
    "__contains__ __eq__ __getitem__ __iter__ __len__ __repr__ get get_list items keys multi_items "
    "values"
)


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
    """The two flows of an `Auth` of either library; a body of `_replayable` can be sent again.

    `_one_hop` makes headers with a proof: see `one_hop`.
    """

    _source: TokenSource
    _replayable: ClassVar[type]
    _one_hop: ClassVar[Any]

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
        headers = self._source.headers(token, request.method, str(request.url))
        proof = headers.pop(_PROOF, "")
        request.headers.update(headers)
        if proof:
            sent: Any = request  # its headers can be replaced
            sent.headers = self._one_hop(request.headers, proof)
        return request

    def _with_fresh_proof(
        self, request: RequestT, response: ResponseT, token: CachedToken
    ) -> RequestT | None:
        """Return what to send once more where the API asks for a proof with its nonce, else None.

        A redirect within the origin had a token and no proof: then the request that was answered
        is sent again, with a proof for its address.
        """
        if not token.jkt or not isinstance(request.stream, self._replayable):
            return None
        is_challenged = self._is_challenged(response, token)
        answered = cast("RequestT", response.request)
        if answered.headers.get("Authorization") != token.authorization:  # another origin
            return None
        is_moved = str(answered.url) != str(request.url)
        if is_challenged or (response.status_code == 401 and is_moved):
            return self._with_token(answered if is_moved else request, token)
        return None

    def _is_challenged(self, response: AnyResponse, token: CachedToken) -> bool:
        url = str(response.request.url)
        return is_challenged(self._source, token, url, response.status_code, response.headers)


def one_hop(headers_type: type[Any]) -> Callable[[Any, str], Any]:
    """Return what makes, of the headers of a request and its proof, those to send.

    `headers_type` is the library's own. They read like headers with a proof, and a copy has none:
    a redirect sends a copy, maybe to another origin, which must not learn the proof. One that was
    not used up yet is half of what is needed to use a stolen token.
    """

    def whole(headers: Any) -> Any:  # noqa: ANN401 - of either library
        made = headers_type(headers)
        made[_PROOF] = headers.proof
        return made

    def reading(name: str) -> Callable[..., Any]:
        def read(headers: Any, *arguments: Any, **named: Any) -> Any:  # noqa: ANN401 - as its own
            return getattr(whole(headers), name)(*arguments, **named)

        return read

    readers: dict[str, Any] = {name: reading(name) for name in _READING.split()}
    # A request or a response that is copied or pickled has them as plain headers.
    readers["__reduce__"] = lambda headers: (headers_type, (whole(headers).raw,))
    readers["raw"] = property(lambda headers: whole(headers).raw)
    made = type(headers_type.__name__, (headers_type,), readers)

    def with_proof(headers: Any, proof: str) -> Any:  # noqa: ANN401 - of either library
        sent = made(headers)
        sent.proof = proof
        return sent

    return with_proof
