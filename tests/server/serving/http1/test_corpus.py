"""Single streams, each with its right outcome, through both doors; see `corpus`."""

from collections.abc import Iterator

import pytest

from server.fixtures import InProcessServer
from server.serving.http1.connection import Player
from server.serving.http1.corpus import CASES, Case, Served


@pytest.fixture(scope="module", params=[True, False], ids=["fast path", "ASGI"])
def player(server: InProcessServer, request: pytest.FixtureRequest) -> Iterator[Player]:
    made = Player(server.environment(), has_fast_path=request.param)
    yield made
    made.close()


@pytest.mark.spec("RFC 9110", "7.8")
@pytest.mark.spec("RFC 9112", "2.2")
@pytest.mark.spec("RFC 9112", "3.2")
@pytest.mark.spec("RFC 9112", "3.2.2")
@pytest.mark.spec("RFC 9112", "5.1")
@pytest.mark.spec("RFC 9112", "5.2")
@pytest.mark.spec("RFC 9112", "6.1")
@pytest.mark.spec("RFC 9112", "6.3")
@pytest.mark.spec("RFC 9112", "7.1")
@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_a_stream_of_the_corpus_has_its_outcome_however_it_arrives(
    player: Player, case: Case
) -> None:
    for pieces in case.pieces():
        outcome = player.play(pieces)

        assert [Served.of(each) for each in outcome.requests] == case.served
        answered = sum(status == 200 for status in outcome.statuses)
        if case.refused:
            assert outcome.statuses[-1] in case.refused
            assert outcome.is_closed
            assert answered == sum(
                each.body is not None or each.target == b"/early" for each in case.served
            )
        else:
            assert answered == len(outcome.statuses) == len(case.served)
            assert outcome.is_closed is case.closes


def test_the_corpus_names_every_kind() -> None:
    kinds = {case.name.split(":")[0] for case in CASES}
    assert kinds == {"bounds", "chunks", "fields", "lengths", "request_lines", "upgrades"}
