"""The fields by which a form says when a client secret ends."""

from datetime import datetime

from gatepass.server.domain.applications.secrets import end as secret_end
from gatepass.server.domain.applications.secrets import operations as secret_operations
from gatepass.server.portal.request import PortalRequest


def chosen(request: PortalRequest) -> datetime | None:
    """Return when a secret is to end by the form; raise OAuthError for what is not offered."""
    choice = request.form.get("secret_end")
    if choice is None:  # a form of a program, from before this field
        longest = secret_operations.longest_lifetime(request.context, request.org_id)
        return secret_end.unstated_end(request.now, longest)
    return secret_end.chosen_end(choice, request.form.get("secret_end_date", ""), request.now)


def choices(request: PortalRequest) -> dict[str, object]:
    """Return what the fields for the end of a secret offer."""
    longest = secret_operations.longest_lifetime(request.context, request.org_id)
    return {
        "longest_secret_lifetime": longest,
        "secret_lifetimes": secret_end.lifetimes_within(longest),
        "default_secret_end": secret_end.default_choice(longest),
    }
