"""A guard's numbers, as Prometheus and OpenTelemetry read them."""

import subprocess
import sys
from collections.abc import Iterator
from itertools import count

import pytest
from opentelemetry import metrics
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader, NumberDataPoint
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.registry import REGISTRY

from gatepass.guard import Denied, Guard, Requirements
from gatepass.guard.core import metrics as counters
from gatepass.wire import metadata
from guard.fake_network import START, Setup, bearer_request
from guard.tokens import API

_NUMBERS = count()


@pytest.fixture
def used(setup: Setup) -> Iterator[Guard]:
    """Return a guard that let three pass and refused three."""
    issuer = f"https://counted-{next(_NUMBERS)}.example.com"  # no other test's
    jwks_uri = setup.server.issuer + metadata.JWKS
    with Guard(
        issuer, resource=API, jwks_uri=jwks_uri, revocations=setup.feed, clock=setup.clock
    ) as guard:
        token = setup.jwt(iss=issuer)
        for _ in range(3):
            guard.identify(bearer_request(token), Requirements.of("read"))
        for refused, requirements in [("x.y.z", "read"), (token, "admin"), (token, "admin")]:
            with pytest.raises(Denied):
                guard.identify(bearer_request(refused), Requirements.of(requirements))
        setup.clock.now = START + 7
        yield guard


def test_prometheus_reads_what_happened(used: Guard) -> None:
    registry = CollectorRegistry()
    counters.register(registry)

    text = generate_latest(registry).decode()

    issuer = f'issuer="{used.issuer}"'
    assert f"gatepass_guard_verified_total{{{issuer}}} 3.0" in text
    assert f"gatepass_guard_cached_total{{{issuer}}} 2.0" in text
    assert f"gatepass_guard_key_fetches_total{{{issuer}}} 1.0" in text
    assert f'gatepass_guard_refused_total{{{issuer},reason="invalid_token"}} 1.0' in text
    assert f'gatepass_guard_refused_total{{{issuer},reason="insufficient_scope"}} 2.0' in text
    assert f"gatepass_guard_feed_lag_seconds{{{issuer}}} 7.0" in text
    assert f"gatepass_guard_verified_total{{{issuer}}} 3.0" in generate_latest(REGISTRY).decode()
    assert used.counters.refused.total() == 3


def test_what_cannot_be_offered_does_not_stop_an_api(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    counters.publish.cache_clear()
    counters.publish()  # a second time: Prometheus knows the names already
    assert "metrics cannot be published" in caplog.text

    caplog.clear()
    for module in ("prometheus_client", "opentelemetry.metrics"):
        monkeypatch.setitem(sys.modules, module, None)
    counters.publish.cache_clear()
    counters.publish()
    assert caplog.text == ""


def test_opentelemetry_reads_what_happened(used: Guard, monkeypatch: pytest.MonkeyPatch) -> None:
    reader = InMemoryMetricReader()
    monkeypatch.setattr(metrics, "get_meter", MeterProvider([reader]).get_meter)
    counters.publish.cache_clear()
    counters.publish()

    data = reader.get_metrics_data()

    assert data is not None
    points = [
        (metric.name, point.value, (point.attributes or {}).get("reason"))
        for resource in data.resource_metrics
        for scope in resource.scope_metrics
        for metric in scope.metrics
        for point in metric.data.data_points
        if isinstance(point, NumberDataPoint) and (point.attributes or {})["issuer"] == used.issuer
    ]
    assert ("gatepass.guard.verified", 3.0, None) in points
    assert ("gatepass.guard.refused", 2.0, "insufficient_scope") in points
    assert ("gatepass.guard.feed_lag_seconds", 7.0, None) in points


METERED = """
from opentelemetry import metrics
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from gatepass.guard import Denied, Guard, Request

reader = InMemoryMetricReader()
metrics.set_meter_provider(MeterProvider([reader]))
guards = [Guard("https://a.example.com", resource="https://b.example.com") for _ in range(2)]
for guard in guards:
    try:
        guard.identify(Request())
    except Denied:
        pass
[resource] = reader.get_metrics_data().resource_metrics
[scope] = resource.scope_metrics
for metric in scope.metrics:
    for point in metric.data.data_points:
        print(scope.scope.name, metric.name, dict(point.attributes), point.value)
"""


def test_opentelemetry_reads_what_happened_to_all_guards_of_an_issuer() -> None:
    lines = _ran(METERED).splitlines()

    issuer = {"issuer": "https://a.example.com"}
    refused = issuer | {"reason": "no_credentials"}
    assert f"gatepass.guard gatepass.guard.refused {refused} 2.0" in lines
    assert f"gatepass.guard gatepass.guard.verified {issuer} 0.0" in lines


WITHOUT = """
import sys
sys.modules["prometheus_client"] = None
sys.modules["opentelemetry"] = None
from gatepass.guard import Guard
Guard("https://a.example.com", resource="https://b.example.com")
unwanted = {"fastapi", "starlette", "joserfc", "limits", "httpx2", "django", "flask"}
print(sorted(unwanted & set(sys.modules)))
"""


def test_neither_is_required_and_no_framework_nor_http_client_is_loaded() -> None:
    assert _ran(WITHOUT) == "[]\n"


def _ran(program: str) -> str:
    ran = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False, timeout=60
    )
    assert ran.stderr == ""
    return ran.stdout
