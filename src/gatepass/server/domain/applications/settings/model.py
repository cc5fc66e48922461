"""Settings that few applications have, as memory and database keep them. Pure."""

from typing import NamedTuple


class ApplicationSettings(NamedTuple):
    """Settings of an application beside those of its own table; the names are of the RFCs.

    With `dpop_bound_access_tokens` (RFC 9449 §5.2) or `tls_client_certificate_bound_access_tokens`
    (RFC 8705 §3.4) it gets no token that is not bound so. `profile` is None or the profile that its
    requests follow, `introspection_signed_response_alg` is of RFC 9701 §6.
    """

    dpop_bound_access_tokens: bool = False
    tls_client_certificate_bound_access_tokens: bool = False
    profile: str | None = None
    introspection_signed_response_alg: str | None = None

    @property
    def needs_binding(self) -> bool:
        """Return whether it gets no token that is bound to nothing."""
        return bool(
            self.dpop_bound_access_tokens
            or self.tls_client_certificate_bound_access_tokens
            or self.profile
        )


NO_SETTINGS = ApplicationSettings()
"""The settings of nearly all applications: one object, so that it is compared at once."""
