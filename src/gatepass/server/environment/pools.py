"""The bounded thread pools of one environment."""

from gatepass.concurrency.bounded_pool import RETRY_AFTER, BoundedPool

_PAGE_THREADS = 2  # each more takes time from the event loop, which issues the tokens
_REVOCATION_THREADS = 2  # the database takes one writer at a time anyway
_PROVIDER_THREADS = 4  # they wait for OpenID providers, and hold up no other page
_REPORT_THREADS = 1  # there is no hurry
_QUEUE = 32  # of each; the next request is answered 503


def pages(environment: str) -> BoundedPool:
    """Return the threads that build the portal's pages."""
    return _pool(f"pages {environment}", _PAGE_THREADS)


def providers(environment: str) -> BoundedPool:
    """Return the threads that wait for OpenID providers, and for the DNS."""
    return _pool(f"providers {environment}", _PROVIDER_THREADS)


def revocations(environment: str) -> BoundedPool:
    """Return the threads that write revocations of tokens."""
    return _pool(f"revocations {environment}", _REVOCATION_THREADS)


def leak_reports(environment: str) -> BoundedPool:
    """Return the thread that writes reports of leaked credentials down."""
    return _pool(f"leak reports {environment}", _REPORT_THREADS)


def _pool(name: str, threads: int) -> BoundedPool:
    return BoundedPool(
        name,
        threads,
        _QUEUE,
        say=f"The service is busy. Nothing was changed. Try again in {RETRY_AFTER} seconds.",
        note=f"the queue for {name} is full",
    )
