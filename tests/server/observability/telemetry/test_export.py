"""Which exporters there are: as OpenTelemetry's own variables say."""

import logging
from pathlib import Path

import pytest
from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
from opentelemetry.sdk.metrics.export import ConsoleMetricExporter

from gatepass.server.environment.data_directory import ServingError
from gatepass.server.observability import exports
from gatepass.server.observability.telemetry import export
from server.fixtures import settings


@pytest.fixture(autouse=True)
def no_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    for signal in ("TRACES", "METRICS", "LOGS"):
        monkeypatch.delenv(f"OTEL_{signal}_EXPORTER", raising=False)


def kinds() -> list[type[object]]:
    return [type(each) for each in export.metric_exporters()]


def test_without_a_variable_it_is_otlp_over_http() -> None:
    assert kinds() == [OTLPMetricExporter]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("none", []),
        ("console", [ConsoleMetricExporter]),
        ("otlp, console", [OTLPMetricExporter, ConsoleMetricExporter]),
        ("otlp_proto_http", [OTLPMetricExporter]),
    ],
)
def test_a_variable_names_the_exporters(
    monkeypatch: pytest.MonkeyPatch, value: str, expected: list[type[object]]
) -> None:
    monkeypatch.setenv("OTEL_METRICS_EXPORTER", value)

    assert kinds() == expected


def test_the_sdk_can_be_disabled(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_SDK_DISABLED", "true")
    handlers = list(logging.getLogger().handlers)
    export.export_logs()

    assert kinds() == []
    assert export.export_traces() is False
    assert logging.getLogger().handlers == handlers


@pytest.mark.parametrize(
    ("variable", "value", "message"),
    [
        ("OTEL_LOGS_EXPORTER", "nothing", "there is no exporter nothing"),
        ("OTEL_EXPORTER_OTLP_PROTOCOL", "carrier/pigeon", "is not one of http/protobuf, grpc"),
        ("OTEL_EXPORTER_OTLP_LOGS_PROTOCOL", "grpc", "pip install opentelemetry-exporter-otlp-"),
    ],
)
def test_a_variable_that_cannot_be_used_is_an_error_of_the_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, variable: str, value: str, message: str
) -> None:
    monkeypatch.setenv(variable, value)

    with pytest.raises(ServingError, match=message):
        exports.check(settings(tmp_path, telemetry=True))
    exports.check(settings(tmp_path))


def test_the_variables_say_what_the_resource_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_RESOURCE_ATTRIBUTES", "service.instance.id=one,k8s.pod.name=p")
    export.resource.cache_clear()
    found = export.resource().attributes
    export.resource.cache_clear()

    assert found["service.name"] == "gatepass"
    assert found["service.instance.id"] == "one"
    assert found["k8s.pod.name"] == "p"
    assert found["telemetry.sdk.language"] == "python"
