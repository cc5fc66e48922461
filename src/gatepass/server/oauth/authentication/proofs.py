"""DPoP proofs of requests to this server (RFC 9449 §4.3), by the settings of one environment.

A proof is used up by the last check. Which were used, a process remembers by itself: another
process of the server accepts the same proof once more, within the minute that proofs are good for
(RFC 9449 §11.1). Nonces are the same in all processes, and end even that after four minutes.
"""

from collections.abc import Collection, Sequence
from hashlib import sha256
from typing import NamedTuple

from gatepass.concurrency.bounded_cache import BoundedCache
from gatepass.concurrency.used_digests import FullError, UsedDigests
from gatepass.jose import dpop
from gatepass.jose.dpop import Fault, Header, InvalidProofError, Proof
from gatepass.jose.dpop_nonces import Nonces
from gatepass.wire.errors import OAuthError

HEADER = b"dpop"
NONCE_HEADER = b"dpop-nonce"
LONGEST_AGE = 60  # seconds for which a proof may be used after it was made
MOST_USED = 1_000_000  # proofs that a process remembers, of 15 bytes each
_CLIENTS = 10_000  # whose keys are kept


class ProofError(OAuthError):
    """A proof that is missing or not accepted; `nonce` is the one to use, "" where none is needed.

    The status is that of the token endpoint (RFC 9449 §5, §8), 401 at a resource (§7.1, §9).
    """

    def __init__(
        self, code: str, description: str, fault: str, *, nonce: str = "", log_detail: str = ""
    ) -> None:
        super().__init__(
            code, description, log_detail=log_detail or description, reason=f"dpop_{fault}"
        )
        self.nonce = nonce


class Target(NamedTuple):
    """The request that a proof is for: its method, and its addresses, the first of them by name.

    With a `token` the proof must name that, and be by the key `jkt` that the token is bound to.
    """

    method: str
    urls: Sequence[str]
    token: str | None = None
    jkt: str | None = None


class Proofs:
    """Checks proofs; threads may share it. Without `keys` proofs need no nonce.

    Nonces are made with the first of `keys`, and those of the others are accepted; `nonces` are
    those of each key.
    """

    def __init__(self, keys: Sequence[bytes] = (), most: int = MOST_USED) -> None:
        self._headers: BoundedCache[str, Header] = BoundedCache(_CLIENTS)
        self._used = UsedDigests(most)
        self.nonces = tuple(map(Nonces, keys))

    def __len__(self) -> int:
        """Return how many proofs are remembered."""
        return len(self._used)

    def nonce(self, now: float) -> str:
        """Return the nonce to give out at `now` (Unix seconds), "" where proofs need none."""
        return self.nonces[0].current(now) if self.nonces else ""

    def check(self, text: str, target: Target, now: float) -> Proof:
        """Return the proof in the value of a DPoP header, used up now; raise ProofError.

        Raises OAuthError (503) where so many were used that no other can be remembered.
        """
        try:
            proof = dpop.read(text, jkt=target.jkt, headers=self._headers)
            dpop.check(
                proof,
                method=target.method,
                url=_named(proof, target.urls),
                now=now,
                longest_age=LONGEST_AGE,
                token=target.token,
                nonces=self._valid(now),
            )
        except InvalidProofError as error:
            raise self._refused(error, target, now) from None
        digest = sha256(f"{proof.jkt}{proof.jti}".encode("utf-8", "surrogatepass")).digest()[:16]
        try:
            is_first = self._used.add(digest, proof.iat + LONGEST_AGE, now)
        except FullError:
            raise OAuthError(
                "temporarily_unavailable",
                "Too many DPoP proofs were used within a minute. Try again shortly.",
                log_detail="the memory of used DPoP proofs is full",
                retry_after=LONGEST_AGE,
            ) from None
        if not is_first:
            raise self.error(
                "The DPoP proof was used before. Make one for each request, with a new jti.",
                "replay",
                now,
            )
        return proof

    def error(
        self, description: str, fault: str, now: float, *, code: str = "invalid_dpop_proof"
    ) -> ProofError:
        """Return the error for a proof that is missing or not accepted."""
        return ProofError(code, description, fault, nonce=self.nonce(now))

    def _valid(self, now: float) -> Collection[str] | None:
        if len(self.nonces) < 2:
            return self.nonces[0].valid(now) if self.nonces else None
        return [nonce for each in self.nonces for nonce in each.valid(now)]

    def _refused(self, error: InvalidProofError, target: Target, now: float) -> ProofError:
        """Return the refusal of a proof, with what the sender has to change."""
        if error.fault == "nonce":
            text = "Make a DPoP proof with the nonce of the header DPoP-Nonce."
            return self.error(text, "nonce", now, code="use_dpop_nonce")
        if error.fault == "binding":
            text = "The access token is bound to another key than the one of the DPoP proof."
            return self.error(text, "binding", now, code="invalid_token")
        hints: dict[Fault, str] = {
            "method": f" htm must be {target.method}.",
            "url": f" htu must be {target.urls[0] if target.urls else 'the address as sent'}.",
            "time": f" The clock here says {int(now)}.",
            "token": " ath must be the SHA-256 digest of the token, in base64url.",
        }
        text = f"The DPoP proof is not accepted: {error}.{hints.get(error.fault, '')}"
        return self.error(text, error.fault, now)


def _named(proof: Proof, urls: Sequence[str]) -> str:
    """Return that of the addresses of a request which a proof names, or else the first."""
    if proof.htu in urls:
        return proof.htu
    named = dpop.normalized(proof.htu)
    return next((each for each in urls if dpop.normalized(each) == named), urls[0] if urls else "")
