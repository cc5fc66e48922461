"""Two workers send traces, metrics and logs to a real receiver of OTLP."""

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import httpx2
import pytest

from commands import run
from server.observability.telemetry.collector import Collector, attributes, collecting
from server_process import Server, serving

TRACE, PARENT = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
TOKENS = 12
_PATIENCE = 30.0  # seconds, after which a test gives up


def variables(collector: Collector, **more: str) -> dict[str, str]:
    return {
        "GATEPASS_TELEMETRY": "true",
        "OTEL_EXPORTER_OTLP_ENDPOINT": collector.url,
        "OTEL_EXPORTER_OTLP_COMPRESSION": "gzip",
        "OTEL_RESOURCE_ATTRIBUTES": "deployment.environment.name=test",
        "OTEL_METRIC_EXPORT_INTERVAL": "200",
        "OTEL_BSP_SCHEDULE_DELAY": "100",
        "OTEL_BLRP_SCHEDULE_DELAY": "100",
        **more,
    }


def wait(until: Callable[[], bool]) -> None:
    deadline = time.monotonic() + _PATIENCE
    while not until():
        assert time.monotonic() < deadline
        time.sleep(0.05)


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Collector, Server, str]]:
    """Return what came of tokens, of a refusal, and of the end of both workers."""
    with ExitStack() as stack:
        collector = stack.enter_context(collecting())
        data = tmp_path_factory.mktemp("telemetry") / "data"
        given = variables(collector, OTEL_SERVICE_NAME="gatepass-test")
        server = stack.enter_context(serving(data, "--workers", "2", variables=given))
        wait(lambda: len(collector.by_process()) == 2)
        organization = server.create_organization()
        client_id, secret, _ = server.create_application(organization.org_id)
        headers = {"traceparent": f"00-{TRACE}-{PARENT}-01"}
        for password in (*[secret] * TOKENS, "wrong"):
            httpx2.post(  # each over a connection of its own, so that both workers get some
                server.url() + "/oauth2/token/",
                auth=(client_id, password),
                data={"grant_type": "client_credentials"},
                headers=headers,
                trust_env=False,
            )
        assert server.stop() == 0
        yield collector, server, secret


def test_a_request_is_a_span_of_its_callers_trace_by_the_conventions_for_http(
    played: tuple[Collector, Server, str],
) -> None:
    collector, server, _ = played
    spans = [each for each in collector.spans() if each.name == "POST /oauth2/token/"]

    assert len(spans) == TOKENS + 1
    for span in spans:
        assert (span.trace_id.hex(), span.parent_span_id.hex()) == (TRACE, PARENT)
    found = attributes(spans[0])
    assert found.pop("gatepass.result") == "ok"
    assert found == {
        "http.request.method": "POST",
        "http.response.status_code": 200,
        "http.route": "/oauth2/token/",
        "url.path": "/oauth2/token/",
        "url.scheme": "http",
        "server.address": "localhost",
        "server.port": server.port,
        "client.address": "127.0.0.1",
        "network.protocol.version": "1.1",
        "gatepass.endpoint": "token",
        "gatepass.environment": "production",
    }


def test_each_worker_exports_what_it_has_counted_and_together_that_is_all(
    played: tuple[Collector, Server, str],
) -> None:
    issued, durations = 0, 0
    for metrics in played[0].by_process().values():
        tokens = metrics["gatepass_tokens_issued"].sum
        assert tokens.is_monotonic
        for point in tokens.data_points:
            if attributes(point) == {"environment": "production", "kind": "opaque"}:
                issued += int(point.as_double)
        for point in metrics["gatepass_request_duration_seconds"].histogram.data_points:
            of_token = {"environment": "production", "endpoint": "token", "result": "ok"}
            if attributes(point) == of_token:
                durations += point.count
                assert sum(point.bucket_counts) == point.count
                assert point.sum > 0
                assert not point.HasField("max")
        [memory] = metrics["process_resident_memory_bytes"].gauge.data_points
        assert memory.as_double > 10_000_000
        assert attributes(memory) == {}
        assert metrics["process_resident_memory_bytes"].unit == "By"

    assert len(played[0].by_process()) == 2
    assert issued == durations == TOKENS


def test_a_log_event_has_the_trace_and_span_in_the_log_and_in_what_is_exported(
    played: tuple[Collector, Server, str],
) -> None:
    collector, server, _ = played
    [line] = [each for each in server.events() if each["event"] == "client.refused"]
    [record] = [each for each in collector.records() if each.event_name == "client.refused"]

    assert line["trace_id"] == record.trace_id.hex() == TRACE
    assert line["span_id"] == record.span_id.hex()
    assert line["span_id"] in {each.span_id.hex() for each in collector.spans()}
    assert record.severity_text == "WARNING"
    assert record.body.string_value == "client.refused"
    found = attributes(record)
    assert found["reason"] == line["reason"] == "wrong secret"
    assert found["path"] == "/oauth2/token/"


def test_the_events_of_the_supervisor_are_exported(played: tuple[Collector, Server, str]) -> None:
    names = {each.event_name for each in played[0].records()}

    assert {"server.starting", "worker.ready", "server.stopped"} <= names


def test_the_resource_names_service_version_and_process(
    played: tuple[Collector, Server, str],
) -> None:
    resources = [each.resource_spans[0].resource for each in played[0].traces]
    found = [attributes(each) for each in resources]

    assert {each["service.name"] for each in found} == {"gatepass-test"}
    assert {each["deployment.environment.name"] for each in found} == {"test"}
    assert len({each["service.instance.id"] for each in found}) <= 2
    assert all(each["service.version"] and each["process.pid"] for each in found)


def test_no_secret_is_in_what_is_exported(played: tuple[Collector, Server, str]) -> None:
    collector, _, secret = played
    told = str([*collector.traces, *collector.metrics, *collector.logs])

    assert secret not in told
    assert secret[12:30] not in told
    assert "Basic " not in told


def test_one_signal_alone_is_exported_and_the_fast_path_stays(tmp_path: Path) -> None:
    with collecting() as collector:
        left_out = {"OTEL_TRACES_EXPORTER": "none", "OTEL_LOGS_EXPORTER": "none"}
        given = variables(collector, **left_out)
        with serving(tmp_path / "data", variables=given) as server:
            wait(lambda: bool(collector.metrics))
            assert server.ask("GET", "/healthz").status == 200
            assert server.stop() == 0

    assert collector.traces == collector.logs == []


def test_a_collector_that_is_away_harms_no_request_and_is_named_once(tmp_path: Path) -> None:
    nowhere = Collector("http://127.0.0.1:9")
    given = variables(nowhere, OTEL_EXPORTER_OTLP_TIMEOUT="1")
    with serving(tmp_path / "data", variables=given) as server:
        client_id, secret, _ = server.create_application(server.create_organization().org_id)
        assert server.ask_token(client_id, secret).status == 200
        wait(lambda: "telemetry.unexported" in server.log())
        assert server.ask_token(client_id, secret).status == 200
        assert server.stop() == 0

    assert server.log().count("telemetry.unexported") == 1


def test_a_variable_that_cannot_be_used_ends_the_start_with_one_line(tmp_path: Path) -> None:
    given = {"GATEPASS_TELEMETRY": "true", "OTEL_METRICS_EXPORTER": "nothing"}
    ran = run("serve", "--data", tmp_path / "data", variables=given)

    assert ran.status == 1
    assert "there is no exporter nothing" in ran.err.splitlines()[-1]
