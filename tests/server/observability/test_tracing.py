"""Each request a span, by the API of OpenTelemetry."""

import io
import json
import logging
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog
from opentelemetry import trace
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode
from starlette.testclient import TestClient

from gatepass.server import run
from gatepass.server.environment.data_directory import ServingError
from gatepass.server.observability.logging import configure
from gatepass.server.observability.tracing import Traced
from gatepass.server.serving.processes.sockets import Listening
from gatepass.wire.metadata import TOKEN
from gatepass.wire.secret import Secret
from server.fixtures import GRANT, LIVE, URL, Client, InProcessServer, settings

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"


@pytest.fixture(scope="session")
def exporter() -> InMemorySpanExporter:
    kept = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(kept))
    trace.set_tracer_provider(provider)  # of the whole process, as it can be set but once
    return kept


@pytest.fixture(autouse=True)
def log_as_before() -> Iterator[None]:
    root = logging.getLogger()
    before, handlers = structlog.get_config(), root.handlers
    yield
    structlog.configure(**before)
    root.handlers = handlers
    logging.captureWarnings(capture=False)


@pytest.fixture
def traced(fresh_server: InProcessServer, exporter: InMemorySpanExporter) -> TestClient:
    exporter.clear()
    return TestClient(Traced(fresh_server.app), base_url=URL[LIVE], raise_server_exceptions=False)


def ask(traced: TestClient, client: Client, **headers: str) -> str:
    answer = traced.post(TOKEN, auth=pair(client), data=GRANT, headers=headers)
    return answer.text


def pair(client: Client) -> tuple[str, str]:
    return client.client_id, client.secret.value


def only(exporter: InMemorySpanExporter) -> ReadableSpan:
    (span,) = exporter.get_finished_spans()
    return span


def test_a_token_request_is_a_span(
    fresh_server: InProcessServer, traced: TestClient, exporter: InMemorySpanExporter
) -> None:
    ask(traced, fresh_server.register())

    span = only(exporter)
    assert (span.name, span.kind) == (f"POST {TOKEN}", SpanKind.SERVER)
    assert dict(span.attributes or {}) == {
        "http.request.method": "POST",
        "http.response.status_code": 200,
        "http.route": TOKEN,
        "url.path": TOKEN,
        "url.scheme": "http",
        "server.address": "localhost",
        "server.port": 8000,
        "client.address": "testclient",
        "network.protocol.version": "1.1",
        "gatepass.endpoint": "token",
        "gatepass.environment": "production",
        "gatepass.result": "ok",
    }
    assert span.status.status_code is StatusCode.UNSET


def test_a_refusal_is_told_by_its_code(
    fresh_server: InProcessServer, traced: TestClient, exporter: InMemorySpanExporter
) -> None:
    ask(traced, fresh_server.register().having(Secret("gps_live_wrong")))

    assert (only(exporter).attributes or {})["gatepass.result"] == "invalid_client"


def test_a_failure_of_ours_is_an_error(
    fresh_server: InProcessServer, traced: TestClient, exporter: InMemorySpanExporter
) -> None:
    client = fresh_server.register()
    fresh_server.environment().entropy = iter(())
    ask(traced, client)

    span = only(exporter)
    assert (span.attributes or {})["gatepass.result"] == "server_error"
    assert (span.attributes or {})["error.type"] == "500"
    assert span.status.status_code is StatusCode.ERROR


def test_a_page_has_no_route_as_its_path_may_be_anything(
    traced: TestClient, exporter: InMemorySpanExporter
) -> None:
    traced.get("/nothing/here")

    span = only(exporter)
    assert span.name == "GET"
    assert "http.route" not in (span.attributes or {})
    assert (span.attributes or {})["url.path"] == "/nothing/here"
    assert (span.attributes or {})["gatepass.endpoint"] == "portal"


def test_a_method_and_a_host_that_a_client_makes_up_are_no_values_of_a_span(
    traced: TestClient, exporter: InMemorySpanExporter
) -> None:
    traced.request("PECULIAR", TOKEN, headers={"Host": "peculiar.example"})

    span = only(exporter)
    assert span.name == f"HTTP {TOKEN}"
    assert (span.attributes or {})["http.request.method"] == "_OTHER"
    assert "peculiar" not in span.to_json().lower()


def test_a_line_of_the_log_has_trace_and_span_while_one_is_open(
    fresh_server: InProcessServer, traced: TestClient, exporter: InMemorySpanExporter
) -> None:
    written = io.StringIO()
    configure("json", written)
    ask(traced, fresh_server.register().having(Secret("gps_live_wrong")))
    structlog.get_logger("gatepass.server").warning("outside")

    inside, outside = map(json.loads, written.getvalue().splitlines())
    context = only(exporter).context
    assert int(inside["trace_id"], 16) == context.trace_id
    assert int(inside["span_id"], 16) == context.span_id
    assert "trace_id" not in outside


def test_a_span_belongs_to_the_trace_of_the_caller(
    fresh_server: InProcessServer, traced: TestClient, exporter: InMemorySpanExporter
) -> None:
    ask(traced, fresh_server.register(), traceparent=f"00-{TRACE}-00f067aa0ba902b7-01")

    assert only(exporter).context.trace_id == int(TRACE, 16)


@pytest.mark.parametrize("parent", ["", "x", "00-0-0-01", f"00-{TRACE}-00f067aa0ba902b7", "\xff"])
def test_a_malformed_parent_does_no_harm(
    fresh_server: InProcessServer, traced: TestClient, exporter: InMemorySpanExporter, parent: str
) -> None:
    headers = {b"traceparent": parent.encode("latin-1")}
    client = fresh_server.register()
    answer = traced.post(TOKEN, auth=pair(client), data=GRANT, headers=headers)

    assert answer.status_code == 200
    assert only(exporter).context.trace_id != int(TRACE, 16)


def test_no_credential_is_in_a_span(
    fresh_server: InProcessServer, traced: TestClient, exporter: InMemorySpanExporter
) -> None:
    client = fresh_server.register()
    token = ask(traced, client)
    traced.get(f"/nothing/{client.secret.value}", params={"token": token})

    told = "".join(span.to_json() for span in exporter.get_finished_spans())
    for secret in (client.client_id, client.secret.value, token[18:60]):
        assert secret not in told


def test_traces_without_the_extra_end_with_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)

    with pytest.raises(ServingError, match=r"gatepass\[server,telemetry\]"):
        run.run(settings(tmp_path, traces=True), Listening([]))
