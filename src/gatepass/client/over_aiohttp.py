"""Tokens for aiohttp, as a client middleware.

`ClientSession("https://api.partner.example", middlewares=(BearerAuth.from_env(),))` with
`from gatepass.client.over_aiohttp import BearerAuth`; needs `pip install gatepass[aiohttp]`.
"""

import logging
from typing import Self

from aiohttp import ClientHandlerType, ClientRequest, ClientResponse, Payload
from yarl import URL

from gatepass.client.bearing import Bearing
from gatepass.client.errors import ConfigurationError

_log = logging.getLogger("gatepass.client")

_OVER_TLS = {"https", "wss"}

_Origin = tuple[bool, str | None, int | None]


class BearerAuth(Bearing):
    """Sends the API every request with a valid access token (RFC 6750 §2.1).

    aiohttp calls a middleware for every redirect too, and does not tell a redirect from a
    request. So a token goes only to the origin of the session's `base_url`, or to those named
    with `only_to`; other requests go without one. Where neither is given, no request is sent
    and a ConfigurationError is raised, as a ClientError is where no token can be had.

    An API that answers 401 gets the request once more with a new token, if the body can be
    sent again (a file that can be rewound can, a generator cannot); its second answer goes to
    the caller. One BearerAuth may serve any number of sessions, tasks and event loops. Does NOT
    check the scheme of the address that it is sent to.
    """

    _origins: frozenset[_Origin] = frozenset()

    def only_to(self, *urls: str) -> Self:
        """Give one that sends tokens of the same source to the origins of `urls`, and only there.

        A path does not matter. Raises ConfigurationError where one is no address.
        """
        bearing = self.sharing(self._source)
        bearing._origins = frozenset(map(_named, urls))  # noqa: SLF001 - our own
        return bearing

    async def __call__(self, request: ClientRequest, send: ClientHandlerType) -> ClientResponse:
        """Send `request`, with a token if it is for the API, and once more after a 401."""
        if not self._is_for_api(request):
            _log.info("no token for %s, which is not the API's origin", request.url.origin())
            return await send(request)
        held = await self._source.atoken()
        request.headers["Authorization"] = held.authorization
        response = await send(request)
        if response.status != 401 or _is_spent(request) or not self._source.invalidate(held):
            return response
        response.release()
        await request.close()  # of a body that was still on its way when the answer came
        held = await self._source.atoken()
        request.headers["Authorization"] = held.authorization
        return await send(request)

    def _is_for_api(self, request: ClientRequest) -> bool:
        origin = _origin(request.url)
        if self._origins:
            return origin in self._origins
        base: URL | None = getattr(request.session, "_base_url", None)
        if base is None:
            raise ConfigurationError(
                "it is not known where tokens may be sent: give the ClientSession a base_url, or "
                "name the API, as in BearerAuth.from_env().only_to('https://api.example')"
            )
        return origin == _origin(base)


def _origin(url: URL) -> _Origin:
    """Give the origin (RFC 6454); that of a WebSocket is that of its first request."""
    return url.scheme in _OVER_TLS, url.host, url.port


def _named(url: str) -> _Origin:
    try:
        return _origin(URL(url).origin())
    except ValueError:
        raise ConfigurationError(
            f"{url!r} is not an address of an API: give one like https://api.example"
        ) from None


def _is_spent(request: ClientRequest) -> bool:
    """Tell whether the body cannot be sent again; aiohttp rewinds what can be rewound."""
    body = request.body
    return isinstance(body, Payload) and body.consumed
