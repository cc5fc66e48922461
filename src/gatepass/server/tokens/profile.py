"""What the FAPI 2.0 Security Profile asks of clients that act for themselves. Pure.

It holds for an environment, or for single applications: they authenticate with a key or a
certificate (§5.3.2.1, no secrets), sign with few algorithms (§5.4.1), and get no token that is not
bound to a key or certificate.
"""

from gatepass.server.domain.applications.cached_application import CachedApplication
from gatepass.wire.errors import OAuthError

FAPI2 = "fapi2"
ALGORITHMS = frozenset({"ES256", "PS256", "Ed25519", "EdDSA"})
"""The algorithms by which clients, and this server, may sign (§5.4.1)."""


def is_strict(profile: str, application: CachedApplication) -> bool:
    """Return whether the profile holds for an application; `profile` is the environment's."""
    return FAPI2 in {profile, application.settings.profile}


def secret_refused() -> OAuthError:
    """Return the error for a right secret, which the profile does not accept."""
    return _refused("profile_secret", "the profile fapi2 accepts no client secret")


def check_algorithm(alg: str) -> None:
    """Raise OAuthError for an assertion that is signed by an algorithm of another profile."""
    if alg not in ALGORITHMS:
        raise _refused("profile_algorithm", f"the profile fapi2 does not accept {alg}")


def check_form(form: str) -> None:
    """Raise OAuthError for tokens in a form that the profile does not allow: JWTs by RS256."""
    if form != "opaque" and form not in ALGORITHMS:
        raise OAuthError(
            "invalid_target",
            f"The tokens of this resource are signed by {form}, which the profile fapi2 does not "
            "allow. Ask the operator to choose another algorithm for it.",
            log_detail=f"the profile fapi2 allows no token that is signed by {form}",
        )


def check_introspection_algorithm(alg: str) -> None:
    """Raise OAuthError for a response that would be signed by an algorithm of another profile."""
    if alg not in ALGORITHMS:
        raise OAuthError(
            "invalid_request",
            f"The introspection responses of this application are signed by {alg}, which the "
            "profile fapi2 does not allow. Choose another algorithm in its settings.",
            log_detail=f"the profile fapi2 allows no introspection response by {alg}",
        )


def _refused(reason: str, log_detail: str) -> OAuthError:
    return OAuthError(
        "invalid_client", "Client authentication failed.", log_detail=log_detail, reason=reason
    )
