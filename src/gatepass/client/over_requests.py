"""Tokens for requests: `session.auth = BearerAuth.from_env()`, or `requests.get(..., auth=...)`."""

from http import HTTPStatus
from typing import Any

import requests
from requests.auth import AuthBase
from requests.cookies import extract_cookies_to_jar
from requests.utils import rewind_body

from gatepass.client.bearing import Bearing
from gatepass.client.held import HeldToken
from gatepass.client.source import TokenSource


class BearerAuth(Bearing, AuthBase):
    """Sends every request with a valid access token (RFC 6750 §2.1), and never without one.

    An API that answers 401 gets the request once more with a new token, if the body can be
    sent again (a file is rewound to where it began); its second answer goes to the caller.
    Where no token can be had, the request is not sent and a ClientError is raised. One
    BearerAuth may serve any number of sessions and threads. A redirect to another host takes no
    token along, as requests strips it. Does NOT check the scheme of the address that it is
    sent to.
    """

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        """Put a token on `request`, and see to the answer."""
        held = self._source.token()
        request.headers["Authorization"] = held.authorization
        hooks = request.hooks["response"]
        hooks[:] = [hook for hook in hooks if not isinstance(hook, _Again)]
        hooks.append(_Again(self._source, held))
        return request


class _Again:
    """Sends a request that was refused once more: a hook for its answer."""

    def __init__(self, source: TokenSource, held: HeldToken) -> None:
        self._source = source
        self._held = held

    def __call__(self, response: requests.Response, **sent_with: Any) -> requests.Response:  # noqa: ANN401 - requests' own
        if response.status_code != HTTPStatus.UNAUTHORIZED:
            return response
        request = response.request
        # On a redirect to another host requests took the token off, and there it stays off.
        if request.headers.get("Authorization") != self._held.authorization:
            return response
        if not _is_sendable(request) or not self._source.invalidate(self._held):
            return response
        _ = response.content  # read to its end, so that the connection can be used again
        response.close()
        again = request.copy()
        extract_cookies_to_jar(again._cookies, request, response.raw)  # type: ignore[attr-defined, no-untyped-call]  # noqa: SLF001 - as requests' own HTTPDigestAuth
        again.prepare_cookies(again._cookies)  # type: ignore[attr-defined]  # noqa: SLF001 - the same
        # A copy shares the hooks with its original, which may be sent again.
        again.hooks = {"response": [hook for hook in again.hooks["response"] if hook is not self]}
        again.headers["Authorization"] = self._source.token().authorization
        second: requests.Response = response.connection.send(again, **sent_with)
        second.history.append(response)
        second.request = again
        return second


def _is_sendable(request: requests.PreparedRequest) -> bool:
    """Tell whether the body can be sent again, and have it begin anew; a stream is spent."""
    if request.body is None or isinstance(request.body, str | bytes):
        return True
    try:
        rewind_body(request)
    except requests.exceptions.UnrewindableBodyError:
        return False
    return True
