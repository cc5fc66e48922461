"""Checks the DPoP proof of a request with a token that is bound to a key (RFC 9449 §4.3, §7.1)."""

from collections.abc import Callable, Collection, Sequence
from hashlib import sha256
from typing import Any, NamedTuple

from gatepass.concurrency.bounded_cache import BoundedCache
from gatepass.guard.model.address import with_base
from gatepass.guard.model.request import Request
from gatepass.jose import dpop
from gatepass.jose.dpop import Fault, Header, InvalidProofError
from gatepass.jose.dpop_nonces import Nonces
from gatepass.wire.errors import OAuthError

_CLIENTS = 10_000  # whose keys are kept


class Use(NamedTuple):
    """The use of a proof, which must be its first; after `expires_at` it is refused anyway."""

    digest: bytes
    expires_at: float


class ProofChecker:
    """Checks proofs by a guard's settings; keeps the keys of clients, and no proof."""

    def __init__(
        self,
        base_url: str,
        longest_age: float,
        nonces: Callable[[Any], Sequence[Nonces]],
    ) -> None:
        self._base_url = base_url
        self._longest_age = longest_age
        self._nonces = nonces
        self._headers: BoundedCache[str, Header] = BoundedCache(_CLIENTS)

    def check(self, request: Request, token: str, jkt: str, now: float) -> Use:
        """Return the use of a request's one proof, by the key `jkt`; raise OAuthError.

        Does NOT check whether the proof was used before.
        """
        url = with_base(self._base_url, request.url) if self._base_url else request.url
        try:
            proof = dpop.read(_only(request.dpop), jkt=jkt, headers=self._headers)
            dpop.check(
                proof,
                method=request.method,
                url=url,
                now=now,
                longest_age=self._longest_age,
                token=token,
                nonces=_valid(self._nonces(request.context), now),
            )
        except InvalidProofError as error:
            raise _refusal(error, request.method, url, now) from None
        digest = sha256(f"{jkt}{proof.jti}".encode("utf-8", "surrogatepass")).digest()[:16]
        return Use(digest, proof.iat + self._longest_age)

    def after_fork(self) -> None:
        """Replace the lock, which a thread of the parent process may have held."""
        self._headers.after_fork()


def _valid(nonces: Sequence[Nonces], now: float) -> Collection[str] | None:
    """Return the nonces of which a proof needs one, None where it needs none."""
    if len(nonces) < 2:
        return nonces[0].valid(now) if nonces else None
    return [nonce for each in nonces for nonce in each.valid(now)]


def _only(proofs: Sequence[str]) -> str:
    if len(proofs) != 1:
        raise InvalidProofError("malformed", "a request has exactly one DPoP header")
    return proofs[0]


def _refusal(error: InvalidProofError, method: str, url: str, now: float) -> OAuthError:
    """Return the refusal of a proof, with what the sender has to change."""
    if error.fault == "binding":
        return OAuthError(
            "invalid_token",
            "The access token is bound to another key than the one of the DPoP proof.",
            log_detail=f"DPoP: {error}",
            reason="dpop_binding",
        )
    hints: dict[Fault, str] = {
        "method": f"htm must be {method}.",
        "url": f"htu must be {url or 'the address of the request'}.",
        "time": f"The clock here says {int(now)}.",
        "token": "ath must be the SHA-256 digest of the token, in base64url.",
    }
    if error.fault == "nonce":
        code, text = "use_dpop_nonce", "Make a DPoP proof with the nonce of the header DPoP-Nonce."
    else:
        code, text = "invalid_dpop_proof", f"The DPoP proof is not accepted: {error}."
    return OAuthError(
        code,
        " ".join(filter(None, (text, hints.get(error.fault, "")))),
        log_detail=f"DPoP: {error}",
        reason=f"dpop_{error.fault}",
        status=401,
    )
