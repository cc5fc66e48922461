import socket

import pytest

from gatepass.server.configuration.single_sign_on_settings import split_server
from gatepass.server.environment.openid_provider import domain_records
from gatepass.server.environment.openid_provider.errors import ProviderAwayError
from server.environment.openid_provider.dns_server import serving

NAME = "_gatepass-challenge.acme.example"


def test_the_txt_records_at_a_name_are_read_and_a_name_without_any_has_none() -> None:
    with serving({NAME: "gatepass-domain=token", "www.acme.example": "x"}) as server:
        found = domain_records.read(NAME, [server], 2)
        missing = domain_records.read("_gatepass-challenge.other.example", [server], 2)

    assert (found, missing) == (["gatepass-domain=token"], [])


def test_a_dns_server_that_does_not_answer_is_given_up() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
        silent.bind(("127.0.0.1", 0))
        port = silent.getsockname()[1]
        with pytest.raises(ProviderAwayError, match="the DNS does not answer"):
            domain_records.read(NAME, [f"127.0.0.1:{port}"], 0.2)


@pytest.mark.parametrize(
    ("text", "server"),
    [
        ("192.0.2.1", ("192.0.2.1", 53)),
        ("192.0.2.1:5353", ("192.0.2.1", 5353)),
        ("2001:db8::1", ("2001:db8::1", 53)),
        ("[2001:db8::1]:5353", ("2001:db8::1", 5353)),
        ("[2001:db8::1]", ("2001:db8::1", 53)),
    ],
)
def test_a_dns_server_is_named_by_address_and_port(text: str, server: tuple[str, int]) -> None:
    assert split_server(text) == server


@pytest.mark.parametrize("text", ["", "dns.example", "192.0.2.1:", "192.0.2.1:x", ":53"])
def test_what_is_no_address_is_no_dns_server(text: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        split_server(text)
