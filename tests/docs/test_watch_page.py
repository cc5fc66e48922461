"""The page about watching, played: a real Prometheus scrapes a real server with traffic."""

import json
import re
import shutil
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import httpx2
import pytest

from commands import clean_variables
from docs.page import ROOT, Reader, blocks
from server.observability.telemetry.collector import collecting
from server_process import Credentials, Server, free_ports, serving

OPERATE = ROOT / "docs" / "operate"
MONITORING = ROOT / "examples" / "monitoring"
PAGE = (OPERATE / "watch.md").read_text()
ALERTS = (MONITORING / "alerts.yaml").read_text()
ENVIRONMENTS = ("production", "sandbox")
TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
_PATIENCE = 60.0  # seconds, after which a test gives up

# What is empty while a server is well.
EMPTY = {
    "What is broken": "a server that is well has no problem",
    "Failures of the server a second, by endpoint": "no request has failed",
}
EMPTY_SELECTORS = {
    'gatepass_request_duration_seconds_count{result=~"server_error|temporarily_unavailable"}': (
        "no request has failed"
    ),
    "gatepass_tls_certificate_expiry_timestamp_seconds": "the server has no TLS of its own",
}

pytestmark = pytest.mark.skipif(shutil.which("promtool") is None, reason="needs Prometheus")


class Watched(NamedTuple):
    """A server with traffic, and the address of the Prometheus that scrapes it."""

    server: Server
    prometheus: str
    clients: Mapping[str, Credentials]

    def query(self, expression: str) -> list[Any]:
        answer = httpx2.get(
            f"{self.prometheus}/api/v1/query", params={"query": expression}, trust_env=False
        )
        assert answer.status_code == 200, (expression, answer.text)
        found: list[Any] = answer.json()["data"]["result"]
        return found

    def ask_everything(self) -> None:
        """Send requests of every kind to both environments."""
        for environment, (client_id, secret, _) in self.clients.items():
            token = self.server.ask_token(client_id, secret, environment).body["access_token"]
            self.server.ask_token(client_id, "wrong", environment)
            mine: dict[str, Any] = {"auth": (client_id, secret)}
            bearer = {"headers": {"Authorization": f"Bearer {token}"}}
            for method, path, given in (
                ("POST", "/oauth2/introspect/", {**mine, "data": {"token": token}}),
                ("GET", "/oauth2/verify/", bearer),
                ("GET", "/oauth2/revocations/", mine),
                ("GET", "/api/partners/v2.0/org/1", bearer),
                ("GET", "/accounts/login/", {}),
                ("GET", "/.well-known/jwks.json", {}),
                ("GET", "/healthz", {}),
                ("POST", "/oauth2/revoke_token/", {**mine, "data": {"token": token}}),
            ):
                assert self.server.ask(method, path, environment, **given).status < 500

    def wait_for(self, expressions: list[str]) -> list[str]:
        """Go on asking until none of the queries is empty; return those that stay empty."""
        deadline = time.monotonic() + _PATIENCE
        while True:
            self.ask_everything()
            expressions = [each for each in expressions if not self.query(each)]
            if not expressions or time.monotonic() > deadline:
                return expressions


@pytest.fixture(scope="module")
def watched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watched]:
    """Play the page, with other ports, two workers and scrapes each half second."""
    folder = tmp_path_factory.mktemp("watch")
    port, scraped, prometheus = free_ports(), free_ports(), free_ports()
    copied = folder / "examples" / "monitoring"
    shutil.copytree(MONITORING, copied)
    config = (copied / "prometheus.yml").read_text().replace(": 15s", ": 500ms")
    (copied / "prometheus.yml").write_text(config.replace("9100", str(scraped)))
    (folder / "gatepass-data").mkdir()
    instead = {"9100": str(scraped), "9090": str(prometheus)}
    environ = clean_variables({"GATEPASS_PORT": str(port), "GATEPASS_WORKERS": "2"})
    server = Server(folder / "gatepass-data", port=port)
    with Reader(folder, instead, environ) as reader:
        for block in blocks("watch.md", OPERATE):
            if block.language == "toml":
                (folder / "gatepass-data" / "gatepass.toml").write_text(reader.put(block.text))
            elif block.language == "console":
                *first, last = re.split(r"^(?=\$ promtool query)", block.text, flags=re.MULTILINE)
                for text in (*first, last):
                    if text.startswith("$ promtool query"):
                        wait_until_scraped(f"http://127.0.0.1:{prometheus}")
                    reader.play(block._replace(text=text))
        yield Watched(server, f"http://127.0.0.1:{prometheus}", clients(server))
    server.close()


def wait_until_scraped(prometheus: str) -> None:
    """Wait for the first scrape, for which the reader of the page has a quarter of a minute."""
    deadline = time.monotonic() + _PATIENCE
    query = f"{prometheus}/api/v1/query?query=gatepass_ready"
    while not httpx2.get(query, trust_env=False).json()["data"]["result"]:
        assert time.monotonic() < deadline
        time.sleep(0.1)


def clients(server: Server) -> dict[str, Credentials]:
    found = {}
    for environment in ENVIRONMENTS:
        acme = server.create_organization(environment=environment)
        found[environment] = server.create_application(
            acme.org_id, environment=environment, scope="read introspection"
        )
    return found


def queries() -> list[tuple[str, str]]:
    """Return every query of the dashboard with its panel's title."""
    panels = json.loads((MONITORING / "dashboard.json").read_text())["panels"]
    return [
        (panel["title"], target["expr"]) for panel in panels for target in panel.get("targets", ())
    ]


