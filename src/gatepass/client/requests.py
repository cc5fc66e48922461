"""Tokens for requests: `session.auth = BearerAuth.from_env()`, or `requests.get(url, auth=...)`.

`from gatepass.client.requests import BearerAuth`; needs `pip install gatepass[requests]`.
"""

from contextlib import suppress
from dataclasses import dataclass

from gatepass.client.tokens.bearer_auth import BearerAuthBase, is_challenged
from gatepass.client.tokens.source import TokenSource
from gatepass.client.tokens.token import CachedToken
from gatepass.extras import installed_by

with installed_by("gatepass[requests]"):
    import requests
    from requests.auth import AuthBase
    from requests.cookies import extract_cookies_to_jar


class BearerAuth(BearerAuthBase, AuthBase):
    """Sends every request with a valid access token (RFC 6750 §2.1), and never without one.

    A 401 drops the token, so that the next request has a new one. The request itself is sent
    once more, if the body can be sent again (a file that can be rewound can, a generator
    cannot); the caller gets its second response, with the first in its `history`. If there
    is no token, the request is not sent and a ClientError is raised. A redirect to another
    origin is followed without the token. One BearerAuth may serve any number of sessions and
    threads. Does NOT check the scheme of the address that it is sent to.
    """

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        """Add a token to `request`, and a hook that handles a 401 response."""
        token = self._source.token()
        _authorize(request, self._source, token)
        hooks = request.hooks["response"]
        # A request may be prepared again, with another token.
        hooks[:] = [hook for hook in hooks if not isinstance(hook, _Renewal)]
        hooks.append(_Renewal(self._source, token, _start(request.body), request.url))
        return request


@dataclass(frozen=True, slots=True)
class _Renewal:
    """Handles each response to one prepared request, which may be sent and redirected often.

    It compares with `token` alone: a request that was redirected to another origin has no token
    any more, and one that was sent once more has another. So nothing is sent a third time.
    """

    source: TokenSource
    token: CachedToken
    start: int | None  # offset at which the body starts, None where it can be sent once only
    url: str | None  # for which the first proof is

    def __call__(self, response: requests.Response, **sending: object) -> requests.Response:
        """Return the response to the request with a new token, `response` where it is not sent."""
        final = self._final(response, sending)
        if final.is_redirect:
            # A redirect sends a copy of the request, maybe to another origin: without the proof.
            for each in (response, final):
                each.request.headers.pop("DPoP", None)
        return final

    def _final(self, response: requests.Response, sending: dict[str, object]) -> requests.Response:
        if self.token.jkt and self._has_token(response):
            fresh = self._with_fresh_proof(response, sending)
            if fresh is not None:
                return fresh
        if not self._is_refused(response) or not self.source.invalidate(self.token):
            return response
        return self._sent_again(response, sending) or response

    def _with_fresh_proof(
        self, response: requests.Response, sending: dict[str, object]
    ) -> requests.Response | None:
        """Return the response to a proof with the API's nonce, None where none is asked for.

        A redirect within the origin has a token and no proof, so it gets one for its address.
        """
        is_asked = self._is_challenged(response)
        is_moved = response.request.url != self.url
        if not is_asked and not (response.status_code == 401 and is_moved):
            return None
        second = self._sent_again(response, sending, self.token)
        if second is None or second.status_code != 401 or self._is_challenged(second):
            return second
        if not self.source.invalidate(self.token):
            return second
        return self._sent_again(second, sending) or second

    def _sent_again(
        self,
        response: requests.Response,
        sending: dict[str, object],
        token: CachedToken | None = None,
    ) -> requests.Response | None:
        """Send the request of `response` again, with a new token or `token`; None if impossible."""
        connection = getattr(response, "connection", None)  # not every adapter sets it
        if connection is None or not _rewind(response.request.body, self.start):
            return None
        with suppress(requests.RequestException):  # the next response counts
            _ = response.content  # read to its end, so that its connection can be used again
        response.close()
        request = response.request.copy()
        _keep_cookies(request, response)
        _authorize(request, self.source, token or self.source.token())
        second: requests.Response = connection.send(request, **sending)
        second.request = request
        second.history.append(response)
        return second

    def _is_refused(self, response: requests.Response) -> bool:
        if response.status_code != 401 or self._is_challenged(response):  # nearly always
            return False
        return self._has_token(response)

    def _is_challenged(self, response: requests.Response) -> bool:
        url = response.request.url or ""
        return is_challenged(self.source, self.token, url, response.status_code, response.headers)

    def _has_token(self, response: requests.Response) -> bool:
        return response.request.headers.get("Authorization") == self.token.authorization


def _authorize(request: requests.PreparedRequest, source: TokenSource, token: CachedToken) -> None:
    request.headers.update(source.headers(token, request.method or "GET", request.url or ""))


def _keep_cookies(request: requests.PreparedRequest, response: requests.Response) -> None:
    """Send the cookies of `response` with `request`, as the library's own auth does."""
    jar = request._cookies  # type: ignore[attr-defined] # noqa: SLF001 - it has no public name
    extract_cookies_to_jar(jar, response.request, response.raw)  # type: ignore[no-untyped-call]
    request.prepare_cookies(jar)


def _start(body: object) -> int | None:
    """Return the offset at which `body` starts, None where it cannot be sent again."""
    if body is None or isinstance(body, bytes | str):
        return 0
    try:
        return int(body.tell())  # type: ignore[attr-defined]
    except (AttributeError, OSError, ValueError):
        return None


def _rewind(body: object, start: int | None) -> bool:
    """Seek to where `body` started; return whether it can be sent again."""
    if body is None or isinstance(body, bytes | str):  # a redirect may have dropped another one
        return True
    if start is None:
        return False
    try:
        body.seek(start)  # type: ignore[attr-defined]
    except (AttributeError, OSError, ValueError):
        return False
    return True
