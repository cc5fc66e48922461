"""`/metrics`: what it says, and to whom."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from httpx2 import Response
from prometheus_client.parser import text_string_to_metric_families
from starlette.testclient import TestClient

from gatepass.server.app import create
from gatepass.server.domain.applications import operations as applications
from gatepass.server.domain.applications.networks import check_networks
from gatepass.server.domain.audit.model import OPERATOR
from gatepass.wire.secret import Secret
from server.fixtures import (
    FORM,
    GRANT,
    Client,
    InProcessServer,
    new_clock,
    open_passive_server,
    settings,
)

VECTORS = Path(__file__).parents[3] / "vectors"
LOOPBACK = "127.0.0.1"
LIVE_LABEL = [("environment", "production")]
ADDED: list[str] = json.loads((VECTORS / "proxy_header_names.json").read_text())["added by proxies"]


@pytest.fixture
def client(fresh_server: InProcessServer) -> Client:
    return fresh_server.register()


def get(
    server: InProcessServer, source: str = LOOPBACK, path: str = "/metrics", **headers: str
) -> Response:
    return server.send("GET", path, source=source, headers=headers)


def figures(server: InProcessServer) -> dict[str, float]:
    """Return every sample by its name and labels, as `name{label=value}`."""
    answer = get(server)
    assert answer.status_code == 200
    return {
        f"{each.name}{sorted(each.labels.items())}": each.value
        for family in text_string_to_metric_families(answer.text)
        for each in family.samples
    }


def growth(before: dict[str, float], after: dict[str, float]) -> dict[str, float]:
    changed = {name: value - before.get(name, 0) for name, value in after.items()}
    return {name: value for name, value in changed.items() if value}


def requests(endpoint: str, result: str, environment: str = "production") -> str:
    labels = [("endpoint", endpoint), ("environment", environment), ("result", result)]
    return f"gatepass_request_duration_seconds_count{labels}"


def test_requests_are_counted_by_endpoint_and_result(
    fresh_server: InProcessServer, client: Client
) -> None:
    before = figures(fresh_server)
    token = fresh_server.token(client)
    fresh_server.token(client)
    fresh_server.ask(client.having(Secret("gps_live_wrong")))
    fresh_server.ask(client, scope="admin")
    fresh_server.introspect(client, token)
    fresh_server.revoke(client, token)
    for path in ("/healthz", "/.well-known/oauth-authorization-server", "/", "/accounts/login/"):
        fresh_server.send("GET", path)
    fresh_server.send("GET", "/api/partners/v2.0/org/1")
    grown = growth(before, figures(fresh_server))

    assert grown[requests("token", "ok")] == 2
    assert grown[requests("token", "invalid_client")] == 1
    assert grown[requests("token", "invalid_scope")] == 1
    assert grown[requests("introspect", "ok")] == grown[requests("revoke", "ok")] == 1
    assert grown[requests("health", "ok")] == grown[requests("metadata", "ok")] == 1
    assert grown[requests("portal", "ok")] >= 1
    assert grown[requests("partner_api", "client_error")] == 1
    assert grown[requests("other", "ok")] == 1  # the look before


def test_tokens_and_refusals_are_told_by_kind_and_reason(
    fresh_server: InProcessServer, client: Client
) -> None:
    before = figures(fresh_server)
    fresh_server.token(client)
    fresh_server.ask(client.having(Secret("gps_live_wrong")))
    grown = growth(before, figures(fresh_server))

    assert grown[f"gatepass_tokens_issued_total{[*LIVE_LABEL, ('kind', 'opaque')]}"] == 1
    assert grown[f"gatepass_refusals_total{[*LIVE_LABEL, ('reason', 'wrong_secret')]}"] == 1


def test_the_state_of_each_environment_is_told(
    fresh_server: InProcessServer, client: Client
) -> None:
    fresh_server.revoke(client, fresh_server.token(client))
    fresh_server.clock.advance(3600)
    told = figures(fresh_server)

    live = [("environment", "production")]
    assert told[f"gatepass_database_up{live}"] == 1
    assert told[f"gatepass_revocations{live}"] == 1
    assert told[f"gatepass_key_age_seconds{live}"] >= 3600
    assert told[f"gatepass_feed_lag_seconds{live}"] >= 0
    hits = [*live, ("result", "hit")]
    assert told[f"gatepass_application_cache_lookups_total{hits}"] >= 1
    assert told[f"gatepass_application_cache_lookups_total{[*live, ('result', 'miss')]}"] == 1
    assert told["gatepass_revocations[('environment', 'sandbox')]"] == 0
    assert told["gatepass_workers[]"] == 1


def test_what_memory_keeps_of_applications_is_told(
    fresh_server: InProcessServer, client: Client
) -> None:
    live, sandbox = [("environment", "production")], [("environment", "sandbox")]
    fresh_server.token(client)
    kept = fresh_server.environment().applications
    told = figures(fresh_server)

    assert told[f"gatepass_application_cache_entries{live}"] == len(kept) == 1
    assert told[f"gatepass_application_cache_bytes{live}"] == kept.size > 0
    assert told[f"gatepass_application_cache_evictions_total{live}"] == 0
    assert 0 < told[f"gatepass_application_cache_miss_seconds_total{live}"] < 60
    assert told[f"gatepass_application_cache_entries{sandbox}"] == 0


def test_applications_that_made_room_in_memory_are_counted(tmp_path: Path) -> None:
    with open_passive_server(tmp_path / "data", application_cache=1) as server:
        environment, live = server.environment(), [("environment", "production")]
        networks = check_networks(" ".join(f"192.0.2.{each}" for each in range(50)))
        org_id, count = server.organization(), 120  # of 10 kB each
        for _ in range(count):
            new = applications.register(
                environment.context,
                environment.catalogue,
                OPERATOR,
                org_id,
                name="Billing",
                networks=networks,
            )
            environment.applications.load(new.application.client_id)
        told = figures(server)

    kept = told[f"gatepass_application_cache_entries{live}"]
    assert 0 < kept < count
    assert told[f"gatepass_application_cache_bytes{live}"] <= 2**20
    assert told[f"gatepass_application_cache_evictions_total{live}"] == count - kept


def test_it_answers_on_any_host_as_health_does(fresh_server: InProcessServer) -> None:
    http = TestClient(fresh_server.app, base_url="http://10.0.0.1:9", client=(LOOPBACK, 50000))

    answer = http.get("/metrics")

    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"


@pytest.mark.parametrize(
    "source", ["192.0.2.7", "::2", "128.0.0.1", "", "testclient", "::ffff:192.0.2.7"]
)
def test_to_a_stranger_there_is_no_such_page(fresh_server: InProcessServer, source: str) -> None:
    answer = get(fresh_server, source)

    assert answer.status_code == 404
    assert "gatepass" not in answer.text


@pytest.mark.parametrize("source", ["127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1"])
def test_from_loopback_it_is_there(fresh_server: InProcessServer, source: str) -> None:
    assert get(fresh_server, source).status_code == 200
    assert get(fresh_server, source, "/metrics/").status_code == 200


@pytest.mark.parametrize("name", ADDED)
def test_through_a_proxy_there_is_no_such_page(fresh_server: InProcessServer, name: str) -> None:
    assert get(fresh_server, **{name: "127.0.0.1"}).status_code == 404


def test_a_post_gets_nothing(fresh_server: InProcessServer) -> None:
    answer = fresh_server.send(
        "POST", "/metrics", source=LOOPBACK, content=b"x", headers={"Content-Type": FORM}
    )

    assert answer.status_code == 404


def test_an_endpoint_at_an_old_address_has_its_own_name(tmp_path: Path) -> None:
    with open_passive_server(tmp_path / "data", path_aliases={"token": ["/o/token/"]}) as server:
        client = server.register()
        before = figures(server)
        answer = server.post("/o/token/", by=client, data=GRANT)
        assert answer.status_code == 200

        assert growth(before, figures(server))[requests("token", "ok")] == 1


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[InProcessServer]:
    networks = ("192.0.2.0/28", "2001:db8::/32")
    with open_passive_server(tmp_path / "data", metrics_networks=networks) as server:
        yield server


@pytest.mark.parametrize(
    ("source", "status"),
    [("192.0.2.15", 200), ("192.0.2.16", 404), ("2001:db8::9", 200), (LOOPBACK, 404)],
)
def test_the_operator_chooses_the_networks(
    opened: InProcessServer, source: str, status: int
) -> None:
    assert get(opened, source).status_code == status


def test_without_networks_nobody_sees_it(tmp_path: Path) -> None:
    with open_passive_server(tmp_path / "data", metrics_networks=()) as server:
        assert get(server).status_code == 404


@pytest.mark.parametrize("network", ["x", "127.0.0.1/8", "10.0.0.0/33", "localhost"])
def test_a_network_that_is_none_is_refused(tmp_path: Path, network: str) -> None:
    with pytest.raises(ValueError, match="metrics_networks"):
        settings(tmp_path, metrics_networks=(network,))


def test_figures_of_requests_say_nothing_of_who_asked(
    fresh_server: InProcessServer, client: Client
) -> None:
    token = fresh_server.token(client)
    fresh_server.send("GET", f"/nothing/{client.client_id}", headers={"User-Agent": "peculiar/1"})
    text = get(fresh_server).text

    for secret in (client.client_id, client.secret.value, token, "peculiar", "192.0.2.7"):
        assert secret not in text


def test_a_request_that_fails_is_measured_too(
    fresh_server: InProcessServer, client: Client
) -> None:
    before = figures(fresh_server)
    fresh_server.environment().entropy = iter(())
    fresh_server.ask(client)

    assert growth(before, figures(fresh_server))[requests("token", "server_error")] == 1


def test_with_one_worker_nothing_is_published(tmp_path: Path) -> None:
    app = create(settings(tmp_path), new_clock())
    app.lifespan.open()
    app.lifespan.close()

    assert not (tmp_path / "metrics").exists()
