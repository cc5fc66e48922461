"""An authenticator in software: makes passkeys and signs with them, right or as a test asks."""

import json
import re
import struct
from dataclasses import dataclass, field
from hashlib import sha256
from html import unescape
from typing import Any

import cbor2
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256

from gatepass.jose.base64url import decode, encode

_OPTIONS = re.compile(r'data-passkey-options value="([^"]*)"')
_PRESENT, _VERIFIED, _ATTESTED = 0x01, 0x04, 0x40
ORIGIN = "http://localhost:8000"


def options_in(page: str) -> dict[str, Any]:
    """Return what a page asks the browser."""
    found: dict[str, Any] = json.loads(unescape(_OPTIONS.findall(page)[-1]))
    return found


@dataclass
class Authenticator:
    """One passkey of one person."""

    origin: str = ORIGIN
    domain: str = "localhost"
    counter: int = 0
    verifies: bool = True
    credential_id: bytes = b"c" * 32
    user_handle: bytes = b""
    key: ec.EllipticCurvePrivateKey = field(
        default_factory=lambda: ec.generate_private_key(ec.SECP256R1())
    )

    def create(self, options: dict[str, Any], **changes: Any) -> str:  # noqa: ANN401
        """Return what a browser answers to the options of a new passkey."""
        self.user_handle = decode(options["user"]["id"])
        data = self._authenticator_data(_ATTESTED) + self._credential()
        attestation = cbor2.dumps({"fmt": "none", "attStmt": {}, "authData": data})
        response = {
            "clientDataJSON": encode(self._client_data("webauthn.create", options, changes)),
            "attestationObject": encode(attestation),
            "transports": ["internal", "hybrid"],
        }
        return self._answer(response)

    def get(self, options: dict[str, Any], **changes: Any) -> str:  # noqa: ANN401
        """Return what a browser answers to the options of an assertion."""
        self.counter += 1 if self.counter else 0
        data = self._authenticator_data()
        client_data = self._client_data("webauthn.get", options, changes)
        signed = data + sha256(client_data).digest()
        response = {
            "clientDataJSON": encode(client_data),
            "authenticatorData": encode(data),
            "signature": encode(self.key.sign(signed, ec.ECDSA(SHA256()))),
            "userHandle": encode(self.user_handle),
        }
        return self._answer(response)

    def _answer(self, response: dict[str, Any]) -> str:
        known = encode(self.credential_id)
        return json.dumps({"id": known, "rawId": known, "type": "public-key", "response": response})

    def _client_data(self, kind: str, options: dict[str, Any], changes: dict[str, Any]) -> bytes:
        said = {"type": kind, "challenge": options["challenge"], "origin": self.origin}
        return json.dumps({**said, "crossOrigin": False, **changes}).encode()

    def _authenticator_data(self, more: int = 0) -> bytes:
        flags = _PRESENT | more | (_VERIFIED if self.verifies else 0)
        return sha256(self.domain.encode()).digest() + struct.pack(">BI", flags, self.counter)

    def _credential(self) -> bytes:
        numbers = self.key.public_key().public_numbers()
        cose = {1: 2, 3: -7, -1: 1, -2: numbers.x.to_bytes(32), -3: numbers.y.to_bytes(32)}
        length = struct.pack(">H", len(self.credential_id))
        return bytes(16) + length + self.credential_id + cbor2.dumps(cose)
