"""A log event as a record of OpenTelemetry."""

import logging
from collections.abc import Iterator
from typing import Any

import pytest
import structlog
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import InMemoryLogRecordExporter, SimpleLogRecordProcessor

from gatepass.server.observability.logging import configure
from gatepass.server.observability.telemetry.log_handler import EventHandler

SECRET = "gps_live_0123456789abcdef"


@pytest.fixture
def exported() -> Iterator[InMemoryLogRecordExporter]:
    root = logging.getLogger()
    before, handlers = structlog.get_config(), root.handlers
    kept = InMemoryLogRecordExporter()  # type: ignore[no-untyped-call]
    provider = LoggerProvider(shutdown_on_exit=False)
    provider.add_log_record_processor(SimpleLogRecordProcessor(kept))
    configure("json")
    root.addHandler(EventHandler(provider))
    yield kept
    structlog.configure(**before)
    root.handlers = handlers
    logging.captureWarnings(capture=False)


def only(exported: InMemoryLogRecordExporter) -> Any:  # noqa: ANN401 - of the SDK
    [found] = exported.get_finished_logs()
    return found.log_record


def test_fields_are_attributes_and_the_event_is_the_name(
    exported: InMemoryLogRecordExporter,
) -> None:
    log = structlog.get_logger("gatepass.server")
    log.error("database.away", environment="sandbox", seconds=1.5, names=("a", "b"), why=None)

    record = only(exported)
    assert (record.event_name, record.body) == ("database.away", "database.away")
    assert (record.severity_text, record.severity_number.name) == ("ERROR", "ERROR")
    assert dict(record.attributes) == {
        "environment": "sandbox",
        "seconds": 1.5,
        "names": ("a", "b"),
        "why": "",
    }


def test_secrets_are_left_out(exported: InMemoryLogRecordExporter) -> None:
    log = structlog.get_logger("gatepass.server")
    log.warning("x", password="horse", path=f"/{SECRET}", more={"token": "t", "k": [SECRET]})

    told = str(dict(only(exported).attributes))
    for secret in ("horse", SECRET, "'t'"):
        assert secret not in told


def test_an_exception_is_its_stack_without_secrets(exported: InMemoryLogRecordExporter) -> None:
    log = structlog.get_logger("gatepass.server")
    log.error("request.failed", exc_info=ValueError(SECRET))

    found = dict(only(exported).attributes)["exception.stacktrace"]
    assert "ValueError: [redacted]" in found
    assert SECRET not in found


def test_another_librarys_line_is_a_record_without_a_name(
    exported: InMemoryLogRecordExporter,
) -> None:
    logging.getLogger("uvicorn.error").info("Started %s", "process")

    record = only(exported)
    assert (record.event_name, record.body) == (None, "Started process")


@pytest.mark.parametrize("name", ["opentelemetry.exporter.otlp", "urllib3.connectionpool"])
def test_what_the_export_itself_logs_is_not_exported(
    exported: InMemoryLogRecordExporter, name: str
) -> None:
    logging.getLogger(name).error("failed")

    assert exported.get_finished_logs() == ()
