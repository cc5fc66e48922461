"""Whose address and scheme a server behind proxies takes a request for."""

import asyncio
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatepass.server.serving.proxy_headers import ClientInfo, ProxyHeaders, TrustedProxies
from server.fixtures import settings
from server.forwarded import GROUPS, PEER, Case, Group

ALL = [
    pytest.param(group, case, id=f"{group.name}: {case.name}")
    for group in GROUPS
    for case in group.cases
]
PROXY = TrustedProxies(["127.0.0.1", "10.0.0.0/8"])
RFC7239 = TrustedProxies(["127.0.0.1", "10.0.0.0/8"], "forwarded")


def rule(tmp_path: Path, group: Group) -> TrustedProxies:
    chosen = settings(tmp_path, **group.settings)
    return TrustedProxies(chosen.trusted_proxies, chosen.proxy_header, chosen.proxy_hops)


def through(proxies: TrustedProxies, scope: dict[str, Any]) -> dict[str, Any]:
    """Give the scope that an application behind `proxies` gets."""
    got: dict[str, Any] = {}

    async def application(scope: Any, _receive: Any, _send: Any) -> None:  # noqa: ANN401
        got.update(scope)

    async def nothing(*_: Any) -> Any:  # noqa: ANN401
        raise AssertionError

    asyncio.run(ProxyHeaders(application, proxies)(scope, nothing, nothing))
    return got


def http(*headers: tuple[bytes, bytes], client: tuple[str, int] | None) -> dict[str, Any]:
    return {"type": "http", "scheme": "http", "client": client, "headers": list(headers)}


@pytest.mark.spec("ASVS", "4.1.3")
@pytest.mark.spec("RFC 7239", "4")
@pytest.mark.spec("RFC 9110", "5.3")
@pytest.mark.parametrize(("group", "case"), ALL)
def test_headers_name_a_client_only_as_far_as_trusted_proxies_vouch_for_it(
    tmp_path: Path, group: Group, case: Case
) -> None:
    headers = [(name.lower().encode(), value.encode()) for name, value in case.headers]
    scope = through(rule(tmp_path, group), http(*headers, client=(PEER, 4711)))

    assert (scope["client"][0], scope["scheme"]) == (case.source, case.scheme)


@pytest.mark.parametrize(
    ("peer", "source", "is_trusted"),
    [
        ("127.0.0.1", "127.0.0.1", True),
        ("::ffff:127.0.0.1", "127.0.0.1", True),
        ("::ffff:10.1.2.3", "10.1.2.3", True),
        ("127.0.0.2", "127.0.0.2", False),
        ("::1", "::1", False),
        ("::ffff:192.0.2.7", "192.0.2.7", False),
        ("::127.0.0.1", "::7f00:1", False),
        ("fe80::1%eth0", "fe80::1%eth0", False),
        ("testclient", "testclient", False),
        ("", "", False),
        (None, "", False),
    ],
)
@pytest.mark.parametrize("header", ["x-forwarded-for", "forwarded"])
def test_only_a_trusted_peer_is_asked_and_a_mapped_one_is_its_ipv4_address(
    peer: str | None, source: str, *, is_trusted: bool, header: str
) -> None:
    proxies = PROXY if header == "x-forwarded-for" else RFC7239
    values = (b"192.0.2.9", b"https") if proxies is PROXY else (b"for=192.0.2.9;proto=https",) * 2
    seen = proxies.client_info(peer, "http", *values)

    assert seen == (ClientInfo("https", "192.0.2.9") if is_trusted else ClientInfo("http", source))


def test_a_peer_of_a_trusted_link_is_believed_with_its_zone() -> None:
    proxies = TrustedProxies(["fe80::/10"])

    assert proxies.client_info("fe80::1%eth0", "http", b"192.0.2.9", None).source == "192.0.2.9"
    assert proxies.client_info("fe80::1%eth0", "http", b"unknown", None).source == "fe80::1%eth0"


def test_a_connection_without_an_address_stays_one_and_other_messages_pass() -> None:
    forged = (b"x-forwarded-for", b"192.0.2.9")
    lifespan = {"type": "lifespan", "state": {}}

    assert through(PROXY, http(forged, client=None))["client"] is None
    assert through(TrustedProxies(["*"]), http(forged, client=None))["client"] is None
    assert through(PROXY, dict(lifespan)) == lifespan


pieces = st.sampled_from(
    [
        *'for=;,:"\\[]_% \t',
        "192.0.2.9",
        "10.0.0.2",
        "::1",
        "for=",
        "proto=https",
        "\u00e9",
        "unknown",
    ]
)


@given(st.lists(pieces, max_size=40).map("".join), st.sampled_from([PROXY, RFC7239]))
def test_whatever_is_sent_the_source_is_an_address(text: str, proxies: TrustedProxies) -> None:
    seen = proxies.client_info(PEER, "http", text.encode(), text.encode())

    assert str(ip_address(seen.source)) == seen.source
    assert "%" not in seen.source
    assert seen.scheme in {"http", "https"}


@given(st.lists(pieces, max_size=40).map("".join), st.sampled_from([PROXY, RFC7239]))
def test_whatever_a_client_sends_the_proxys_own_word_counts(
    text: str, proxies: TrustedProxies
) -> None:
    own, proto = (
        (b"198.51.100.4", b"http")
        if proxies is PROXY
        else (b'for="198.51.100.4:80";proto=http;by=_a',) * 2
    )
    for between in (b",", b", "):
        seen = proxies.client_info(
            PEER, "https", text.encode() + between + own, text.encode() + between + proto
        )

        assert seen == ClientInfo("http", "198.51.100.4")


def test_the_same_bytes_are_worked_out_once_and_long_ones_are_not_kept() -> None:
    kept = TrustedProxies(["127.0.0.1"])
    first = kept.client_info(PEER, "http", b"192.0.2.9", b"https")
    long = b"x" * 300 + b", 192.0.2.9"

    assert kept.client_info(PEER, "http", b"192.0.2.9", b"https") is first
    assert kept.client_info(PEER, "http", long, None) == kept.client_info(PEER, "http", long, None)
    assert kept.client_info(PEER, "http", long, None) is not kept.client_info(
        PEER, "http", long, None
    )


@pytest.mark.parametrize(
    "proxies",
    [
        ("proxy.example.com",),
        ("10.0.0.1/8",),
        ("10.0.0.0/33",),
        ("unix:",),
        ("",),
        ("10.0.0.1, 10.0.0.2",),
        ("*", "10.0.0.1"),
        ("**",),
    ],
)
def test_a_proxy_that_is_no_network_is_refused(tmp_path: Path, proxies: tuple[str, ...]) -> None:
    with pytest.raises(ValueError, match="trusted_proxies"):
        settings(tmp_path, trusted_proxies=proxies)
