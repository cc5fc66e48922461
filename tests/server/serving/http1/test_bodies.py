"""No byte of a body becomes a request, whoever declares the body, and however oddly."""

from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, example, given, note, settings

from server.fixtures import InProcessServer
from server.serving.http1.connection import Player
from server.serving.http1.streams import MARKER, Stream, streams_of_declared_bodies
from server.serving.http1.test_referee import STREAMS

pytestmark = pytest.mark.slow

_OFFER = b"Connection: Upgrade\r\nUpgrade: foo\r\n"
_HEAD = b"POST /fast-form HTTP/1.1\r\nHost: api.example\r\nContent-Length: %d\r\n" % len(MARKER)


@pytest.fixture(scope="module", params=[True, False], ids=["fast path", "ASGI"])
def player(server: InProcessServer, request: pytest.FixtureRequest) -> Iterator[Player]:
    made = Player(server.environment(), has_fast_path=request.param)
    yield made
    made.close()


@pytest.mark.spec("RFC 9110", "7.8")
@pytest.mark.spec("RFC 9112", "6.3")
@settings(
    max_examples=max(STREAMS // 5, 100),
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
@example(stream=Stream((_HEAD + _OFFER + b"\r\n", MARKER), 4))
@example(stream=Stream((_HEAD + b"\r\n", MARKER), 4))
@given(stream=streams_of_declared_bodies())
def test_a_request_in_a_body_is_never_served(player: Player, stream: Stream) -> None:
    note(f"{stream}")
    outcome = player.play(*stream)

    assert [each for each in outcome.requests if b"/marker" in each.target] == []
