"""`/metrics` on a port of its own: nothing else is there, and it is nowhere else."""

import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import httpx2
import pytest
from prometheus_client.parser import text_string_to_metric_families

from commands import run
from server.fixtures import raw_basic
from server.serving.fast_path.doors import Line, Response
from server.serving.fast_path.requests import Ask
from server_process import Credentials, Server, free_ports, serving

_PATIENCE = 30.0  # seconds, after which a test gives up
_TOKENS = 20


class Apart:
    """A server whose figures have a port of their own."""

    def __init__(self, server: Server, port: int) -> None:
        self.server = server
        self.port = port

    def scrape(self) -> dict[str, float]:
        """Ask over a new connection, which any worker may take."""
        answer = httpx2.get(f"http://127.0.0.1:{self.port}/metrics", trust_env=False)
        assert answer.status_code == 200
        return {
            f"{each.name}{sorted(each.labels.values())}": each.value
            for family in text_string_to_metric_families(answer.text)
            for each in family.samples
        }

    def say(self, port: int, raw: bytes) -> Response:
        """Send bytes to a port and give the answer."""
        with self.connect(port) as line:
            line.say(raw)
            response = line.hear()
            assert response
            return response

    def connect(self, port: int) -> Line:
        return Line(socket.create_connection(("127.0.0.1", port), timeout=_PATIENCE))

    def is_listening(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0


@pytest.fixture(scope="module", params=[1, 2])
def apart(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Apart]:
    port = free_ports()
    data = tmp_path_factory.mktemp("apart") / "data"
    variables = {"GATEPASS_METRICS_PORT": str(port)}
    with serving(data, "--workers", str(request.param), variables=variables) as server:
        yield Apart(server, port)


@pytest.fixture(scope="module")
def credentials(apart: Apart) -> Credentials:
    return apart.server.create_application(apart.server.create_organization().org_id)


def raw(target: str, host: str, method: str = "GET") -> bytes:
    return f"{method} {target} HTTP/1.1\r\nHost: {host}\r\n\r\n".encode()


def test_a_scrape_of_its_own_port_has_the_sum_of_all_workers(
    apart: Apart, credentials: Credentials
) -> None:
    before = apart.scrape()["gatepass_tokens_issued_total['opaque', 'production']"]
    for _ in range(_TOKENS):  # each over a connection of its own, so that all workers get some
        answer = httpx2.post(
            apart.server.url() + "/oauth2/token/",
            auth=credentials[:2],
            data={"grant_type": "client_credentials"},
            trust_env=False,
        )
        assert answer.status_code == 200
    workers = int(apart.server.arguments[-1])
    deadline = time.monotonic() + _PATIENCE
    while True:
        told = [apart.scrape() for _ in range(10)]
        if all(
            each["gatepass_tokens_issued_total['opaque', 'production']"] == before + _TOKENS
            and each["gatepass_workers[]"] == workers
            for each in told
        ):
            break
        assert time.monotonic() < deadline, told[-1]
        time.sleep(0.05)


@pytest.mark.spec("ASVS", "13.4.5")
def test_no_host_and_no_target_leads_from_the_main_ports_to_the_figures(apart: Apart) -> None:
    own, main = f"127.0.0.1:{apart.port}", apart.server.port
    for port in (main, main + 1):
        for host in (own, f"127.0.0.1:{port}", "localhost", "[::1]", f"localhost:{apart.port}"):
            for target in ("/metrics", "/metrics/", f"http://{own}/metrics", "/m%65trics"):
                response = apart.say(port, raw(target, host))

                assert response.status in {400, 404, 421}, (host, target)
                assert b"gatepass_" not in response.body


def test_no_host_and_no_target_leads_from_its_own_port_to_another_page(
    apart: Apart, credentials: Credentials
) -> None:
    main = f"localhost:{apart.server.port}"
    basic = raw_basic(f"{credentials.client_id}:{credentials.client_secret}".encode())
    grant = Ask(host=(main,), authorization=(basic,))
    absolute = Ask(path=f"http://{main}/oauth2/token/", host=(main,), authorization=(basic,))

    assert apart.say(apart.server.port, grant.raw()).status == 200
    for each in (grant.raw(), absolute.raw()):
        response = apart.say(apart.port, each)
        assert response.status == 404
        assert b"access_token" not in response.body
    for target in ("/", "/healthz", "/readyz", "/accounts/login/", f"http://{main}/healthz"):
        assert apart.say(apart.port, raw(target, main)).status == 404


def test_a_connection_that_has_had_the_figures_gets_nothing_else(apart: Apart) -> None:
    own = f"127.0.0.1:{apart.port}"
    with apart.connect(apart.port) as line:
        line.say(raw("/metrics", own))
        first = line.hear()
        line.say(raw("/healthz", own) + raw("/metrics", own))
        others = [line.hear(), line.hear()]

    assert [each.status if each else 0 for each in (first, *others)] == [200, 404, 200]


def test_the_log_says_where_the_figures_are(apart: Apart) -> None:
    first = apart.server.events()[0]

    assert (first["event"], first["metrics"]) == ("server.starting", f"127.0.0.1 port {apart.port}")


def test_head_says_the_length_alone(apart: Apart) -> None:
    with apart.connect(apart.port) as line:
        line.say(raw("/metrics", "localhost", "HEAD"))
        response = line.hear(to_head=True)

    assert response
    assert response.status == 200
    assert int(response.header(b"content-length") or 0) > 1000
    assert line.has_nothing_left()


@pytest.mark.parametrize("workers", [1, 2])
def test_at_the_end_it_is_closed_whoever_is_connected(tmp_path: Path, workers: int) -> None:
    port = free_ports()
    variables = {"GATEPASS_METRICS_PORT": str(port)}
    given = ("--workers", str(workers))
    with ExitStack() as stack:
        server = stack.enter_context(serving(tmp_path / "data", *given, variables=variables))
        apart = Apart(server, port)
        silent, begun, idle = (stack.enter_context(apart.connect(port)) for _ in range(3))
        begun.say(b"GET /metrics HTTP/1.1\r\nHost: loc")
        idle.say(raw("/metrics", "localhost"))
        assert idle.hear()

        assert server.stop() == 0
        for line in (silent, begun, idle):
            assert line.is_over()
        assert not apart.is_listening()
        assert not [each for each in server.events() if each["level"] in {"error", "critical"}]


def test_a_port_that_is_taken_is_one_line_that_names_the_setting(tmp_path: Path) -> None:
    port, main = free_ports(), free_ports()
    with socket.create_server(("127.0.0.1", port)):
        ran = run(
            "serve",
            "--data",
            tmp_path / "data",
            "--port",
            str(main),
            variables={"GATEPASS_METRICS_PORT": str(port)},
        )

    assert ran.status == 1
    assert len(ran.err.splitlines()) == 1
    assert f"Cannot listen on 127.0.0.1 port {port}" in ran.err
    assert "metrics_port" in ran.err


@pytest.mark.parametrize(
    ("name", "value"),
    [("METRICS_PORT", "65536"), ("METRICS_PORT", "http"), ("METRICS_HOST", "")],
)
def test_a_port_or_host_that_is_none_is_one_line(tmp_path: Path, name: str, value: str) -> None:
    ran = run("serve", "--data", tmp_path / "data", variables={f"GATEPASS_{name}": value})

    assert ran.status != 0
    assert len(ran.err.splitlines()) == 1
    assert name.lower() in ran.err
