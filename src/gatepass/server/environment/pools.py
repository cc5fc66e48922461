"""The bounded thread pools of one environment."""

from collections.abc import Iterator

from gatepass.concurrency.bounded_pool import RETRY_AFTER, BoundedPool

_QUEUE = 32  # of each; the next request is answered 503


class Pools:
    """Threads for work that blocks, apart by what it waits for."""

    def __init__(self, environment: str) -> None:
        # Each more takes time from the event loop, which issues the tokens.
        self.pages = _pool(f"pages {environment}", 2)
        """The threads that build the portal's pages."""
        # The database takes one writer at a time anyway.
        self.revocations = _pool(f"revocations {environment}", 2)
        """The threads that write revocations of tokens."""
        self.providers = _pool(f"providers {environment}", 4)
        """The threads that wait for OpenID providers, and for the DNS; no other page does."""
        self.leak_reports = _pool(f"leak reports {environment}", 1)  # there is no hurry
        """The thread that writes reports of leaked credentials down."""

    def __iter__(self) -> Iterator[BoundedPool]:
        """Yield each of them."""
        return iter((self.pages, self.revocations, self.providers, self.leak_reports))


def _pool(name: str, threads: int) -> BoundedPool:
    return BoundedPool(
        name,
        threads,
        _QUEUE,
        say=f"The service is busy. Nothing was changed. Try again in {RETRY_AFTER} seconds.",
        note=f"the queue for {name} is full",
    )
