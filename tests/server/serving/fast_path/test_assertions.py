"""Through both doors an assertion is accepted once, with the same answers."""

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlencode

import pytest

from server.assertions import KeyClient, with_key
from server.fixtures import new_clock
from server.serving.fast_path.doors import Door, door
from server.serving.fast_path.requests import Ask

pytestmark = pytest.mark.slow  # two servers


@pytest.fixture(scope="module")
def doors(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Door, Door]]:
    data: Path = tmp_path_factory.mktemp("doors") / "data"
    clock = new_clock()
    with door(data, clock) as fast, door(data, clock, fast_path=False) as asgi:
        yield fast, asgi


def ask(at: Door, by: KeyClient, text: str) -> tuple[int, list[bytes]]:
    """Return the status of a token request, and which headers the answer has."""
    body = urlencode({"grant_type": "client_credentials", **by.form(text)}).encode()
    with at.connect() as line:
        line.say(Ask(body=body).raw())
        answer = line.hear()
    assert answer is not None
    return answer.status, [name for name, _ in answer.headers]


def test_both_doors_accept_an_assertion_once_and_refuse_it_at_either_afterwards(
    doors: tuple[Door, Door],
) -> None:
    fast, asgi = doors
    by = with_key(fast.server)
    first, second = by.assertion(), by.assertion()

    accepted = [ask(fast, by, first), ask(asgi, by, second)]
    replayed = [ask(fast, by, first), ask(asgi, by, second)]
    crossed = [ask(fast, by, second), ask(asgi, by, first)]

    assert accepted[0] == accepted[1]
    assert [status for status, _ in accepted] == [200, 200]
    assert replayed[0] == replayed[1]
    assert {status for status, _ in (*replayed, *crossed)} == {401}


def test_both_doors_refuse_a_wrong_assertion_alike(doors: tuple[Door, Door]) -> None:
    fast, asgi = doors
    by = with_key(fast.server)
    wrong = [by.assertion(aud="https://other.example"), by.assertion(exp=by.now - 9), "x.y.z"]

    answers = [(ask(fast, by, each), ask(asgi, by, each)) for each in wrong]

    assert all(one == other for one, other in answers)
    assert {one[0] for one, _ in answers} == {401}
