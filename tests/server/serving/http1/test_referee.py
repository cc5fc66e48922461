"""Our protocol against h11, by generated streams: who sees which requests with which bodies.

The count of streams comes from FUZZ_STREAMS: see `make fuzz`.
"""

import os
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, note, settings

from server.fixtures import InProcessServer
from server.serving.http1.connection import EARLY, HOST, Outcome, Player
from server.serving.http1.corpus import CASES
from server.serving.http1.referee import judge
from server.serving.http1.requests import Delivered
from server.serving.http1.streams import Stream, clean_streams, streams

pytestmark = pytest.mark.slow

STREAMS = int(os.environ.get("FUZZ_STREAMS", "5000"))
_CORPUS = tuple(case.raw for case in CASES if len(case.raw) < 4096)

fuzzed = settings(
    max_examples=STREAMS // 2,  # at each door
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
fewer = settings(fuzzed, max_examples=max(STREAMS // 10, 100))


@pytest.fixture(scope="module", params=[True, False], ids=["fast path", "ASGI"])
def player(server: InProcessServer, request: pytest.FixtureRequest) -> Iterator[Player]:
    made = Player(server.environment(), has_fast_path=request.param)
    yield made
    made.close()


def _is_early(request: Delivered) -> bool:
    """Return whether our application answered without reading the body."""
    return request.target.startswith(EARLY)


def _differences(ours: Outcome, theirs: list[Delivered]) -> list[str]:
    found = []
    served = ours.requests
    if len(served) > len(theirs):
        found.append(f"ours delivers {served[len(theirs)]}, h11 nothing")
    for here, there in zip(served, theirs, strict=False):
        if here.head != there.head:
            found.append(f"{here} is {there} to h11")
        elif not _is_early(here) and here.body != there.body and not _is_refusal(ours, here):
            found.append(f"the body {here.body!r} is {there.body!r} to h11")
    whole = [each for each in theirs if each.body is not None]
    if len(served) < len(whole) and not ours.is_closed:
        found.append(f"h11 delivers {whole[len(served)]}, ours neither that nor a refusal")
    return found


def _is_refusal(ours: Outcome, request: Delivered) -> bool:
    """Return whether ours refused the body of its last request."""
    return request is ours.requests[-1] and request.body is None and ours.is_refused


@fuzzed
@given(stream=streams(_CORPUS))
def test_any_stream_has_the_requests_that_h11_sees_or_is_refused(
    player: Player, stream: Stream
) -> None:
    note(f"{stream}")
    assert _differences(player.play(*stream), judge(stream.raw)) == []


@fewer
@given(stream=clean_streams())
def test_a_well_formed_pipeline_is_served_whole(player: Player, stream: Stream) -> None:
    outcome, theirs = player.play(*stream), judge(stream.raw)

    assert _differences(outcome, theirs) == []
    assert outcome.statuses == [200] * len(theirs)
    assert not outcome.is_closed
    assert HOST in stream.raw
