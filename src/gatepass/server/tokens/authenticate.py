"""Who is asking: client authentication by secret (RFC 6749 §2.3.1)."""

from hmac import compare_digest
from typing import NamedTuple

from gatepass.server.domain.applications.model import Application, ApplicationSecret
from gatepass.server.domain.applications.placeholder import placeholder
from gatepass.server.tokens.request import PresentedCredentials
from gatepass.wire.credential import Mode, read
from gatepass.wire.errors import OAuthError
from gatepass.wire.networks import allows
from gatepass.wire.secret import Secret

_NO_SECRET = Secret("")
_ENVIRONMENT = {Mode.LIVE: "production", Mode.TEST: "sandbox"}


class AuthenticatedClient(NamedTuple):
    """An enabled application that has shown one of its live secrets."""

    application: Application
    secret: ApplicationSecret


def authenticate(
    claimed: PresentedCredentials,
    application: Application | None,
    source: str,
    now: float,
    mode: Mode,
) -> AuthenticatedClient:
    """Prove the claim at `now` (Unix seconds), or raise `invalid_client`, whatever the reason.

    `source` is the address that the request came from.

    Every digest is compared, found or not, with both readings of the secret, so that an unknown
    client takes the time of a wrong secret. The reason is in the note, for the log and the
    application's owner.
    """
    stand_in = placeholder(claimed.client_id)
    digests = [each.digest for each in (application or stand_in).secrets]
    digest = (claimed.secret or _NO_SECRET).digest()
    matches = [compare_digest(digest, each) for each in digests]
    if claimed.raw_secret is not None:
        raw = claimed.raw_secret.digest()
        matches = [
            compare_digest(raw, each) | is_match
            for each, is_match in zip(digests, matches, strict=True)
        ]
    if application is None or claimed.secret is None or not any(matches):
        raise _refused(*_reason(claimed, application, mode))
    used = application.secrets[matches.index(True)]
    if used.expires_at and used.expires_at.timestamp() <= now:
        raise _refused("expired_secret", f"expired secret ending in {used.last_four}")
    if application.disabled_at:
        raise _refused("disabled", "the application is disabled")
    if application.org_suspended_at:
        raise _refused("suspended", "the organization is suspended")
    if not allows(application.networks, source):
        raise _refused("network", "the source is in none of the application's networks")
    return AuthenticatedClient(application, used)


def _refused(reason: str, note: str) -> OAuthError:
    return OAuthError(
        "invalid_client", "Client authentication failed.", log_detail=note, reason=reason
    )


def _reason(
    claimed: PresentedCredentials, application: Application | None, mode: Mode
) -> tuple[str, str]:
    """Give why nothing matched: as one word, and as a note."""
    if not claimed.client_id:
        return "no_credentials", "no client credentials"
    secret = claimed.secret.value if claimed.secret else ""
    for what, text in (("client id", claimed.client_id), ("secret", secret)):
        recognised = read(text)
        if recognised and recognised.mode is not mode:
            theirs, ours = _ENVIRONMENT[recognised.mode], _ENVIRONMENT[mode]
            return "other_environment", f"{theirs} {what} on {ours}"
    if application is None:
        return "unknown_client", "unknown client"
    if claimed.secret is None:
        return "no_secret", "no client secret"
    return "wrong_secret", "wrong secret"