def filled(expression: str, environment: str) -> str:
    """Return a query as Grafana sends it."""
    variables = {
        "$job": "gatepass",
        "$instance": ".*",
        "$environment": environment,
        "$__rate_interval": "1m",
    }
    for name, value in variables.items():
        expression = expression.replace(name, value)
    assert "$" not in expression
    return expression


@pytest.mark.parametrize("environment", [".*", *ENVIRONMENTS])
def test_every_query_of_the_dashboard_has_a_result(watched: Watched, environment: str) -> None:
    wanted = [filled(text, environment) for title, text in queries() if title not in EMPTY]

    assert watched.wait_for(wanted) == []


def test_the_panels_that_may_be_empty_are_there_and_can_be_asked(watched: Watched) -> None:
    asked = [(title, text) for title, text in queries() if title in EMPTY]

    assert {title for title, _ in asked} == set(EMPTY)
    for _, text in asked:
        watched.query(filled(text, ".*"))


def test_what_an_alert_looks_at_is_there(watched: Watched) -> None:
    expressions = re.findall(r"expr: (?:>-\n((?: {10}.*\n)+)|(.*)\n)", ALERTS)
    pattern = r"\b(?:gatepass_|process_|up\{)[a-z_]*(?:\{[^}]*\}|[^\s{}]*\})?"
    selectors = {each for pair in expressions for each in re.findall(pattern, "".join(pair))}

    assert len(selectors) > 20
    assert set(EMPTY_SELECTORS) <= selectors
    assert watched.wait_for(sorted(selectors - set(EMPTY_SELECTORS))) == []


def test_prometheus_evaluates_every_rule_and_none_fires_while_all_is_well(
    watched: Watched,
) -> None:
    def rules() -> list[Any]:
        answer = httpx2.get(f"{watched.prometheus}/api/v1/rules", trust_env=False).json()
        return [rule for group in answer["data"]["groups"] for rule in group["rules"]]

    deadline = time.monotonic() + _PATIENCE
    while any(rule["health"] == "unknown" for rule in rules()):
        assert time.monotonic() < deadline
        time.sleep(0.1)

    assert {rule["name"] for rule in rules()} == set(re.findall(r"alert: (\w+)", ALERTS))
    for rule in rules():
        assert (rule["health"], rule.get("lastError", "")) == ("ok", ""), rule["name"]
        assert rule["state"] != "firing", rule["name"]


def test_both_workers_are_in_a_scrape_with_their_processes(watched: Watched) -> None:
    assert (
        watched.wait_for(["gatepass_workers == 2", "count(process_start_time_seconds) == 2"]) == []
    )


def test_every_alert_has_its_section_and_every_section_its_alert() -> None:
    alerts = re.findall(r"- alert: (\w+)", ALERTS)
    sections = re.findall(r"^### (\w+)$", PAGE, re.MULTILINE)
    runbooks = re.findall(r'runbook: "docs/operate/watch\.md#(\w+)"', ALERTS)

    assert alerts == sections
    assert runbooks == [each.lower() for each in alerts]
    for name in ("summary", "description"):
        assert len(re.findall(rf"^ +{name}: \"", ALERTS, re.MULTILINE)) == len(alerts)


def test_each_alert_fires_in_one_test_and_is_silent_in_another() -> None:
    text = (MONITORING / "alerts_test.yaml").read_text()
    cases = re.split(r"^      - alertname: ", text, flags=re.MULTILINE)[1:]
    fires = {case.split()[0] for case in cases if "exp_alerts" in case}
    silent = [case.split()[0] for case in cases if "exp_alerts" not in case]
    alerts = set(re.findall(r"- alert: (\w+)", ALERTS))

    assert fires == alerts
    assert {name for name in alerts if silent.count(name) < 2} == set()


def test_the_panels_that_the_page_names_are_on_the_dashboard() -> None:
    panels = json.loads((MONITORING / "dashboard.json").read_text())["panels"]
    titles = {panel["title"] for panel in panels}
    named = re.findall(r"\*([A-Z][^*\n]+)\*", re.sub(r"\*\*.*?\*\*", "", PAGE))
    others = set(re.findall(r"\*(Gatepass\w+)\*", PAGE))  # alerts

    assert len(named) > 5
    for each in set(named) - others:
        assert any(title.startswith(each) for title in titles), each


def block(language: str) -> str:
    [found] = [each.text for each in blocks("watch.md", OPERATE) if each.language == language]
    return found


def test_the_access_log_and_telemetry_are_as_the_page_shows_them(tmp_path: Path) -> None:
    shown = json.loads(block("json"))
    given = dict(line.split("=", 1) for line in block("text").splitlines())
    with collecting() as collector:
        assert given["OTEL_EXPORTER_OTLP_ENDPOINT"] == "http://127.0.0.1:4318"
        given |= {"OTEL_EXPORTER_OTLP_ENDPOINT": collector.url, "GATEPASS_ACCESS_LOG": "true"}
        with serving(tmp_path / "data", variables=given) as server:
            client_id, secret, _ = server.create_application(server.create_organization().org_id)
            server.ask(
                "POST",
                "/oauth2/token/",
                auth=(client_id, secret),
                data={"grant_type": "client_credentials"},
                headers={"traceparent": f"00-{TRACE}-00f067aa0ba902b7-01"},
            )
            assert server.stop() == 0
        [line] = [each for each in server.events() if each.get("endpoint") == "token"]
        exported = {each.event_name for each in collector.records()}

    assert list(line) == list(shown)
    assert {name: line[name] for name in ("path", "status", "trace_id", "endpoint")} == {
        name: shown[name] for name in ("path", "status", "trace_id", "endpoint")
    }
    assert "request.served" in exported
    assert collector.by_process()
    assert collector.traces == []
