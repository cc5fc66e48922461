"""Pages and revocations wait in queues of bounded length, and hold up no token."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import pytest

from gatepass.concurrency.bounded_pool import BoundedPool
from gatepass.wire.errors import OAuthError
from server.fixtures import Client, InProcessServer


@contextmanager
def _full(pool: BoundedPool) -> Iterator[None]:
    """Fill a pool and its queue with work that ends when the block does."""
    free = threading.Event()
    try:
        with suppress(OAuthError):
            while True:
                pool.submit(free.wait)
        yield
    finally:
        free.set()
        while pool.waiting:
            free.wait(0.01)


@pytest.mark.slow
@pytest.mark.spec("RFC 9110", "10.2.3")
def test_a_page_on_top_of_the_queue_is_503_while_tokens_are_issued(
    server: InProcessServer, client: Client
) -> None:
    with _full(server.environment().pools.pages):
        page = server.send("GET", "/accounts/login/")
        token = server.ask(client)
    after = server.send("GET", "/accounts/login/")

    assert (page.status_code, page.headers["retry-after"]) == (503, "5")
    assert token.status_code == 200
    assert after.status_code == 200


@pytest.mark.spec("RFC 7009", "2.2.1")
def test_a_revocation_on_top_of_the_queue_is_503_and_the_token_stays_active(
    server: InProcessServer, client: Client
) -> None:
    token = server.token(client)
    with _full(server.environment().pools.revocations):
        refused = server.revoke(client, token)
        is_active = server.is_active(client, token)
    revoked = server.revoke(client, token)

    assert (refused.status_code, refused.headers["retry-after"]) == (503, "5")
    assert refused.json()["error"] == "temporarily_unavailable"
    assert is_active
    assert revoked.status_code == 200
    assert not server.is_active(client, token)
