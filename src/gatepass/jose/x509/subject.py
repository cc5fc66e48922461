"""The subject that a certificate must name, for `tls_client_auth` (RFC 8705 §2.1.2). Pure.

A client registers exactly one of the five members, and only the leaf is compared with it.
"""

import re
import unicodedata
from collections.abc import Callable
from ipaddress import ip_address
from types import MappingProxyType
from typing import Literal, NamedTuple, get_args

from gatepass.extras import installed_by
from gatepass.jose.x509.certificate import Certificate

with installed_by("gatepass[guard]"):
    from cryptography import x509
    from cryptography.x509.oid import NameOID

Member = Literal[
    "tls_client_auth_subject_dn",
    "tls_client_auth_san_dns",
    "tls_client_auth_san_uri",
    "tls_client_auth_san_ip",
    "tls_client_auth_san_email",
]
MEMBERS: tuple[Member, ...] = get_args(Member)
LONGEST_VALUE = 1000  # characters

_Names = tuple[frozenset[tuple[str, str | bytes]], ...]

# Types of attributes beside those of RFC 4514 §3, which a DN may have by name, in any case.
_TYPES = {
    "CN": NameOID.COMMON_NAME,
    "L": NameOID.LOCALITY_NAME,
    "ST": NameOID.STATE_OR_PROVINCE_NAME,
    "O": NameOID.ORGANIZATION_NAME,
    "OU": NameOID.ORGANIZATIONAL_UNIT_NAME,
    "C": NameOID.COUNTRY_NAME,
    "STREET": NameOID.STREET_ADDRESS,
    "DC": NameOID.DOMAIN_COMPONENT,
    "UID": NameOID.USER_ID,
    "emailAddress": NameOID.EMAIL_ADDRESS,
    "serialNumber": NameOID.SERIAL_NUMBER,
    "organizationIdentifier": NameOID.ORGANIZATION_IDENTIFIER,
    "businessCategory": NameOID.BUSINESS_CATEGORY,
    "postalCode": NameOID.POSTAL_CODE,
    "title": NameOID.TITLE,
    "GN": NameOID.GIVEN_NAME,
    "SN": NameOID.SURNAME,
}
_BY_NAME = {
    spelling: oid for name, oid in _TYPES.items() for spelling in {name, name.lower(), name.upper()}
}
_BY_OID = {oid: name for name, oid in _TYPES.items()}
_HEX_VALUE = re.compile(r"(?:^|[,+])[^=,+]*=#")
_LABEL = "(?!-)[A-Za-z0-9_-]{1,63}(?<!-)"
_DNS = re.compile(rf"(?=.{{1,253}}\Z){_LABEL}(?:\.{_LABEL})*")
_EMAIL = re.compile(rf"[!-?A-~]{{1,64}}@{_LABEL}(?:\.{_LABEL})*")
_URI = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:[!#-;=?-_a-z~]+")


class Subject(NamedTuple):
    """What a certificate must name: one member of the client's metadata, and its value."""

    member: Member
    value: str

    def matches(self, certificate: Certificate) -> bool:
        """Return whether a certificate names this subject."""
        return self.name() in names(certificate)

    def name(self) -> "Name":
        """Return it as it is compared; reading a distinguished name takes a while."""
        return self.member, _COMPARABLE[self.member](self.value)


Name = tuple[Member, object]


def check(member: str, value: str) -> Subject:
    """Return a subject of a value that can be compared; raise ValueError."""
    text = value.strip()
    if member not in MEMBERS:
        raise ValueError("it is none of the members for a subject")
    if not 0 < len(text) <= LONGEST_VALUE or not text.isprintable():
        raise ValueError("it is empty, too long or has characters that cannot be seen")
    found: Member = member
    if found == "tls_client_auth_subject_dn":
        if not _parsed(text):
            raise ValueError("it is not a distinguished name (RFC 4514)")
    elif found == "tls_client_auth_san_ip":
        text = str(ip_address(text))  # a ValueError with a zone or prefix too
        if "%" in text:
            raise ValueError("it has a zone")
    elif not _FORMS[found].fullmatch(text):
        raise ValueError("it is not a name of this kind")
    return Subject(found, text)


def distinguished_name(certificate: Certificate) -> str:
    """Return the subject's name as a client registers it (RFC 4514); "" for an empty one."""
    return certificate.subject.rfc4514_string(_BY_OID)


def names(certificate: Certificate) -> frozenset[Name]:
    """Return what a certificate names, as the names of subjects are compared."""
    found: set[Name] = {
        (member, _COMPARABLE[member](each.value))
        for each in certificate.names
        for kind, member in _KINDS
        if isinstance(each, kind)
    }
    if distinguished := _comparable(certificate.subject):
        found.add(("tls_client_auth_subject_dn", distinguished))
    return frozenset(found)


_FORMS: MappingProxyType[Member, re.Pattern[str]] = MappingProxyType(
    {
        "tls_client_auth_san_dns": _DNS,
        "tls_client_auth_san_uri": _URI,
        "tls_client_auth_san_email": _EMAIL,
    }
)


def _parsed(text: str) -> _Names:
    """Return a distinguished name as it is compared; empty for a text that is none."""
    if _HEX_VALUE.search(text):  # a value as hexadecimal BER, which is not compared
        return ()
    try:
        return _comparable(x509.Name.from_rfc4514_string(text, _BY_NAME))
    except (ValueError, KeyError):
        return ()


def _comparable(name: x509.Name) -> _Names:
    """Return a name so that names are equal that match by RFC 5280 §7.1.

    The sequence counts, but not the order within one relative name; nor does case or the width of
    spaces (RFC 4518 §2).
    """
    return tuple(
        frozenset((each.oid.dotted_string, _prepared(each.value)) for each in relative)
        for relative in name.rdns
    )


def _prepared(value: str | bytes) -> str | bytes:
    if isinstance(value, bytes):
        return value
    return " ".join(unicodedata.normalize("NFKC", value).casefold().split())


def _mailbox(address: str) -> tuple[str, str]:
    local, _, host = address.rpartition("@")
    return local, _lower(host)


def _lower(name: str) -> str:
    """Return a name with ASCII letters in lower case, and others as they are."""
    return "".join(chr(ord(each) + 32) if "A" <= each <= "Z" else each for each in name)


_COMPARABLE: MappingProxyType[Member, Callable[[str], object]] = MappingProxyType(
    {
        "tls_client_auth_subject_dn": _parsed,
        "tls_client_auth_san_dns": _lower,  # RFC 5280 §7.2; a wildcard stands for no other name
        "tls_client_auth_san_uri": str,
        "tls_client_auth_san_ip": ip_address,  # as binary, however it is written
        "tls_client_auth_san_email": _mailbox,  # RFC 5280 §7.5: the local part exactly
    }
)
_KINDS: tuple[tuple[type[x509.GeneralName], Member], ...] = (
    (x509.DNSName, "tls_client_auth_san_dns"),
    (x509.UniformResourceIdentifier, "tls_client_auth_san_uri"),
    (x509.IPAddress, "tls_client_auth_san_ip"),
    (x509.RFC822Name, "tls_client_auth_san_email"),
)
