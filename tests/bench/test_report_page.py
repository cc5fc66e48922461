"""What the benchmark of clients prints, from figures that are known; and its stand-in."""

from collections.abc import Iterator
from typing import cast

import pytest

from bench.client.failure_scenarios import DAYS, Day
from bench.client.fake_server import Manner, Standin, standin
from bench.client.import_time import Cost, Imported
from bench.client.report_page import Client, against, limits, page
from bench.peers.client.subjects import SUBJECTS, Api, Given, Subject

GATEPASS = next(each for each in SUBJECTS if not each.is_peer)
PEER = next(each for each in SUBJECTS if each.is_peer and each.http == GATEPASS.http)


def client(subject: Subject, *rounds: Day, overheads: tuple[float, ...] = (1.0,)) -> Client:
    names = [day.__name__ for day in DAYS]
    return Client(subject, overheads, [dict.fromkeys(names, day) for day in rounds])


def good(requests: int = 1) -> Day:
    return Day(requests, {"200": 10}, 1.0)


def bad(requests: int = 10) -> Day:
    return Day(requests, {"200": 3, "401": 1, "ConnectError": 6}, 1.0)


def imported(statement: str, *milliseconds: float) -> Imported:
    one = Cost(0.01, 0.01)
    rounds = [(Cost(each / 1e3, each / 1e3), one) for each in milliseconds]
    return Imported(statement, "import httpx2", rounds)


def test_a_day_counts_what_failed_and_names_it_the_most_frequent_first() -> None:
    assert bad().failed == 7
    assert bad().kinds == "ConnectError, 401"
    assert (good().failed, good().kinds) == (0, "-")


def test_the_import_is_the_median_of_the_rounds_ratios() -> None:
    assert imported("import gatepass", 11, 90, 12).ratio == pytest.approx(1.2)


@pytest.mark.parametrize(("overheads", "reached"), [((1.0, 4.9), True), ((1.0, 5.0), False)])
def test_the_overhead_has_to_be_kept_in_every_run(
    *, overheads: tuple[float, ...], reached: bool
) -> None:
    (row,) = limits([client(GATEPASS, good(), overheads=overheads)], [])

    assert row.reached is reached


@pytest.mark.parametrize(("milliseconds", "reached"), [(11.5, True), (11.6, False)])
def test_the_import_has_a_limit(*, milliseconds: float, reached: bool) -> None:
    (row,) = limits([client(PEER, good())], [imported("import gatepass", milliseconds)])

    assert row.reached is reached


def test_where_gatepass_is_not_the_best_the_page_says_so() -> None:
    behind = [client(GATEPASS, good(), bad()), client(PEER, good(), good())]
    ahead = [client(GATEPASS, good(), good()), client(PEER, good(), bad())]
    level = [client(GATEPASS, good()), client(PEER, good())]

    assert verdicts(behind)["token requests, 1,000 callers start at once"] == "NO"
    assert verdicts(ahead)["token requests, 1,000 callers start at once"] == "yes"
    assert verdicts(level)["token requests, 1,000 callers start at once"] == "as good"


def test_the_errors_of_all_rounds_are_named() -> None:
    assert client(PEER, good(), bad()).kinds("expiry") == "ConnectError, 401"


def verdicts(clients: list[Client]) -> dict[str, str]:
    return {figure: verdict for figure, _mine, _its, verdict in against(clients)}


def test_the_page_has_every_client_and_the_spread_of_its_rounds() -> None:
    clients = [client(GATEPASS, good(1), good(2)), client(PEER, bad())]

    text = page("# Head\n", clients, [imported("import gatepass", 1)])

    assert f"| {GATEPASS.name} | 1 to 2 | 10 | 0 | 1.0 | - |" in text
    assert f"| {PEER.name} | 10 | 10 | 7 | 1.0 | ConnectError, 401 |" in text
    assert "| import gatepass | 0.10 | <= 1.15 of import httpx2 | yes |" in text


def test_a_subject_renews_its_token_when_the_benchmark_wants_it_to() -> None:
    assert PEER.leeway is not None
    assert PEER.lifetime(3) - PEER.leeway == 3
    assert GATEPASS.lifetime(8) * 0.8 == 8


@pytest.fixture(scope="module")
def endpoint() -> Iterator[Standin]:
    with standin() as running:
        yield running


def call(endpoint: Standin, api: Api) -> int:
    return cast("int", GATEPASS.call(Given(endpoint.token_url, api))())


def test_the_stand_in_gives_tokens_and_counts(endpoint: Standin) -> None:
    endpoint.behave(Manner(delay=0.0))

    assert call(endpoint, Api()) == 200
    assert call(endpoint, Api()) == 200
    assert endpoint.count() == 2


def test_the_api_refuses_a_token_that_was_revoked(endpoint: Standin) -> None:
    endpoint.behave(Manner(delay=0.0))
    api = Api()
    api.refused = {1, 2}

    assert call(endpoint, api) == 401
    assert endpoint.count() == 2


def test_the_stand_in_refuses_the_secret_that_was_rotated(endpoint: Standin) -> None:
    endpoint.behave(Manner(delay=0.0))
    endpoint.rotate("another-one")

    with pytest.raises(Exception, match="invalid_client"):
        call(endpoint, Api())
