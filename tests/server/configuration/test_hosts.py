"""Which Host headers a server takes for its own, and which settings of hosts it refuses."""

import json
from pathlib import Path

import pytest

from gatepass.server.configuration.environment_settings import EnvironmentSettings
from gatepass.server.configuration.network import hosts
from server.fixtures import settings

_VECTORS = json.loads((Path(__file__).parents[2] / "vectors" / "hosts.json").read_text())
_NETWORKS = {
    "10.0.0.1/8": "write 10.0.0.1 or 10.0.0.0/8",
    "10.0.0.0/33": "must be an IP address or a network",
    "nginx": "must be an IP address or a network",
    "https://10.0.0.1": "must be an IP address or a network",
    "10.0.0.1/": "must be an IP address or a network",
    "2001:db8::1/32": "write 2001:db8::1 or 2001:db8::/32",
    "": "must be an IP address or a network",
}


@pytest.mark.parametrize("name", _VECTORS["refused"])
def test_a_host_that_no_host_header_has_is_refused_in_words(tmp_path: Path, name: str) -> None:
    text, said = _VECTORS["refused"][name]

    with pytest.raises(ValueError, match="hosts") as caught:
        settings(tmp_path, production={"hosts": (text,)})
    assert said in str(caught.value)


@pytest.mark.parametrize(("text", "kept"), _VECTORS["accepted"].items())
def test_a_host_is_kept_in_one_spelling(text: str, kept: str) -> None:
    assert EnvironmentSettings(hosts=(text,)).hosts == (kept,)


@pytest.mark.parametrize("setting", ["trusted_proxies", "metrics_networks"])
@pytest.mark.parametrize(("text", "said"), _NETWORKS.items())
def test_a_network_that_is_none_is_refused_in_words(
    tmp_path: Path, setting: str, text: str, said: str
) -> None:
    with pytest.raises(ValueError, match=setting) as caught:
        settings(tmp_path, **{setting: ("127.0.0.1", text)})
    assert said in str(caught.value)


@pytest.mark.spec("RFC 3986", "6.2.3")
def test_one_host_in_two_spellings_is_not_of_both_environments(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"share the host app\.example\.com"):
        settings(
            tmp_path,
            production={"hosts": ("app.example.com",)},
            sandbox={"hosts": ("app.example.com:443",)},
        )


@pytest.mark.spec("RFC 3986", "6.2.3")
@pytest.mark.parametrize(
    ("host", "environment"),
    [
        ("app.example.com", "production"),
        ("app.example.com:443", "production"),
        ("app.example.com:", "production"),
        ("app.example.com.", "production"),
        ("app.example.com.:443", "production"),
        ("app.example.com:80", None),
        ("app.example.com..", None),
        ("app.example.com:8443", None),
        ("sandbox.example.com:8443", "sandbox"),
        ("sandbox.example.com.:8443", "sandbox"),
        ("sandbox.example.com", "sandbox"),  # the issuer's without its port
        ("sandbox.example.com:443", "sandbox"),
        ("sandbox.example.com:8444", None),
        ("10.0.0.5", "sandbox"),
        ("10.0.0.5.", None),
        ("[2001:db8::5]:443", "sandbox"),
        ("evil.example", None),
        ("", None),
    ],
)
def test_default_ports_and_dots_name_the_same_host_and_the_issuers_may_lack_its_port(
    host: str, environment: str | None
) -> None:
    served = hosts.served(
        [
            ("production", ("app.example.com",), "https://app.example.com"),
            (
                "sandbox",
                ("10.0.0.5", "[2001:db8::5]"),
                "https://sandbox.example.com:8443",
            ),
        ]
    )

    assert served.get(host) == environment


def test_where_issuers_differ_in_their_port_alone_a_host_without_one_is_of_neither() -> None:
    served = hosts.served(
        [
            ("production", (), "https://app.example.com:8443"),
            ("sandbox", (), "https://app.example.com:9443"),
        ]
    )

    assert served.get("app.example.com:8443") == "production"
    assert served.get("app.example.com:9443") == "sandbox"
    assert "app.example.com" not in served


def test_a_host_that_is_named_is_not_what_another_issuer_implies() -> None:
    served = hosts.served(
        [
            ("production", ("app.example.com:8443",), "https://app.example.com:8443"),
            ("sandbox", ("app.example.com",), "https://sandbox.example.com"),
        ]
    )

    assert served["app.example.com"] == "sandbox"
    assert served["app.example.com:8443"] == "production"


ISSUER = "https://app.example.com:8443"


@pytest.mark.spec("RFC 6454", "5")
@pytest.mark.parametrize(
    ("origin", "host", "is_own"),
    [
        ("https://app.example.com", "app.example.com", True),
        ("https://app.example.com", "app.example.com:443", True),
        ("https://app.example.com", "App.Example.com.", True),
        ("https://app.example.com.", "app.example.com.", True),
        ("https://app.example.com:8443", "app.example.com", True),  # the port was dropped
        ("https://app.example.com:8443", "app.example.com:8443", True),
        ("https://app.example.com:9443", "app.example.com", False),
        ("http://app.example.com", "app.example.com", False),
        ("https://app.example.com:80", "app.example.com", False),
        ("https://other.example.com", "app.example.com", False),
        ("https://app.example.com:8443", "other.example.com", False),
        ("https://app.example.com.evil.example", "app.example.com", False),
        ("https://app.example.com@evil.example", "app.example.com", False),
        ("null", "app.example.com", False),
        ("", "app.example.com", False),
        ("://", "", False),
    ],
)
def test_an_origin_is_own_by_the_host_that_was_asked_or_by_the_issuers_port(
    origin: str, host: str, *, is_own: bool
) -> None:
    assert hosts.is_own_origin(origin, "https", host, ISSUER) is is_own
