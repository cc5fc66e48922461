"""Client authentication by secret (RFC 6749 §2.3.1)."""

from hmac import compare_digest
from typing import NamedTuple

from gatepass.server.domain.applications.cached_application import CachedApplication, CachedSecret
from gatepass.server.domain.applications.secrets.placeholder import placeholder
from gatepass.server.tokens.refused_client import check_admitted, refused_client
from gatepass.server.tokens.request import PresentedCredentials
from gatepass.wire.credential import ENVIRONMENTS, Kind, Mode, read
from gatepass.wire.secret import Secret

_NO_SECRET = Secret("")


class AuthenticatedClient(NamedTuple):
    """An enabled application that has presented one of its valid secrets."""

    application: CachedApplication
    secret: CachedSecret


def authenticate(
    credentials: PresentedCredentials,
    application: CachedApplication | None,
    source: str,
    now: float,
    mode: Mode,
) -> AuthenticatedClient:
    """Verify the credentials at `now` (Unix seconds); `source` is the address of the caller.

    Every digest is compared, found or not, with both readings of the secret, so that an unknown
    client takes the time of a wrong secret. Raises OAuthError `invalid_client`, whatever the
    reason; the reason is in `log_detail`, for the log and the application's owner.
    """
    stand_in = placeholder(credentials.client_id)
    secrets = (application or stand_in).secrets
    digests = [each.digest for each in secrets]
    digest = (credentials.secret or _NO_SECRET).digest()
    matches = [compare_digest(digest, each) for each in digests]
    if credentials.raw_secret is not None:
        raw = credentials.raw_secret.digest()
        matches = [
            compare_digest(raw, each) | is_match
            for each, is_match in zip(digests, matches, strict=True)
        ]
    if application is None or credentials.secret is None or not any(matches):
        raise refused_client(*_reason(credentials, application, mode))
    used = secrets[matches.index(True)]
    if not used.is_live(now):
        raise refused_client("expired_secret", f"expired secret ending in {used.last_four}")
    check_admitted(application, source)
    return AuthenticatedClient(application, used)


def _reason(
    credentials: PresentedCredentials, application: CachedApplication | None, mode: Mode
) -> tuple[str, str]:
    """Return why nothing matched: as one word, and as text for the log."""
    if not credentials.client_id:
        return "no_credentials", "no client credentials"
    secret = credentials.secret.value if credentials.secret else ""
    for name, text in (("client id", credentials.client_id), ("secret", secret)):
        recognised = read(text)
        if recognised and recognised.mode is not mode:
            theirs, ours = ENVIRONMENTS[recognised.mode], ENVIRONMENTS[mode]
            return "other_environment", f"{theirs} {name} on {ours}"
    is_ours = recognised is not None and recognised.kind is Kind.CLIENT_SECRET
    ending = f" ending in {secret[-4:]}" if is_ours else ""
    if application is None:
        return "unknown_client", "unknown client"
    if credentials.secret is None:
        return "no_secret", "no client secret"
    return "wrong_secret", f"wrong secret{ending}"
