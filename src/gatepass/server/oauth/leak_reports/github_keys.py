"""The public keys with which GitHub signs the alerts of its secret scanning."""

import threading
import time
from base64 import b64decode
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

import structlog
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import (
    ECDSA,
    SECP256R1,
    EllipticCurvePublicKey,
)
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from gatepass.jose import strict_json
from gatepass.wire.errors import OAuthError

if TYPE_CHECKING:
    from gatepass.server.environment.openid_provider.network import Response

FETCH_EVERY = 60.0  # seconds between two requests, whatever alerts come
KEPT = 24 * 3600.0  # seconds; a key that GitHub has taken back is not accepted for longer
_TIMEOUT = 5  # seconds
_EVERY_NETWORK = ("0.0.0.0/0", "::/0")  # the operator names the address, and no partner
_MOST_KEYS = 100
_OK = 200

Get = Callable[[str], "Response"]

log = structlog.get_logger("gatepass.server")


class GitHubKeys:
    """Fetches the keys and keeps them for a day, and fetches again for a key that is not known.

    `verify` blocks, for a thread of `Environment.pools.providers`. `get` sends a request.
    """

    def __init__(
        self, url: str, get: Get | None = None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.is_on = bool(url)
        self._url = url
        self._get = get
        self._clock = clock
        self._lock = threading.Lock()
        self._keys: Mapping[str, EllipticCurvePublicKey] = {}
        self._fetched_at = self._tried_at = float("-inf")

    def verify(self, body: bytes, key_id: str, signature: str) -> None:
        """Check that GitHub signed a body: ECDSA with P-256 and SHA-256, as DER in base64.

        Raises OAuthError: 403 for a wrong signature or unknown key, 503 without any keys.
        """
        key = self._find(key_id)
        if key is None:
            raise _not_signed("unknown key of GitHub")
        try:
            key.verify(b64decode(signature, validate=True), body, ECDSA(SHA256()))
        except (ValueError, InvalidSignature):
            raise _not_signed("wrong signature of GitHub") from None

    def _find(self, key_id: str) -> EllipticCurvePublicKey | None:
        with self._lock:
            now = self._clock()
            is_old = now - self._fetched_at >= KEPT
            if (is_old or key_id not in self._keys) and now - self._tried_at >= FETCH_EVERY:
                self._tried_at = now
                self._fetch(now)
            if now - self._fetched_at >= KEPT:
                raise OAuthError(
                    "temporarily_unavailable",
                    "The keys of GitHub cannot be fetched at the moment. Send the alert again.",
                    log_detail="no keys of GitHub",
                    retry_after=int(FETCH_EVERY),
                )
            return self._keys.get(key_id)

    def _fetch(self, now: float) -> None:
        """Fetch the keys; where that fails, those that are there stay."""
        from gatepass.server.environment.openid_provider.errors import ProviderError

        try:
            response = (self._get or _network())(self._url)
            self._keys = parse_keys(response.body if response.status == _OK else b"{}")
        except (ProviderError, ValueError) as error:
            log.warning("github_keys.unavailable", url=self._url, error=str(error))
        else:
            self._fetched_at = now


def _not_signed(log_detail: str) -> OAuthError:
    say = "The signature is not GitHub's."
    return OAuthError("invalid_request", say, log_detail=log_detail, status=403)


def parse_keys(document: bytes) -> dict[str, EllipticCurvePublicKey]:
    """Return the P-256 keys of GitHub's document by their identifiers; raise ValueError."""
    listed = strict_json.read_object(document).get("public_keys")
    if not isinstance(listed, list) or not 0 < len(listed) <= _MOST_KEYS:
        raise ValueError("it lists no public_keys")
    return dict(map(_key, listed))


def _key(member: object) -> tuple[str, EllipticCurvePublicKey]:
    members = member if isinstance(member, dict) else {}
    key_id, text = members.get("key_identifier"), members.get("key")
    if not isinstance(key_id, str) or not isinstance(text, str):
        raise ValueError("a key has no key_identifier or no key")
    try:
        key = load_pem_public_key(text.encode())
    except (ValueError, UnsupportedAlgorithm):
        raise ValueError("a key is no public key in PEM") from None
    if not isinstance(key, EllipticCurvePublicKey) or not isinstance(key.curve, SECP256R1):
        raise ValueError("a key is not of P-256")
    return key_id, key


def _network() -> Get:
    """Return what sends a request; its libraries are loaded by the first use."""
    from gatepass.server.configuration.single_sign_on_settings import SingleSignOnSettings
    from gatepass.server.environment.openid_provider.network import Network

    settings = SingleSignOnSettings(private_networks=_EVERY_NETWORK, timeout=_TIMEOUT)
    return Network(settings).get
