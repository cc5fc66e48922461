"""Tokens for httpx: `httpx.Client(auth=BearerAuth.from_env())`, and AsyncClient the same."""

from collections.abc import AsyncGenerator, Generator

import httpx

from gatepass.client.bearing import Bearing
from gatepass.client.held import HeldToken


class BearerAuth(Bearing, httpx.Auth):
    """Sends every request with a valid access token (RFC 6750 §2.1), and never without one.

    An API that answers 401 gets the request once more with a new token, if the body can be
    sent again; its second answer goes to the caller. Where no token can be had, the request
    is not sent and a ClientError is raised. One BearerAuth may serve any number of clients,
    threads and asyncio tasks. Does NOT check the scheme of the address that it is sent to.
    """

    def sync_auth_flow(
        self, request: httpx.Request
    ) -> Generator[httpx.Request, httpx.Response, None]:
        """Send `request` with a token, once more with a new one after a 401."""
        held = self._source.token()
        response = yield _bearing(request, held)
        if _worth_another(request, response) and self._source.invalidate(held):
            yield _bearing(request, self._source.token())

    async def async_auth_flow(
        self, request: httpx.Request
    ) -> AsyncGenerator[httpx.Request, httpx.Response]:
        """Do what `sync_auth_flow` does, without blocking the event loop."""
        held = await self._source.atoken()
        response = yield _bearing(request, held)
        if _worth_another(request, response) and self._source.invalidate(held):
            yield _bearing(request, await self._source.atoken())


def _bearing(request: httpx.Request, held: HeldToken) -> httpx.Request:
    request.headers["Authorization"] = held.authorization
    return request


def _worth_another(request: httpx.Request, response: httpx.Response) -> bool:
    """Tell whether a new token may help; a body that is a stream is spent by now."""
    refused = response.status_code == httpx.codes.UNAUTHORIZED
    return refused and isinstance(request.stream, httpx.ByteStream)
