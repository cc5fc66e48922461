"""A private key from text: PEM, with its certificate or without, or JWK. Loads cryptography."""

import hashlib
import re
from binascii import Error as Base64Error
from binascii import a2b_base64
from collections.abc import Mapping
from dataclasses import dataclass, field

from gatepass.client.errors import ConfigurationError
from gatepass.client.keys.signing_key import SigningKey
from gatepass.jose import base64url, strict_json
from gatepass.jose.thumbprint import thumbprint

try:
    from gatepass.jose.keys.errors import UnusableKeyError
    from gatepass.jose.keys.private_key import PrivateKey
except ModuleNotFoundError:
    raise ConfigurationError(
        "a library for private keys is missing: pip install 'gatepass[keys]'"
    ) from None

_CERTIFICATE = re.compile(
    r"-----BEGIN CERTIFICATE-----\s+([A-Za-z0-9+/=\s]+)-----END CERTIFICATE-----"
)
_PRIVATE = re.compile(r"-----BEGIN ((?:[A-Z]+ )?PRIVATE KEY)-----.*?-----END \1-----", re.DOTALL)
_PUBLIC = "is a public key: give the private key, whose public part the server has"
_LONGEST_PATH = 256  # characters
_PATH = re.compile(r"(?:[A-Za-z]:)?[\w.\\~/-]*[\\/.][\w.~-]+")
_FOUND_ENCRYPTED = ("ENCRYPTED PRIVATE KEY", "Proc-Type: 4,ENCRYPTED")


@dataclass(frozen=True, slots=True)
class InMemory:
    """Signs with a key in memory; equal where the key is the same. `repr` never shows it."""

    thumbprint: str
    key: PrivateKey = field(repr=False, compare=False)

    def __call__(self, message: bytes) -> bytes:
        """Return the signature for `message`."""
        return self.key.sign(message)


def read_key(text: str, where: str, kid: str = "", alg: str = "") -> SigningKey:
    """Return the key in `text`, a private key in PEM or JWK; raise ConfigurationError.

    `kid` and `alg` are the settings, which come before what a JWK says. Without them a key has its
    thumbprint (RFC 7638) as its name; beside a certificate it has none, since the server then knows
    it by the certificate's digest. `where` names in messages what the text was read from.
    """
    text = _with_lines(text)
    private = read_private_key(text, where, kid, alg)
    certificate = certificate_digest(text)
    signing = InMemory(thumbprint(private.public_jwk()), private)
    name = "" if certificate and not kid else private.kid
    return SigningKey(signing, private.alg, name, certificate, is_in_memory=True)


def read_private_key(text: str, where: str, kid: str = "", alg: str = "") -> PrivateKey:
    """Return the private key in `text`; raise ConfigurationError, which never quotes it."""
    text = _with_lines(text)
    if any(mark in text for mark in _FOUND_ENCRYPTED):
        raise ConfigurationError(
            f"{where} is encrypted: give a key without a passphrase, in a file that only this "
            "program can read, or from a secret store"
        )
    try:
        if text.lstrip().startswith("{"):
            members = strict_json.read_object(text.encode())
            if "d" not in members:
                raise ConfigurationError(f"{where} {_what_it_has(members)}")
            return PrivateKey.from_jwk(
                members | {name: value for name, value in (("kid", kid), ("alg", alg)) if value}
            )
        found = _PRIVATE.search(text)
        if found is None:
            raise ConfigurationError(f"{where} {_what_it_is(text)}")
        if found[1].startswith("OPENSSH"):
            raise ConfigurationError(
                f"{where} has the format of OpenSSH: make a key with gatepass keygen, or convert "
                "it to PKCS #8 in PEM"
            )
        return PrivateKey.from_pem(f"{found[0]}\n".encode(), alg, kid)
    except UnusableKeyError as error:
        raise ConfigurationError(f"{where} cannot be used: {error}") from None
    except ValueError:
        raise ConfigurationError(
            f"{where} is not a JWK: give a private key in JWK or PEM"
        ) from None


def _with_lines(text: str) -> str:
    """Return a key in PEM with its lines, also from a variable that has escapes in their place."""
    return text.replace("\\r", "").replace("\\n", "\n") if "-----BEGIN " in text else text


def certificate_digest(text: str) -> str:
    """Return `x5t#S256` of the first certificate in PEM (RFC 7515 §4.1.8), empty without one."""
    found = _CERTIFICATE.search(text)
    if found is None:
        return ""
    try:
        der = a2b_base64("".join(found[1].split()), strict_mode=True)
    except Base64Error:
        return ""
    return base64url.encode(hashlib.sha256(der).digest())


def _what_it_has(members: Mapping[str, object]) -> str:
    """Say what a JWK without a private part is."""
    if "keys" in members:
        return "is a JWK Set: give the private key alone, one of the objects in its keys"
    if members.get("kty") == "oct":
        return "is a symmetric key: give the private key of a pair, as gatepass keygen makes it"
    return _PUBLIC


def _what_it_is(text: str) -> str:
    if "PUBLIC KEY-----" in text or text.startswith(("ssh-", "ecdsa-")):
        return _PUBLIC
    if "-----BEGIN CERTIFICATE-----" in text:
        return "is a certificate without its private key: give the private key"
    if _PATH.fullmatch(text.strip()) and len(text) < _LONGEST_PATH:
        return "looks like a path: name a file in the variable of this name that ends in _FILE"
    return "is not a private key: give one in PEM (-----BEGIN PRIVATE KEY-----) or JWK"


__all__ = ["InMemory", "PrivateKey", "certificate_digest", "read_key", "read_private_key"]
