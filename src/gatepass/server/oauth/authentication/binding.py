"""What a token is bound to when it is issued, and what is asked of its sender afterwards.

That is a key, of which each request has a proof (DPoP, RFC 9449), or the certificate of the TLS
connection (RFC 8705 §3).
"""

from typing import NamedTuple

from gatepass.jose.algorithms import OF_CLIENTS
from gatepass.jose.confirmation import Confirmation
from gatepass.jose.x509.certificate import thumbprint
from gatepass.server.domain.applications.cached_application import CachedApplication
from gatepass.server.http import Headers, Request, Response
from gatepass.server.oauth.authentication.proofs import HEADER, NONCE_HEADER, ProofError, Target
from gatepass.server.oauth.served_environment import ServedEnvironment
from gatepass.server.tokens.claims import Claims
from gatepass.server.tokens.profile import ALGORITHMS, is_strict
from gatepass.wire import bearer
from gatepass.wire.errors import OAuthError
from gatepass.wire.scope import Scope

_ALGS = " ".join(OF_CLIENTS)
_SCHEME = "dpop_scheme"
_PROOF_MISSING = "Send a DPoP proof (RFC 9449) in the header DPoP."
_NO_PROOF = (
    "Tokens of this application are bound to a key. "
    "Send a DPoP proof (RFC 9449) in the header DPoP."
)
_NO_CERTIFICATE = (
    "Tokens of this application are bound to a client certificate. Connect with one (mutual TLS)."
)
_ALGORITHM = "Sign the DPoP proof by ES256, PS256 or Ed25519: the profile fapi2 accepts no other."


class Binding(NamedTuple):
    """What a new token is bound to, if to anything; `nonce` is a new one for the next proof."""

    confirmation: Confirmation | None
    nonce: str = ""

    def respond(self, response: Response) -> Response:
        """Return a response with the nonce, where there is a new one (RFC 9449 §8.2)."""
        if not self.nonce:
            return response
        return response._replace(headers=(*response.headers, *nonce_headers(self.nonce)))


NOTHING = Binding(None)


def bind(
    environment: ServedEnvironment, request: Request, application: CachedApplication, now: float
) -> Binding:
    """Return what the token of a token request is bound to; its proof is used up by that.

    A request with a proof gets a token that is bound to the key, one of an application that needs
    them gets no other. Raises ProofError, and OAuthError (`invalid_request`) where a certificate
    is needed and the connection has none. Does NOT authenticate the client.
    """
    settings = application.settings
    strict = is_strict(environment.profile, application)
    is_needed = settings.dpop_bound_access_tokens or (
        strict and not settings.tls_client_certificate_bound_access_tokens
    )
    jkt, nonce = _key(environment, request, now, is_needed=is_needed, strict=strict)
    certificate = None
    if settings.tls_client_certificate_bound_access_tokens:
        if request.certificate is None:
            raise OAuthError(
                "invalid_request",
                _NO_CERTIFICATE,
                log_detail="the application's tokens are bound to a certificate, and it sent none",
                reason="certificate_missing",
            )
        certificate = thumbprint(request.certificate.der)
    if jkt is None and certificate is None:
        return NOTHING
    return Binding(Confirmation(jkt, certificate), nonce)


def check_sender(
    environment: ServedEnvironment, request: Request, claims: Claims, target: Target
) -> None:
    """Raise OAuthError unless a request proves what its token is bound to; a proof is used up.

    `target` is the request that the proof is for, with the token. So it comes when all else is
    checked, and once. A token that is bound to a key is sent with the scheme DPoP, any other with
    Bearer (RFC 9449 §7.1, §7.2).
    """
    bound, is_dpop = claims.confirmation, has_dpop(request)
    if bound is None or bound.jkt is None:
        if is_dpop:
            raise _refused("The access token is not bound to a key. Send it with Bearer.", "scheme")
    elif not is_dpop:
        text = "The access token is bound to a key. Send it with the scheme DPoP, and a DPoP proof."
        raise _refused(text, "scheme")
    if bound is None:
        return
    if bound.x5t_s256 is not None:
        _check_certificate(request, bound.x5t_s256)
    if bound.jkt is not None:
        header, now = request.headers.get(HEADER), environment.clock()
        try:
            if header is None:
                raise environment.proofs.error(_PROOF_MISSING, "missing", now)
            proof_for = target._replace(jkt=bound.jkt)
            proof = environment.proofs.check(header.decode("latin-1"), proof_for, now)
            if environment.profile and proof.alg not in ALGORITHMS:
                raise environment.proofs.error(_ALGORITHM, "key", now)
        except ProofError as error:
            error.status = 401  # the token endpoint's is 400 (RFC 9449 §5, §7.1)
            raise


def has_dpop(request: Request) -> bool:
    """Return whether a request presents a token with the scheme DPoP."""
    return request.headers.get(b"authorization", b"")[:5].lower() == b"dpop "


def challenges(
    error: OAuthError | None, request: Request, *, realm: str, scope: Scope | None
) -> str:
    """Return the WWW-Authenticate value: of the scheme that was sent, and DPoP where it helps."""
    if has_dpop(request):
        return bearer.challenge(error, realm=realm, scope=scope, algs=_ALGS)
    plain = bearer.challenge(error, realm=realm, scope=scope)
    if error is None or error.reason != _SCHEME:
        return plain
    return f"{plain}, {bearer.challenge(None, realm=realm, algs=_ALGS)}"


def nonce_headers(nonce: str) -> Headers:
    """Return the header that gives out a nonce (RFC 9449 §8); none for ""."""
    return ((NONCE_HEADER, nonce.encode()),) if nonce else ()


def with_nonce(environment: ServedEnvironment, request: Request, response: Response) -> Response:
    """Return the response to a request with a proof with the nonce for the next (RFC 9449 §8.2).

    Where proofs need none, and for other requests, it is the same response.
    """
    if not has_dpop(request) or not (nonce := environment.proofs.nonce(environment.clock())):
        return response
    return response._replace(headers=(*response.headers, *nonce_headers(nonce)))


def _check_certificate(request: Request, expected: str) -> None:
    """Raise OAuthError unless the connection has the certificate of a token (RFC 8705 §3)."""
    shown = request.certificate
    if shown is None or thumbprint(shown.der) != expected:
        raise _refused(
            "The access token is bound to another client certificate than the connection's.",
            "certificate",
        )


def _refused(description: str, reason: str) -> OAuthError:
    return OAuthError("invalid_token", description, reason=f"dpop_{reason}")


def _key(
    environment: ServedEnvironment, request: Request, now: float, *, is_needed: bool, strict: bool
) -> tuple[str | None, str]:
    """Return the thumbprint of the key of a request's proof, and a new nonce if there is one."""
    header, proofs = request.headers.get(HEADER), environment.proofs
    if header is None or not environment.dpop:
        if not is_needed:
            return None, ""
        if not environment.dpop:
            raise OAuthError(
                "temporarily_unavailable",
                "Tokens of this application are bound to a key, and DPoP is turned off here. "
                "Ask the operator.",
                log_detail="the application needs DPoP, which the setting dpop turns off",
            )
        raise proofs.error(_NO_PROOF, "missing", now)
    target = Target("POST", environment.token_urls)
    proof = proofs.check(header.decode("latin-1"), target, now)
    if strict and proof.alg not in ALGORITHMS:
        raise proofs.error(_ALGORITHM, "key", now)
    nonce = proofs.nonce(now)
    return proof.jkt, "" if proof.nonce == nonce else nonce
