"""JWTs verified step by step: what happens between the steps of others."""

import threading
from collections.abc import Generator, Iterator
from concurrent.futures import wait
from typing import Any, cast

import pytest

from gatepass.concurrency.single_flight import SingleFlight
from gatepass.guard.issuer.client import IssuerClient
from gatepass.guard.issuer.discovery import Endpoints, Fetched
from gatepass.guard.model.status import Counters
from gatepass.guard.verification.binding import Binding
from gatepass.guard.verification.introspection_request import unavailable
from gatepass.guard.verification.jwks_cache import Policy
from gatepass.guard.verification.jwt import JwtVerifier
from gatepass.guard.verification.jwt_cache import VerifiedToken
from gatepass.guard.verification.waiting import Step, Wait
from gatepass.jose.jwks import KeySet
from gatepass.wire.bearer import Sent
from gatepass.wire.errors import OAuthError
from gatepass.wire.secret import Secret
from guard.tokens import EXPECT, NOW, Issuer, header

Verification = Generator[Step, object, VerifiedToken]


class BlockingIssuer(IssuerClient):
    """An issuer whose answer is what it published when it was asked, and comes when let go."""

    def __init__(self) -> None:
        super().__init__(EXPECT.issuer, Endpoints("https://keys"), 1, lambda: NOW)
        self.published: dict[str, object] = {}
        self.asked = threading.Semaphore(0)
        self.go = threading.Semaphore(0)

    def run(self, _flow: object) -> Any:  # noqa: ANN401 - what the flow would give
        found = Fetched(KeySet.parse(self.published), None)
        self.asked.release()
        assert self.go.acquire(timeout=30)
        return found


@pytest.fixture
def issuer_client() -> BlockingIssuer:
    return BlockingIssuer()


@pytest.fixture
def verifier(issuer_client: BlockingIssuer) -> Iterator[JwtVerifier]:
    flight = SingleFlight(16, "test", unavailable)
    yield JwtVerifier(
        issuer_client,
        flight,
        EXPECT,
        Policy(),
        timeout=30,
        clock=lambda: NOW,
        counters=Counters("x"),
        binding=Binding(None, "", is_required=False),
    )
    flight.close()


def sent(token: str) -> Sent:
    return Sent(Secret(token), is_dpop=False)


def begin_fetch(steps: Verification, issuer_client: BlockingIssuer) -> Wait:
    """Begin to verify, up to the fetch that has sent its request and has no response yet."""
    step = cast("Wait", next(steps))
    assert issuer_client.asked.acquire(timeout=30)
    return step


def finish_fetch(step: Wait, issuer_client: BlockingIssuer) -> None:
    issuer_client.go.release()
    wait([step.future], 30)


def publish(issuer_client: BlockingIssuer, issuer: Issuer, *kids: str) -> None:
    issuer_client.published = {"keys": [issuer.jwk("ES256") | {"kid": kid} for kid in kids]}


@pytest.mark.parametrize("kid", ["new", "never"])
def test_a_key_that_is_published_while_others_keys_are_fetched_is_looked_for_once_more(
    issuer: Issuer, issuer_client: BlockingIssuer, verifier: JwtVerifier, kid: str
) -> None:
    publish(issuer_client, issuer, "ES256-key")
    known = verifier.verify(sent(issuer.token("ES256")), None)
    unknown = verifier.verify(sent(issuer.token("ES256", header("ES256", kid=kid))), None)
    first = begin_fetch(known, issuer_client)
    assert cast("Wait", next(unknown)).future is first.future
    publish(issuer_client, issuer, "ES256-key", "new")

    finish_fetch(first, issuer_client)
    with pytest.raises(StopIteration):
        known.send(None)
    second = cast("Wait", unknown.send(None))
    assert issuer_client.asked.acquire(timeout=30)
    finish_fetch(second, issuer_client)

    with pytest.raises(StopIteration if kid == "new" else OAuthError):
        unknown.send(None)
