"""Whether the sender of a bound token has what the token is bound to: by a guard's settings.

A token may be bound to a key, of which each request has a proof (DPoP, RFC 9449), or to a client
certificate (RFC 8705 §3). The token itself was verified before.
"""

from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, TypeAlias

from gatepass.guard.model.principal import Principal
from gatepass.guard.model.request import Request
from gatepass.guard.verification.certificates import ClientCertificates
from gatepass.guard.verification.proofs import ProofChecker, Use
from gatepass.guard.verification.replays import ProcessReplays, Replays
from gatepass.guard.verification.waiting import RunInThread, Step
from gatepass.jose.algorithms import OF_CLIENTS
from gatepass.jose.confirmation import Confirmation
from gatepass.jose.dpop_nonces import Nonces
from gatepass.jose.x509.errors import UnusableCertificateError
from gatepass.wire.errors import OAuthError
from gatepass.wire.secret import Secret

_LONGEST_AGE = 300  # seconds; a proof is for one request
NoncesOf: TypeAlias = Callable[[Any], Sequence[Nonces]]


@dataclass(frozen=True, slots=True)
class DPoP:
    """How a guard checks DPoP proofs (RFC 9449 §4.3).

    max_age: for how many seconds a proof may be used after it was made (1 to 300).
    nonce_key: a secret of 16 bytes or more, the same in all processes of an API. With it each
        proof must have a nonce of this API, which shows that it was made now (§9); a client gets
        the nonce with the first refusal. A nonce is valid for `nonce_seconds` to twice that.
    replays: where used proofs are remembered: `ProcessReplays()`, or `RedisReplays(client)` for
        all processes together.
    nonces: in place of `nonce_key` a function that returns the nonces for the `context` of a
        request: a proof needs one of them, and the first gives out new ones; none need none.
    is_offered: whether challenges offer DPoP to a caller that has not used it.

    Raises ValueError for settings that cannot work.
    """

    max_age: float = 60
    nonce_key: bytes | str | Secret | None = field(default=None, repr=False)
    nonce_seconds: int = 120
    replays: Replays = field(default_factory=ProcessReplays)
    nonces: NoncesOf | None = None
    is_offered: bool = True

    def __post_init__(self) -> None:
        if not 1 <= self.max_age <= _LONGEST_AGE:
            raise ValueError(f"max_age is 1 to {_LONGEST_AGE} seconds")
        if self.nonces is not None and self.nonce_key is not None:
            raise ValueError("nonces come from nonce_key or from nonces, not from both")
        self.nonces_of()

    def nonces_of(self) -> NoncesOf:
        """Return the function that returns the nonces for the context of a request."""
        if self.nonces is not None:
            return self.nonces
        key = self.nonce_key.value if isinstance(self.nonce_key, Secret) else self.nonce_key
        if key is None:
            return lambda _context: ()
        own = (Nonces(key.encode() if isinstance(key, str) else key, self.nonce_seconds),)
        return lambda _context: own


