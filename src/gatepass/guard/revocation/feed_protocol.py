"""How the feed is followed: what to ask next, and what an answer means. No I/O, no clock."""

from urllib.parse import urlencode

from gatepass.guard.issuer import urls
from gatepass.guard.issuer.credentials import Credentials
from gatepass.guard.revocation import feed_page
from gatepass.guard.revocation.feed_page import Page
from gatepass.guard.revocation.state import Revocations
from gatepass.wire import basic, metadata
from gatepass.wire.flow import Request, Response

_MOST_PAGES = 10_000  # of a snapshot
_PAUSE = 0.2  # seconds between an answer with news and the next question
_LONG_PAUSE = 1.0  # where the feed does not wait, although it was asked to
_LONGEST_PAUSE = 30.0

_REFUSED = {
    401: "check the guard's client id and secret",
    403: "the guard's application needs the scope introspection",
    404: "the issuer has no revocation feed",
}


class FeedError(Exception):
    """An answer that tells nothing; the message says why, and never quotes it."""

    def __init__(self, why: str, retry_after: float = 0.0) -> None:
        super().__init__(why)
        self.retry_after = retry_after


class FeedProtocol:
    """Where the reading is, and what it has told so far."""

    def __init__(self, url: str, wait: int) -> None:
        self.memory = Revocations()
        self._url = url
        self._wait = wait
        self._cursor = ""
        self._series: set[str] = set()  # cursors of pages behind which there was more at once

    def ask(self, credentials: Credentials) -> Request:
        """Give the next question; only where nothing was left out the server may wait."""
        asked: dict[str, object] = {"wait": 0 if self._series else self._wait}
        asked |= {"cursor": self._cursor} if self._cursor else {}
        return Request(
            "GET",
            f"{self._url}?{urlencode(asked)}",
            {
                "authorization": basic.write(credentials.client_id, credentials.client_secret),
                "accept": "application/json",
                "accept-encoding": "identity",  # a compressed answer could unfold beyond its bound
            },
        )

    def take(self, response: Response, took: float) -> tuple[Page, float]:
        """Learn from an answer that took so many seconds; give it, and how long to pause.

        Raises FeedError for one that cannot be trusted. What such an answer tells is not
        learned, and a reading that leads nowhere begins anew.
        """
        page = self._read(response)
        try:
            self.memory.apply(page)
        except ValueError as error:
            raise self._lost(f"the feed tells {error}") from None
        is_news = page.cursor != self._cursor or not page.says_nothing
        self._cursor = page.cursor
        if page.more:
            self._series.add(page.cursor)
            return page, _PAUSE if page.says_nothing else 0.0
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
        media_type = response.headers.get("content-type", "").partition(";")[0].strip().lower()
        if media_type != "application/json":
            raise FeedError("the feed's answer is not application/json")
        try:
            page = feed_page.read(response.body)
        except ValueError as error:
            raise FeedError(f"the feed's answer is unusable: {error}") from None
        if page.cursor in self._series or len(self._series) > _MOST_PAGES:
            raise self._lost("the feed goes round in circles")
        if not self._cursor and not page.resets:
            raise FeedError("the feed does not begin with a snapshot")
        return page

    def _lost(self, why: str) -> FeedError:
        self._cursor = ""
        self._series.clear()
        return FeedError(why)


def feed_endpoint(issuer: str) -> str:
    """Give the address of an issuer's feed; raise ValueError as `addresses.checked` does."""
    known = urls.checked(issuer, "the issuer", is_issuer=True)
    return known.removesuffix("/") + metadata.REVOCATIONS


def _retry_after(response: Response) -> float:
    text = response.headers.get("retry-after", "")
    return min(float(text), _LONGEST_PAUSE) if text.isdecimal() and text.isascii() else 0.0
