"""Keys of an application and how it uses them, with the rules that their values obey. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType
from uuid import UUID

from gatepass.jose.keys.errors import Fault, UnusableKeyError
from gatepass.jose.keys.public_key import ClientKey, read_keys
from gatepass.server.domain.names import is_visible, tidy
from gatepass.translation.message import Message
from gatepass.wire.errors import OAuthError
from gatepass.wire.urls import is_loopback, split

MOST_KEYS = 10  # live ones of an application
LONGEST_NAME = 100
LONGEST_URI = 1000

FAULTS: MappingProxyType[Fault, str] = MappingProxyType(
    {
        "malformed": Message(
            "This is no public key. Paste a JWK, a JWK Set, or a public key in PEM "
            "(-----BEGIN PUBLIC KEY-----)."
        ),
        "private": Message(
            "This contains a private key. Paste only the public key. Whoever saw the private one "
            "can authenticate as your application: make a new pair."
        ),
        "certificate": Message(
            "This is a certificate. Paste its public key: openssl x509 -pubkey -noout -in FILE."
        ),
        "kind": Message(
            "The key is of a kind that is not accepted. Use a key on P-256, P-384 or P-521, an "
            "Ed25519 key, or RSA."
        ),
        "weak": Message(
            "The RSA key is too weak. Use one of 2048 to 8192 bits, or better a key on P-256."
        ),
        "purpose": Message("The key is not for signatures: its use is not sig."),
        "number": Message("The keys are too many, or none, or two of them have one name (kid)."),
    }
)


@dataclass(frozen=True, slots=True)
class ApplicationKey:
    """A public key of an application; `key.kid` is the name that an assertion has in its header."""

    id: UUID
    name: str
    key: ClientKey
    created_at: datetime
    created_by: str
    expires_at: datetime | None = None
    last_used_at: datetime | None = None
    last_used_from: str | None = None
    last_used_agent: str | None = field(default=None, repr=False)

    def is_live(self, now: datetime) -> bool:
        """Return whether assertions that it signs are accepted."""
        return self.expires_at is None or now < self.expires_at


@dataclass(frozen=True, slots=True)
class KeySetting:
    """How an application uses keys.

    Its keys are also read from `jwks_uri`, if it has one. With `legacy_audience` an assertion may
    name the address of the endpoint for an audience, or a list, as RFC 7523 of 2015 has it.
    """

    jwks_uri: str = ""
    legacy_audience: bool = False


def check_keys(text: bytes) -> list[ClientKey]:
    """Return the public keys in a text that a person gave; raise OAuthError.

    A key without `kid` gets its thumbprint (RFC 7638) for one.
    """
    try:
        return [_named(each) for each in read_keys(text)]
    except UnusableKeyError as error:
        raise OAuthError("invalid_request", FAULTS[error.fault]) from None


def _named(key: ClientKey) -> ClientKey:
    return key if key.kid else ClientKey.from_jwk({**key.jwk(), "kid": key.thumbprint})


def check_name(name: str) -> str:
    """Return the name of a key, tidied; raise OAuthError."""
    tidied = tidy(name)
    if not is_visible(tidied) or len(tidied) > LONGEST_NAME:
        raise OAuthError(
            "invalid_request",
            Message("Give the key a name of at most {most} characters.", most=LONGEST_NAME),
        )
    return tidied


def check_jwks_uri(uri: str) -> str:
    """Return the address of a JWK Set; raise OAuthError for one that is not https."""
    text = uri.strip()
    parts = split(text) if text else None
    if not text:
        return ""
    if parts is None or len(text) > LONGEST_URI or "@" in parts.netloc or parts.fragment:
        raise OAuthError("invalid_request", _NOT_HTTPS)
    if parts.scheme != "https" and not is_loopback(parts.hostname or ""):
        raise OAuthError("invalid_request", _NOT_HTTPS)
    return text


_NOT_HTTPS = Message(
    "Give the address of the JWK Set as https://keys.example.com/jwks.json, without a fragment."
)


def check_new(live: Iterable[ApplicationKey], new: Iterable[ClientKey]) -> None:
    """Raise OAuthError where keys cannot be added to those that are live."""
    known, added = list(live), list(new)
    if len(known) + len(added) > MOST_KEYS:
        raise OAuthError(
            "invalid_request",
            Message("An application has {most} keys at most. Revoke one first.", most=MOST_KEYS),
        )
    kids = [each.key.kid for each in known] + [each.kid for each in added]
    materials = [each.key.thumbprint for each in known] + [each.thumbprint for each in added]
    if len(set(materials)) < len(materials):
        raise OAuthError("invalid_request", Message("The application has this key already."))
    if len(set(kids)) < len(kids):
        raise OAuthError(
            "invalid_request",
            Message("The application has a key with this kid already. Give the new one another."),
        )


def check_end(end: datetime | None, now: datetime) -> None:
    """Raise OAuthError where a key would end in the past."""
    if end is not None and end <= now:
        raise OAuthError("invalid_request", Message("The key would end in the past."))
