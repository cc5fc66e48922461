"""What counts as this machine, and what may go through a proxy."""

import pytest

from gatepass.wire.urls import is_confidential, is_loopback, may_use_proxy, split


def may_carry_secrets(url: str) -> bool:
    parts = split(url)
    return parts is not None and is_confidential(parts)


@pytest.mark.parametrize(
    "host", ["localhost", "app.localhost", "127.0.0.1", "127.255.255.254", "::1"]
)
def test_this_machine_is_known_by_its_names_and_addresses(host: str) -> None:
    assert is_loopback(host)
    netloc = f"[{host}]" if ":" in host else host
    assert may_carry_secrets(f"http://{netloc}:8000/a")
    assert may_carry_secrets(f"https://{netloc}:8000/a")


@pytest.mark.parametrize(
    "host",
    ["", "host.example", "localhost.example", "evillocalhost", "127.0.0.1.example", "128.0.0.1"],
)
def test_any_other_host_is_not_this_machine(host: str) -> None:
    assert not is_loopback(host)
    assert not may_carry_secrets(f"http://{host}/")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "host.example/token",
        "/token",
        "ftp://host.example/",
        "ftp://localhost/",
        "https://",
        "https:///token",
        "https://host.example:port/",
        "https://host.example:70000/",
        "https://[::1/",
        "https://host.example/a b",
        "https://höst.example/",
        "https://" + 64 * "a" + ".example/",
        "https://host..example/",
        "https://host.example/\n",
    ],
)
def test_what_is_no_http_url_is_not_split(text: str) -> None:
    assert split(text) is None


def test_https_is_confidential_for_any_host() -> None:
    assert may_carry_secrets("https://host.example:8443/token?a=b")


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
