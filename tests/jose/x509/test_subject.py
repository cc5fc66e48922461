"""Which certificates name the subject that a client registered (RFC 8705 §2.1.2)."""

from ipaddress import ip_address

import pytest
from cryptography import x509

from certificates import certificate
from gatepass.jose.x509.subject import MEMBERS, check, distinguished_name

DN = "tls_client_auth_subject_dn"
DNS, URI, IP, EMAIL = (f"tls_client_auth_san_{each}" for each in ("dns", "uri", "ip", "email"))
NAMED = certificate(
    "CN=Acme  Billing,OU=Pay\\, IT,O=Acme Ltd,C=DE",
    [
        x509.DNSName("Billing.acme.example"),
        x509.DNSName("*.wild.example"),
        x509.UniformResourceIdentifier("spiffe://acme/Billing"),
        x509.IPAddress(ip_address("192.0.2.7")),
        x509.IPAddress(ip_address("2001:db8::7")),
        x509.RFC822Name("Billing@Acme.example"),
    ],
)


@pytest.mark.parametrize(
    ("member", "value"),
    [
        (DN, "CN=Acme  Billing,OU=Pay\\, IT,O=Acme Ltd,C=DE"),
        (DN, "cn=ACME BILLING,ou=pay\\2C it,o=acme   ltd,c=de"),
        (DN, "2.5.4.3=acme billing,2.5.4.11=pay\\, it,O=Acme Ltd,C=DE"),
        (DNS, "billing.ACME.example"),
        (URI, "spiffe://acme/Billing"),
        (IP, "192.0.2.7"),
        (IP, "2001:db8::7"),
        (IP, "2001:0DB8:0000::0007"),
        (EMAIL, "Billing@acme.EXAMPLE"),
    ],
)
@pytest.mark.spec("RFC 8705", "2.1.2")
def test_a_certificate_names_a_subject_by_the_rules_of_its_kind(member: str, value: str) -> None:
    assert check(member, value).matches(NAMED)


@pytest.mark.parametrize(
    ("member", "value"),
    [
        (DN, "C=DE,O=Acme Ltd,OU=Pay\\, IT,CN=Acme Billing"),
        (DN, "CN=Acme Billing,O=Acme Ltd,C=DE"),
        (DN, "CN=Acme Billing"),
        (DN, "CN=Acme Billing,OU=Pay\\, IT,O=Acme Ltd,C=DE,C=DE"),
        (DN, "CN=Acme Billing+OU=Pay\\, IT,O=Acme Ltd,C=DE"),
        (DN, "O=Acme Billing,OU=Pay\\, IT,O=Acme Ltd,C=DE"),
        (DN, "CN=AcmeBilling,OU=Pay\\, IT,O=Acme Ltd,C=DE"),
        (DNS, "acme.example"),
        (DNS, "a.wild.example"),
        (DNS, "192.0.2.7"),
        (URI, "spiffe://acme/billing"),
        (URI, "spiffe://acme/Billing/"),
        (IP, "192.0.2.70"),
        (IP, "::ffff:192.0.2.7"),
        (EMAIL, "billing@acme.example"),
        (EMAIL, "Billing@acme.example.org"),
    ],
)
def test_a_certificate_does_not_name_what_is_almost_its_subject(member: str, value: str) -> None:
    assert not check(member, value).matches(NAMED)


@pytest.mark.parametrize("member", MEMBERS)
def test_a_certificate_without_names_matches_nothing(member: str) -> None:
    value = {DN: "CN=a", DNS: "a", URI: "a:b", IP: "::1", EMAIL: "a@b"}[member]

    assert not check(member, value).matches(certificate(""))


@pytest.mark.parametrize(
    ("member", "value"),
    [
        ("tls_client_auth_san", "a"),
        ("client_secret", "a"),
        (DN, ""),
        (DN, "acme"),
        (DN, "C = DE, O = Acme Ltd"),
        (DN, "CN=a;O=b"),
        (DN, "2.5.4.3=#0C0161"),
        (DN, "NOPE=a"),
        (DN, "CN=" + "a" * 1000),
        (DN, "CN=a\nb"),
        (DNS, "*.acme.example"),
        (DNS, "a..b"),
        (DNS, "https://acme.example"),
        (DNS, "a" * 64),
        (URI, "acme"),
        (URI, "spiffe://acme/a b"),
        (IP, "192.0.2.0/24"),
        (IP, "192.0.2"),
        (IP, "fe80::1%eth0"),
        (EMAIL, "acme.example"),
        (EMAIL, "a@b@c"),
    ],
)
def test_a_value_that_can_never_match_is_not_registered(member: str, value: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        check(member, value)


def test_the_name_that_is_shown_of_a_certificate_is_one_that_matches_it() -> None:
    shown = distinguished_name(NAMED)

    assert shown == "CN=Acme  Billing,OU=Pay\\, IT,O=Acme Ltd,C=DE"
    assert check(DN, shown).matches(NAMED)
