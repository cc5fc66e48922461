"""What counts as this machine, and what may go through a proxy."""

import pytest

from gatepass.wire.urls import is_loopback, is_loopback_http, may_use_proxy


@pytest.mark.parametrize(
    "host", ["localhost", "app.localhost", "127.0.0.1", "127.255.255.254", "::1"]
)
def test_this_machine_is_known_by_its_names_and_addresses(host: str) -> None:
    assert is_loopback(host)
    netloc = f"[{host}]" if ":" in host else host
    assert is_loopback_http(f"http://{netloc}:8000/a")
    assert not is_loopback_http(f"https://{netloc}:8000/a")


@pytest.mark.parametrize(
    "host",
    ["", "host.example", "localhost.example", "evillocalhost", "127.0.0.1.example", "128.0.0.1"],
)
def test_any_other_host_is_not_this_machine(host: str) -> None:
    assert not is_loopback(host)
    assert not is_loopback_http(f"http://{host}/")


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://app.example.com/", True),
        ("HTTPS://app.example.com/", True),
        ("https://localhost/", True),
        ("http://localhost/", False),
        ("http://127.0.0.1:8000/", False),
        ("http://host.example/", False),
        ("", False),
    ],
)
def test_only_https_may_go_through_a_proxy(url: str, *, expected: bool) -> None:
    assert may_use_proxy(url) is expected
