"""The protocol of the feed: the next request, and what a response means. No I/O, no clock."""

import re
import socket
from importlib.metadata import version
from urllib.parse import urlencode

from gatepass.guard.issuer import urls
from gatepass.guard.issuer.credentials import Credentials
from gatepass.guard.revocation import feed_page
from gatepass.guard.revocation.feed_page import Page
from gatepass.guard.revocation.state import RevocationState
from gatepass.wire import metadata
from gatepass.wire.flow import JSON_HEADERS, Request, Response

_MOST_PAGES = 10_000  # of a snapshot
_PAUSE = 0.2  # seconds between a response with news and the next request
_LONG_PAUSE = 1.0  # if the feed does not wait, although the request says so
_LONGEST_PAUSE = 30.0
_LONGEST_HOST = 64  # characters

_REFUSED = {
    401: "check the guard's client id and secret",
    403: "the guard's application needs the scope introspection",
    404: "the issuer has no revocation feed",
}


class FeedError(Exception):
    """A response that cannot be used; the message says why, and never quotes it."""

    def __init__(self, why: str, retry_after: float = 0.0) -> None:
        super().__init__(why)
        self.retry_after = retry_after


class FeedProtocol:
    """The position in the feed, and the revocations read so far."""

    def __init__(self, url: str, wait: int) -> None:
        self.revocations = RevocationState()
        self._url = url
        self._wait = wait
        self._agent = _agent()
        self._cursor = ""
        self._series: set[str] = set()  # cursors of pages after which there was more at once

    def request(self, credentials: Credentials) -> Request:
        """Return the next request; the server may wait for news if the last page had no more."""
        query: dict[str, object] = {"wait": 0 if self._series else self._wait}
        query |= {"cursor": self._cursor} if self._cursor else {}
        return Request(
            "GET",
            f"{self._url}?{urlencode(query)}",
            {
                "authorization": credentials.authorization,
                "user-agent": self._agent,
                **JSON_HEADERS,
            },
        )

    def receive(self, response: Response, took: float) -> tuple[Page, float]:
        """Apply a response that took so many seconds; return its page and the seconds to pause.

        Raises FeedError for a response that cannot be trusted, of which nothing is applied; if
        the position is lost, the next request begins with a snapshot.
        """
        page = self._read(response)
        try:
            self.revocations.apply(page)
        except ValueError as error:
            raise self._lost(f"the feed has {error}") from None
        is_news = page.cursor != self._cursor or not page.is_empty
        self._cursor = page.cursor
        if page.more:
            self._series.add(page.cursor)
            return page, _PAUSE if page.is_empty else 0.0
        self._series.clear()
        if is_news:
            return page, _PAUSE
        return page, _LONG_PAUSE if took < _LONG_PAUSE else 0.0

    def _read(self, response: Response) -> Page:
        if response.status == 400 and self._cursor:
            raise self._lost("the feed refuses its own cursor")
        if response.status != 200:
            why = _REFUSED.get(response.status, "try again later")
            raise FeedError(f"the feed answered {response.status}: {why}", _retry_after(response))
        if response.media_type != "application/json":
            raise FeedError("the feed's answer is not application/json")
        try:
            page = feed_page.read(response.body)
        except ValueError as error:
            raise FeedError(f"the feed's answer is unusable: {error}") from None
        if page.cursor in self._series or len(self._series) > _MOST_PAGES:
            raise self._lost("the feed repeats a cursor or has no end")
        if not self._cursor and not page.resets:
            raise FeedError("the feed does not begin with a snapshot")
        return page

    def _lost(self, why: str) -> FeedError:
        self._cursor = ""
        self._series.clear()
        return FeedError(why)


def _agent() -> str:
    """Return the User-Agent: the version and the host, by which operators know a guard."""
    host = re.sub(r"[^\w.-]", "", socket.gethostname(), flags=re.ASCII)[:_LONGEST_HOST]
    name = f"gatepass-guard/{version('gatepass')}"
    return f"{name} ({host})" if host else name


def feed_endpoint(issuer: str) -> str:
    """Return the address of an issuer's feed; raise ValueError as `urls.checked` does."""
    known = urls.checked(issuer, "the issuer", is_issuer=True)
    return known.removesuffix("/") + metadata.REVOCATIONS


def _retry_after(response: Response) -> float:
    text = response.headers.get("retry-after", "")
    return min(float(text), _LONGEST_PAUSE) if text.isdecimal() and text.isascii() else 0.0
