"""The address of a request, by which a proof is compared, as each kind of server gives it."""

from io import BytesIO
from typing import Any

import pytest
from django.core.handlers.asgi import ASGIRequest
from django.test import RequestFactory, override_settings

from gatepass.guard.asgi import request_of as asgi_request
from gatepass.guard.django.request import request_of as django_request
from gatepass.guard.model.address import address, path_as_sent, with_base
from gatepass.guard.wsgi import request_of as wsgi_request
from guard.adapters import site

assert site.urlpatterns  # which sets Django up

HOSTS = ("api.example.com", "api.example.com:8443", "127.0.0.1:80", "[::1]:80", "a_b")
NO_HOSTS = (
    "",
    "a/b",
    "a?b",
    "a#b",
    "a@b",
    "a:b",
    "a:",
    "a b",
    "a\\b",
    "a,b",
    "[g]",
    "[::1",
    "é",
    "a\n",
    "a%2fb",
    "a:123456",
)


@pytest.mark.spec("RFC 9449", "4.3")
@pytest.mark.parametrize("host", HOSTS)
def test_a_host_makes_an_address(host: str) -> None:
    assert address("HTTPS", host, "/a?b#c") == f"https://{host}/a"
    assert address("wss", host, "/") == f"https://{host}/"


@pytest.mark.parametrize("host", NO_HOSTS)
def test_what_could_make_another_path_is_no_host(host: str) -> None:
    assert not address("https", host, "/a")


@pytest.mark.parametrize(
    ("scheme", "path"), [("ftp", "/a"), ("", "/a"), ("http", "a"), ("http", "")]
)
def test_other_parts_make_no_address(scheme: str, path: str) -> None:
    assert not address(scheme, "api.example.com", path)


@pytest.mark.parametrize(
    ("sent", "decoded", "expected"),
    [
        ("/a%2Fb?c", "/a/b", "/a%2Fb"),
        ("/a%2fb", "/a/b", "/a%2fb"),
        ("", "/a/b", "/a/b"),
        ("/other", "/a/b", "/a/b"),
        ("http://h/a", "/a", "/a"),
        ("/caf%C3%A9", "/caf\xc3\xa9", "/caf%C3%A9"),
        ("", "/caf\xc3\xa9 x", "/caf%C3%A9%20x"),
        ("", "/a,b;c=d", "/a,b;c=d"),
    ],
)
def test_the_path_is_the_one_that_was_sent_if_the_server_has_it(
    sent: str, decoded: str, expected: str
) -> None:
    assert path_as_sent(sent, decoded) == expected


def test_a_base_replaces_all_before_the_path() -> None:
    base = "https://api.example.com/v1"

    assert with_base(base, "http://a:8000/b/c") == f"{base}/b/c"
    assert not with_base(base, "")


def scope(**changed: Any) -> dict[str, Any]:  # noqa: ANN401 - any member
    return {
        "type": "http",
        "method": "GET",
        "scheme": "https",
        "path": "/v1/caf\xe9/a/b",
        "raw_path": b"/v1/caf%C3%A9/a%2Fb",
        "root_path": "/v1",
        "query_string": b"c=d",
        "headers": [(b"host", b"api.example.com"), (b"dpop", b"proof")],
    } | changed


def test_an_asgi_server_gives_the_whole_path_as_it_was_sent() -> None:
    expected = "https://api.example.com/v1/caf%C3%A9/a%2Fb"

    assert asgi_request(scope(), {}, None)[0].url == expected
    assert asgi_request(scope(raw_path=None), {}, None)[0].url == expected.replace("%2F", "/")
    assert asgi_request(scope(path="/\udcff"), {}, None)[0].url == "https://api.example.com/%3F"


@pytest.mark.parametrize("hosts", [[], [b"a", b"b"], [b"a/b"]], ids=str)
def test_without_one_good_host_there_is_no_address(hosts: list[bytes]) -> None:
    headers = [(b"dpop", b"proof"), *((b"host", host) for host in hosts)]

    assert asgi_request(scope(headers=headers), {}, None)[0].url == ""


@pytest.mark.parametrize("name", ["RAW_URI", "REQUEST_URI"])
def test_a_wsgi_server_may_give_the_path_as_it_was_sent(name: str) -> None:
    environ = {
        "wsgi.url_scheme": "https",
        "HTTP_HOST": "api.example.com",
        "SCRIPT_NAME": "/v1",
        "PATH_INFO": "/a/b",
        "HTTP_DPOP": "proof",
    }

    assert wsgi_request(environ | {name: "/v1/a%2Fb?c"}).url == "https://api.example.com/v1/a%2Fb"
    assert wsgi_request(environ).url == "https://api.example.com/v1/a/b"
    assert wsgi_request({**environ, "HTTP_HOST": ""}).url == ""


def test_django_has_its_settings_for_hosts_and_proxies() -> None:
    made = RequestFactory(headers={"DPoP": "proof"}).get(
        "/a", HTTP_HOST="inner", HTTP_X_FORWARDED_HOST="api.example.com", HTTP_X_SCHEME="https"
    )
    settings = {"SECURE_PROXY_SSL_HEADER": ("HTTP_X_SCHEME", "https"), "USE_X_FORWARDED_HOST": True}
    with override_settings(ALLOWED_HOSTS=["api.example.com"], **settings):
        assert django_request(made, {}).url == "https://api.example.com/a"
    with override_settings(ALLOWED_HOSTS=["api.example.com"]):
        assert django_request(made, {}).url == ""


def test_django_by_asgi_has_path_and_certificate_of_the_connection() -> None:
    chain = {"tls": {"client_cert_chain": ["a certificate"]}}
    made = ASGIRequest(scope(extensions=chain), BytesIO())
    with override_settings(ALLOWED_HOSTS=["*"]):
        request = django_request(made, {})

    assert request.url == "https://api.example.com/v1/caf%C3%A9/a%2Fb"
    assert request.connection is not None
    assert request.connection.certificate() == "a certificate"
