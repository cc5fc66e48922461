"""The headers that keep browsers safe are on every answer, whatever the door and the error."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from gatepass.server.configuration.environment_settings import EnvironmentSettings
from server.fixtures import Client, new_clock, raw_basic
from server.serving.fast_path.doors import Door, Response, door
from server.serving.fast_path.requests import Ask, Headers

_HOST = "app.example.com"
_TLS = EnvironmentSettings(hosts=(_HOST,), issuer=f"https://{_HOST}")
_HTTPS: Headers = (("X-Forwarded-Proto", "https"), ("X-Forwarded-For", "192.0.2.7"))

# Path, method, and the status that is expected; with a body where the method is POST.
_PATHS = [
    ("/accounts/login/", "GET", 200),
    ("/accounts/login/", "POST", 403),
    ("/accounts/password/", "GET", 303),
    ("/accounts/logout/", "GET", 405),
    ("/oauth2/applications/", "GET", 303),
    ("/oauth2/applications/register/", "GET", 303),
    ("/", "GET", 303),
    ("/nothing/", "GET", 404),
    ("/static/0123456789abcdef/portal.css", "GET", 200),
    ("/static/0123456789abcdef/nothing.css", "GET", 404),
    ("/oauth2/token/", "GET", 405),
    ("/oauth2/token/", "POST", 401),
    ("/oauth2/revoke_token/", "POST", 401),
    ("/oauth2/introspect/", "POST", 401),
    ("/oauth2/revocations/", "GET", 401),
    ("/oauth2/verify/?wrong=1", "GET", 500),
    ("/oauth2/verify/?scope=read", "GET", 401),
    ("/oauth2/verify/nginx/?scope=read", "GET", 401),
    ("/oauth2/verify/envoy/production/scope=read/any", "GET", 401),
    ("/.well-known/oauth-authorization-server", "GET", 200),
    ("/.well-known/oauth-protected-resource/api/partners/v2.0", "GET", 200),
    ("/.well-known/jwks.json", "GET", 200),
    ("/api/partners/v2.0/docs", "GET", 200),
    ("/api/partners/v2.0/openapi.json", "GET", 200),
    ("/api/partners/v2.0/org/nobody", "GET", 401),
    ("/api/partners/v2.0/nothing", "GET", 404),
    ("/healthz", "GET", 200),
    ("/readyz", "GET", 200),
    ("/healthz", "POST", 405),
    ("/metrics", "GET", 404),
]


@pytest.fixture(scope="module", params=[True, False], ids=["fast path", "ASGI"])
def served(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Door]:
    data: Path = tmp_path_factory.mktemp("secure") / "data"
    given = {"production": _TLS, "trusted_proxies": ("127.0.0.1",), "fast_path": request.param}
    with door(data, new_clock(), **given) as opened:
        yield opened


@pytest.fixture(scope="module")
def client(served: Door) -> Client:
    return served.server.register()


def answer(served: Door, ask: Ask) -> Response:
    with served.connect() as line:
        line.say(ask.raw())
        response = line.hear()
    assert response
    return response


def check(response: Response, *, is_ours: bool = True) -> None:
    names = [name for name, _ in response.headers]

    assert response.header(b"x-content-type-options") == b"nosniff"
    assert names.count(b"x-content-type-options") == 1
    transport = response.header(b"strict-transport-security")
    assert transport == (b"max-age=31536000" if is_ours else None)
    assert names.count(b"strict-transport-security") == int(is_ours)
    if (response.header(b"content-type") or b"").startswith(b"text/html"):
        assert response.header(b"cross-origin-opener-policy") == b"same-origin"


@pytest.mark.spec("RFC 6797", "7.2")
@pytest.mark.parametrize(("path", "method", "status"), _PATHS)
def test_every_answer_over_https_says_so(served: Door, path: str, method: str, status: int) -> None:
    body = b"grant_type=client_credentials" if method == "POST" else b""
    response = answer(served, Ask(path, method, host=(_HOST,), body=body, more=_HTTPS))

    assert response.status == status
    check(response)


@pytest.mark.spec("RFC 6797", "7.2")
def test_tokens_and_answers_about_them_say_so_too(served: Door, client: Client) -> None:
    basic = (raw_basic(f"{client.client_id}:{client.secret.value}".encode()),)
    answer(served, Ask(host=(_HOST,), authorization=basic, more=_HTTPS))  # from now on in memory
    before = served.by_fast_path
    for _ in range(3):
        response = answer(served, Ask(host=(_HOST,), authorization=basic, more=_HTTPS))
        assert response.status == 200
        check(response)
    token = response.body.split(b'"')[3]
    asked = b"token=" + token
    introspected = answer(
        served,
        Ask("/oauth2/introspect/", host=(_HOST,), authorization=basic, more=_HTTPS, body=asked),
    )

    assert introspected.status == 200
    check(introspected)
    assert served.by_fast_path - before == (4 if served.has_fast_path else 0)


@pytest.mark.parametrize("path", ["/oauth2/token/", "/accounts/login/", "/healthz", "/metrics"])
def test_of_another_host_nothing_is_said_about_its_transport(served: Door, path: str) -> None:
    ask = Ask(path, host=("other.example.com",), method="GET", body=b"", more=_HTTPS)

    check(answer(served, ask), is_ours=False)


@pytest.mark.spec("RFC 6797", "7.2")
@pytest.mark.parametrize("path", ["/healthz", "/oauth2/token/", "/accounts/login/"])
def test_an_environment_without_https_says_nothing_about_transport(served: Door, path: str) -> None:
    sandbox = "localhost:8001"
    response = answer(served, Ask(path, method="GET", host=(sandbox,), body=b""))

    check(response, is_ours=False)


_REFUSED = {
    400: b"GET / HTTP/1.1\r\n\r\n",
    414: b"GET /%b HTTP/1.1\r\n" % (b"a" * 9000),
    431: b"GET / HTTP/1.1\r\n" + b"a: b\r\n" * 101 + b"\r\n",
    501: b"CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\n",
    505: b"GET / HTTP/2.0\r\n\r\n",
}


@pytest.mark.parametrize("status", _REFUSED)
def test_what_is_refused_before_its_host_is_known_is_not_sniffed_either(
    served: Door, status: int
) -> None:
    with served.connect() as line:
        line.say(_REFUSED[status])
        response = line.hear()

    assert response
    assert response.status == status
    check(response, is_ours=False)
