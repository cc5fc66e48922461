"""Tokens for aiohttp: `ClientSession(middlewares=[BearerAuth.from_env().to("https://api...")])`."""

from http import HTTPStatus
from typing import Self

from aiohttp import ClientHandlerType, ClientRequest, ClientResponse
from aiohttp.payload import BytesPayload
from yarl import URL

from gatepass.client.bearing import Bearing
from gatepass.client.errors import ConfigurationError
from gatepass.client.settings import check_url


class BearerAuth(Bearing):
    """Sends requests to one API with a valid access token (RFC 6750 §2.1): a client middleware.

    aiohttp calls its middlewares for every hop of a redirect and does not tell them apart from
    a caller's own requests. So the API has to be named, with `to`; what goes elsewhere,
    followed or not, gets no token. An API that answers 401 gets the request once more with a
    new token, if the body can be sent again; its second answer goes to the caller. Where no
    token can be had, the request is not sent and a ClientError is raised. One BearerAuth may
    serve any number of sessions and event loops.
    """

    _api: URL | None = None

    def to(self, url: str) -> Self:
        """Give the same for the API at `url`, of which scheme, host and port count.

        Raises ConfigurationError where a token must not be sent there (see `check_url`).
        """
        check_url(url, "the API's URL")
        named = self.sharing(self._source)
        named._api = URL(url).origin()  # noqa: SLF001 - our own
        return named

    async def __call__(self, request: ClientRequest, handler: ClientHandlerType) -> ClientResponse:
        """Carry `request` on with a token, once more with a new one after a 401."""
        if self._api is None:
            raise ConfigurationError(
                "BearerAuth does not know the API: name it, as in BearerAuth.from_env().to(URL)"
            )
        if request.url.origin() != self._api:
            return await handler(request)
        held = await self._source.atoken()
        request.headers["Authorization"] = held.authorization
        response = await handler(request)
        if response.status != HTTPStatus.UNAUTHORIZED or not _is_sendable(request):
            return response
        if not self._source.invalidate(held):
            return response
        await response.read()  # to its end, so that the connection can be used again
        request.headers["Authorization"] = (await self._source.atoken()).authorization
        return await handler(request)


def _is_sendable(request: ClientRequest) -> bool:
    """Tell whether the body can be sent again; a stream is spent by now."""
    return isinstance(request.body, bytes | BytesPayload)
