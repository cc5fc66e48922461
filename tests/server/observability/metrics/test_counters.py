"""What is counted of requests, tokens and refusals."""

import pytest

from gatepass.server.domain.usage.refusal_reasons import REASONS
from gatepass.server.observability.metrics import endpoint_names
from gatepass.server.observability.metrics.counters import (
    BOUNDS,
    RESULTS,
    Counters,
    result_of,
)
from gatepass.server.observability.metrics.endpoint_names import name_of


def test_a_request_is_counted_in_the_bucket_of_its_time() -> None:
    figures = Counters()
    for seconds in (0.0, 0.001, 0.0011, 3.0):
        figures.observe("production", "token", "ok", seconds)

    (row,) = figures.rows()
    assert (row.endpoint, row.result, row.buckets) == ("token", "ok", (2, 1, 0, 0, 0, 0, 1))
    assert row.seconds == pytest.approx(3.0021)
    assert len(row.buckets) == len(BOUNDS) + 1


def test_results_are_told_apart() -> None:
    figures = Counters()
    figures.observe("production", "token", "ok", 0.1)
    figures.observe("production", "token", "invalid_client", 0.1)
    figures.observe("production", "revoke", "ok", 0.1)
    figures.observe("sandbox", "token", "ok", 0.1)

    assert {row[:3] for row in figures.rows()} == {
        ("production", "token", "ok"),
        ("production", "token", "invalid_client"),
        ("production", "revoke", "ok"),
        ("sandbox", "token", "ok"),
    }


def test_no_label_comes_from_outside_the_lists() -> None:
    figures = Counters()
    for number in range(1_000):
        figures.observe("production", f"/path/{number}", f"result {number}", 0.1)

    (row,) = figures.rows()
    assert (row.endpoint, row.result) == ("other", "server_error")
    assert sum(row.buckets) == 1_000


def test_refusals_are_counted_by_a_list_that_is_closed() -> None:
    figures = Counters()
    figures.refused("sandbox", "wrong_secret")

    counted = {key: count for key, count in figures.values() if count}
    assert counted == {
        ("gatepass_refusals", ("sandbox", "wrong_secret")): 1,
    }
    for environment in ("production", "sandbox"):
        of_it = {key[1] for key, _ in figures.values() if environment in key[1]}
        assert {label for _, label in of_it} == set(REASONS)
    with pytest.raises(KeyError):
        figures.refused("production", "made up")


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/oauth2/token/", "token"),
        ("/oauth2/token", "token"),
        ("/oauth2/token/x", "portal"),
        ("/oauth2/revoke_token/", "revoke"),
        ("/oauth2/introspect/", "introspect"),
        ("/.well-known/oauth-authorization-server", "metadata"),
        ("/.well-known/jwks.json", "jwks"),
        ("/api/partners/v2.0", "partner_api"),
        ("/api/partners/v2.0/org/1/users", "partner_api"),
        ("/api/partners/v2.01", "portal"),
        ("/healthz", "health"),
        ("/readyz", "health"),
        ("/metrics", "other"),
        ("/", "portal"),
        ("", "portal"),
        ("/\n", "portal"),
    ],
)
def test_every_path_has_a_name_from_the_list(path: str, name: str) -> None:
    assert name_of(path) == name
    assert name in endpoint_names.NAMES


@pytest.mark.parametrize(
    ("status", "code", "result"),
    [
        (200, "", "ok"),
        (204, "", "ok"),
        (303, "", "redirected"),
        (404, "", "client_error"),
        (503, "", "server_error"),
        (0, "", "gone"),
        (401, "invalid_client", "invalid_client"),
    ],
)
def test_the_result_is_the_error_code_or_the_class_of_the_status(
    status: int, code: str, result: str
) -> None:
    assert result_of(status, code) == result
    assert result in RESULTS


def test_there_are_few_series_whatever_clients_do() -> None:
    of_one = len(endpoint_names.NAMES) * len(RESULTS) * (len(BOUNDS) + 3)

    assert 2 * (of_one + len(REASONS)) + of_one < 7_500