class Binding:
    """Checks what a token is bound to.

    `base_url` is the API's external address, "" to take that of each request. With `is_required`,
    tokens that are bound to nothing are refused. `dpop` and `certificates` are None if a guard
    has no such settings.
    """

    def __init__(
        self,
        dpop: DPoP | None,
        base_url: str,
        certificates: ClientCertificates | None = None,
        *,
        is_required: bool = False,
    ) -> None:
        settings = dpop or DPoP()
        self._is_required = is_required
        self._replays = settings.replays
        self._never_waits = isinstance(settings.replays, ProcessReplays)
        self._certificates = certificates
        self._offers_dpop = dpop is not None and dpop.is_offered
        self._nonces = settings.nonces_of()
        self._checker = ProofChecker(base_url, settings.max_age, self._nonces)

    def check_scheme(self, confirmation: Confirmation | None, *, is_dpop: bool) -> None:
        """Raise OAuthError unless a token was sent with the scheme that its binding asks for.

        That is DPoP for a token that is bound to a key, and Bearer for any other (RFC 9449 §7.1,
        §7.2).
        """
        if confirmation is None:
            if is_dpop:
                text = "The access token is not bound to a key: send it as Authorization: Bearer."
                raise _refused(text, "not_bound")
            if self._is_required:
                text = "This needs an access token that is bound to a key or to a certificate."
                raise _refused(text, "not_bound")
        elif confirmation.jkt is None:
            if is_dpop:
                text = (
                    "The access token is bound to a certificate: send it as Authorization: Bearer."
                )
                raise _refused(text, "not_bound")
        elif not is_dpop:
            text = (
                "The access token is bound to a key: send it as Authorization: DPoP, "
                "with a proof in the DPoP header."
            )
            raise _refused(text, "bound_token")

    def is_proven(self, caller: Principal, request: Request, now: float) -> bool:
        """Return whether a request proves what its token is bound to; raise OAuthError if not.

        False if that cannot be found out without waiting: see `prove`.
        """
        if not self._never_waits:
            return False
        token = request.authorization[0].strip(" \t").partition(" ")[2].lstrip(" ")
        use = self._check(caller, request, token, now)
        if use is not None:
            self._spend(use, now)
        return True

    def prove(
        self, caller: Principal, request: Request, token: Secret, now: float
    ) -> Generator[Step, object, None]:
        """Raise OAuthError unless a request proves what its `token` is bound to.

        A proof is used up by it, so it comes when all else is checked.
        """
        use = self._check(caller, request, token.value, now)
        if use is None:
            return
        if self._never_waits:
            self._spend(use, now)
        else:
            yield RunInThread(partial(self._spend, use, now))

    def schemes(self, request: Request, refused: OAuthError | None) -> tuple[bool, bool]:
        """Return whether the response to a refused request has a challenge of Bearer, and of DPoP.

        That of the scheme that was sent, and the other where it would help.
        """
        if _is_dpop(request):
            return False, True
        is_alone = self._is_required and self._offers_dpop and self._certificates is None
        if refused is None and is_alone:
            return False, True
        helps = refused is not None and refused.reason == "bound_token"
        return True, helps or self._offers_dpop

    def nonce(self, request: Request, now: float) -> str:
        """Return the nonce to give out to the sender of a request, "" if proofs need none."""
        found = self._nonces(request.context)
        return found[0].current(now) if found else ""

    def metadata(self) -> dict[str, object]:
        """Return the members of the API's metadata that are about bound tokens (RFC 9728 §2)."""
        members: dict[str, object] = {}
        if self._certificates is not None:
            members["tls_client_certificate_bound_access_tokens"] = True
        if self._offers_dpop:
            members["dpop_signing_alg_values_supported"] = list(OF_CLIENTS)
            if self._is_required and self._certificates is None:
                members["dpop_bound_access_tokens_required"] = True
        return members

    @property
    def how_to_send(self) -> str:
        """How tokens are sent, for a description of the API; empty if plain bearer tokens are."""
        ways = []
        if self._offers_dpop:
            ways.append(
                "Send a token that is bound to a key as `Authorization: DPoP`, with a proof in "
                "the header `DPoP` (RFC 9449)."
            )
        if self._certificates is not None:
            ways.append(
                "Send one that is bound to a client certificate over mutual TLS (RFC 8705)."
            )
        if ways and self._is_required:
            ways.append("Tokens that are bound to nothing are refused.")
        return " ".join(ways)

    def after_fork(self) -> None:
        """Replace the locks, which a thread of the parent process may have held."""
        self._checker.after_fork()
        reset = getattr(self._replays, "after_fork", None)
        if reset is not None:
            reset()

    def _check(self, caller: Principal, request: Request, token: str, now: float) -> Use | None:
        """Return the use of the request's proof, None for a token that needs none."""
        bound = caller.confirmation
        if bound is not None and bound.x5t_s256 is not None:
            self._check_certificate(bound.x5t_s256, request)
        if bound is None or bound.jkt is None:
            return None
        return self._checker.check(request, token, bound.jkt, now)

    def _check_certificate(self, x5t_s256: str, request: Request) -> None:
        """Raise OAuthError unless a request comes with the certificate of this thumbprint."""
        if self._certificates is None:
            text = "The access token is bound to a client certificate, and none is known here."
            raise _refused(text, "certificate", "the guard has no client_certificates")
        try:
            found = self._certificates.thumbprint(request)
        except UnusableCertificateError as error:
            why = f"the client certificate: {error}"
            raise _refused("The client certificate cannot be read.", "certificate", why) from None
        if found == x5t_s256:
            return
        text = "The access token is bound to a client certificate: connect with that certificate."
        why = f"the client has {'another' if found else 'no'} certificate"
        raise _refused(text, "certificate", why)

    def _spend(self, use: Use, now: float) -> None:
        """Note the use of a proof; raise OAuthError if it was used before. May block."""
        if not self._replays.add(use.digest, use.expires_at, now):
            raise OAuthError(
                "invalid_dpop_proof",
                "The DPoP proof was used before: make one for each request, with a new jti.",
                log_detail="DPoP: the proof was used before",
                reason="dpop_replay",
                status=401,
            )


def _is_dpop(request: Request) -> bool:
    return any(each.lstrip(" \t")[:5].lower() == "dpop " for each in request.authorization)


def _refused(description: str, reason: str, log_detail: str = "") -> OAuthError:
    return OAuthError("invalid_token", description, reason=reason, log_detail=log_detail)
