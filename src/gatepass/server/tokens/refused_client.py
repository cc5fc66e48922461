"""Why a client that presents a right credential may be refused, and how each refusal is worded."""

from gatepass.server.domain.applications.cached_application import CachedApplication
from gatepass.wire.errors import OAuthError
from gatepass.wire.networks import allows


def refused_client(reason: str, log_detail: str) -> OAuthError:
    """Return the error for a client, the same to the caller whatever the reason."""
    return OAuthError(
        "invalid_client", "Client authentication failed.", log_detail=log_detail, reason=reason
    )


def check_admitted(application: CachedApplication, source: str) -> None:
    """Raise OAuthError where an application may not authenticate now, or not from `source`."""
    if application.is_disabled:
        raise refused_client("disabled", "the application is disabled")
    if application.is_suspended:
        raise refused_client("suspended", "the organization is suspended")
    if application.networks and not allows(application.networks, source):
        raise refused_client("network", "the source is in none of the application's networks")
