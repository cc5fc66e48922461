"""Tokens for aiohttp: `ClientSession(middlewares=[BearerAuth.from_env().to("https://api...")])`.

`from gatepass.client.aiohttp import BearerAuth`; needs `pip install gatepass[aiohttp]`.
"""

import logging
from typing import Self

from gatepass.client.errors import ConfigurationError
from gatepass.client.network.urls import check_url
from gatepass.client.tokens.bearer_auth import BearerAuthBase, is_challenged
from gatepass.client.tokens.token import CachedToken
from gatepass.extras import installed_by

with installed_by("gatepass[aiohttp]"):
    from aiohttp import ClientHandlerType, ClientRequest, ClientResponse, Payload
    from yarl import URL

_log = logging.getLogger("gatepass.client")

_OVER_TLS = {"https", "wss"}

_Origin = tuple[bool, str | None, int | None]


class BearerAuth(BearerAuthBase):
    """Sends requests to one API with a valid access token (RFC 6750 §2.1): a client middleware.

    aiohttp calls its middlewares for every hop of a redirect and does not distinguish these from
    a caller's own requests. So the API must be named, with `to`; a request to another origin
    gets no token. If the API is not named or there is no token, no request is sent and a
    ClientError is raised.

    A 401 drops the token, so that the next request has a new one. The request itself is sent
    once more, if the body can be sent again (a file that can be rewound can, a generator
    cannot); the caller gets its second response. One BearerAuth may serve any number of
    sessions, tasks and event loops.
    """

    _origins: frozenset[_Origin] = frozenset()

    def to(self, *urls: str) -> Self:
        """Return a BearerAuth for the API at `urls`, of which scheme, host and port count.

        Raises ConfigurationError where a token must not be sent there (see `check_url`).
        """
        for url in urls:
            check_url(url, "the API's URL")
        auth = self.sharing(self._source)
        auth._origins = frozenset(_origin(URL(url)) for url in urls)  # noqa: SLF001 - our own
        return auth

    async def __call__(self, request: ClientRequest, send: ClientHandlerType) -> ClientResponse:
        """Send `request`, with a token if it is for the API, and once more after a 401."""
        if not self._origins:
            raise ConfigurationError(
                "BearerAuth does not know the API: name it, as in BearerAuth.from_env().to(URL)"
            )
        if _origin(request.url) not in self._origins:
            _log.info("no token for %s, which is not the API's origin", request.url.origin())
            return await send(request)
        token = await self._source.atoken()
        response = await self._send(request, send, token)
        if self._is_challenged(response, token) and not _is_spent(request):
            response.release()
            await request.close()
            response = await self._send(request, send, token)
        if (
            response.status != 401
            or self._is_challenged(response, token)
            or not self._source.invalidate(token)
            or _is_spent(request)
        ):
            return response
        response.release()
        await request.close()  # ends a body that was still being sent when the response came
        return await self._send(request, send, await self._source.atoken())

    async def _send(
        self, request: ClientRequest, send: ClientHandlerType, token: CachedToken
    ) -> ClientResponse:
        """Send `request` with `token`, and a proof if it is bound to a key."""
        request.headers.update(self._source.headers(token, request.method, str(request.url)))
        return await send(request)

    def _is_challenged(self, response: ClientResponse, token: CachedToken) -> bool:
        url = str(response.url)
        return is_challenged(self._source, token, url, response.status, response.headers)


def _origin(url: URL) -> _Origin:
    """Return the origin (RFC 6454); that of a WebSocket is that of its first request."""
    return url.scheme in _OVER_TLS, url.host, url.port


def _is_spent(request: ClientRequest) -> bool:
    """Return whether the body cannot be sent again; aiohttp rewinds what can be rewound."""
    body = request.body
    return isinstance(body, Payload) and body.consumed
