"""Where an application's requests may come from; what is not understood lets nobody in."""

import json
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatepass.server.domain.applications.networks import MOST, check_networks
from gatepass.wire.errors import OAuthError
from gatepass.wire.networks import allows, as_ipv4

VECTORS = Path(__file__).parents[3] / "vectors"
HOSTILE: dict[str, list[str]] = json.loads((VECTORS / "networks.json").read_text())
OFFICE = check_networks("203.0.113.0/24 2001:db8::/32")

addresses = st.ip_addresses()
networks = st.one_of(
    st.ip_addresses(v=4).flatmap(
        lambda ip: st.integers(0, 32).map(lambda n: IPv4Network((ip, n), strict=False))
    ),
    st.ip_addresses(v=6).flatmap(
        lambda ip: st.integers(0, 128).map(lambda n: IPv6Network((ip, n), strict=False))
    ),
)


@given(st.lists(networks, max_size=5), st.sampled_from([" ", ", ", "\r\n", "\n\n", ","]))
def test_networks_are_read_as_they_are_written(
    given_networks: list[IPv4Network | IPv6Network], between: str
) -> None:
    read = check_networks(between.join(map(str, given_networks)))

    assert read == tuple(dict.fromkeys(map(as_ipv4, given_networks)))


@pytest.mark.parametrize(
    ("mapped", "meant", "inside"),
    [
        ("::ffff:203.0.113.0/120", "203.0.113.0/24", "203.0.113.9"),
        ("::ffff:203.0.113.7", "203.0.113.7/32", "203.0.113.7"),
        ("::ffff:cb00:7100/120", "203.0.113.0/24", "::ffff:203.0.113.9"),
        ("::ffff:0:0/96", "0.0.0.0/0", "198.51.100.1"),
    ],
)
def test_an_ipv4_mapped_network_is_the_ipv4_network(mapped: str, meant: str, inside: str) -> None:
    read = check_networks(mapped)

    assert [str(network) for network in read] == [meant]
    assert allows(read, inside)


@pytest.mark.parametrize("text", ["::fffe:0:0/95", "::/0", "2001:db8::/32"])
def test_a_network_that_is_not_mapped_stays_ipv6(text: str) -> None:
    assert [str(network) for network in check_networks(text)] == [str(ip_network(text))]


@pytest.mark.parametrize("text", ["fe80::1%eth0", "fe80::%eth0/64", "fe80::1%1"])
def test_an_address_with_a_zone_is_refused_in_words(text: str) -> None:
    with pytest.raises(OAuthError, match="without the zone"):
        check_networks(text)


@pytest.mark.parametrize("text", HOSTILE["no network"])
def test_what_is_no_network_is_refused_whole_and_told_in_one_line(text: str) -> None:
    with pytest.raises(OAuthError) as refused:
        check_networks(f"198.51.100.0/24 {text}")

    assert refused.value.status == 400
    assert refused.value.description.isprintable()


def test_what_was_meant_is_offered() -> None:
    with pytest.raises(OAuthError, match=r"Did you mean 10\.0\.0\.0/8\?"):
        check_networks("10.1.2.3/8")


def test_there_are_fifty_at_most() -> None:
    assert len(check_networks(" ".join(f"10.0.0.{n}" for n in range(MOST)))) == MOST
    with pytest.raises(OAuthError):
        check_networks(" ".join(f"10.0.0.{n}" for n in range(MOST + 1)))


@given(addresses)
def test_without_networks_any_request_may_come(address: object) -> None:
    assert allows((), str(address))
    assert allows((), "")


@given(addresses, networks)
def test_with_networks_only_their_addresses_may(
    address: object, network: IPv4Network | IPv6Network
) -> None:
    mapped = getattr(address, "ipv4_mapped", None) or address

    assert allows((network,), str(address)) == (mapped in network)


@pytest.mark.parametrize("source", HOSTILE["no address"])
def test_an_address_that_is_not_known_is_in_no_network(source: str) -> None:
    everywhere = (ip_network("0.0.0.0/0"), ip_network("::/0"))

    assert not allows(OFFICE, source)
    assert not allows(everywhere, source)


@pytest.mark.parametrize(
    ("source", "may"),
    [
        ("203.0.113.0", True),
        ("203.0.113.255", True),
        ("203.0.112.255", False),
        ("203.0.114.0", False),
        ("::ffff:203.0.113.7", True),
        ("::ffff:203.0.114.7", False),
        ("2001:db8:ffff::1", True),
        ("2001:db9::", False),
    ],
)
def test_the_edges_of_a_network_and_mapped_addresses(source: str, *, may: bool) -> None:
    assert allows(OFFICE, source) is may
