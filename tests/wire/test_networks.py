"""The networks from which an application may send requests, IPv4-mapped addresses among them."""

from ipaddress import ip_network

import pytest

from gatepass.wire.networks import allows, as_ipv4


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("192.0.2.7", True),
        ("::ffff:192.0.2.7", True),
        ("2001:db8::1", True),
        ("198.51.100.1", False),
        ("::ffff:198.51.100.1", False),
        ("2001:db9::1", False),
        ("", False),
        ("unknown", False),
    ],
)
def test_a_source_is_allowed_from_the_listed_networks(source: str, *, expected: bool) -> None:
    networks = [ip_network("192.0.2.0/24"), ip_network("2001:db8::/32")]

    assert allows(networks, source) is expected


@pytest.mark.parametrize("source", ["192.0.2.7", "", "unknown"])
def test_without_networks_every_source_is_allowed(source: str) -> None:
    assert allows([], source)


@pytest.mark.parametrize(
    ("network", "expected"),
    [
        ("::ffff:192.0.2.0/120", "192.0.2.0/24"),
        ("::ffff:192.0.2.7/128", "192.0.2.7/32"),
        ("::ffff:0:0/96", "0.0.0.0/0"),
        ("::/0", "::/0"),
        ("2001:db8::/32", "2001:db8::/32"),
        ("192.0.2.0/24", "192.0.2.0/24"),
    ],
)
@pytest.mark.spec("RFC 4291", "2.5.5.2")
def test_an_ipv4_mapped_network_is_the_ipv4_network(network: str, expected: str) -> None:
    assert as_ipv4(ip_network(network)) == ip_network(expected)
