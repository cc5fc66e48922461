import pytest

from server_process import Server

PATHS = ["/", "/oauth2/token/", "/accounts/login/", "/api/partners/v2.0/docs"]


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("host", ["example.com", "localhost", "localhost:1", "", "app.localhost"])
def test_an_unknown_host_is_answered_421_whatever_the_path(
    server: Server, path: str, host: str
) -> None:
    assert server.ask("GET", path, headers={"Host": host}).status == 421


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("example.com", 421),
        ("127.0.0.1.example.com", 421),
        ("", 421),
        ("[::1", 421),
        ("127.0.0.1:9090", 200),
        ("[::1]", 200),
        ("localhost", 200),
    ],
)
def test_metrics_are_told_by_address_but_not_by_a_name_that_may_be_a_stranger_s(
    server: Server, host: str, status: int
) -> None:
    assert server.ask("GET", "/metrics", headers={"Host": host}).status == status


def test_the_host_chooses_the_environment_on_either_port(server: Server) -> None:
    document = "/.well-known/oauth-authorization-server"
    named = {"Host": f"sandbox-app.localhost:{server.port}"}

    by_name = server.ask("GET", document, "production", headers=named)
    by_port = server.ask("GET", document, "sandbox")

    assert by_name.body["issuer"] == by_port.body["issuer"] == server.url("sandbox")
    assert server.ask("GET", document).body["issuer"] == server.url("production")


def test_health_is_told_to_whoever_asks_by_whatever_name(server: Server) -> None:
    any_host = {"Host": "10.0.0.7"}

    alive = server.ask("GET", "/healthz", headers=any_host)
    ready = server.ask("GET", "/readyz", headers=any_host)

    assert (alive.status, ready.status) == (200, 200)
    assert ready.body == {"status": "ready", "production": "ok", "sandbox": "ok"}


def test_an_answer_has_a_date_and_does_not_name_the_server_software(server: Server) -> None:
    headers = server.ask("GET", "/healthz").headers

    assert "date" in headers
    assert "server" not in headers
