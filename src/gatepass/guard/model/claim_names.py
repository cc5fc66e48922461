"""The names of the claims that a guard reads."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ClaimNames:
    """The names of claims; the defaults are those of RFC 9068 and Gatepass.

    Other issuers use `azp` or `appid` for the client, and `scp`, `roles` or `permissions` for the
    scope. The scope is a space-separated string (RFC 8693 §4.2); under another name it may be a
    list as well. `environment` is production or sandbox, if an issuer has both.
    """

    client_id: str = "client_id"
    scope: str = "scope"
    org_id: str = "org_id"
    token_id: str = "jti"  # noqa: S105 - a claim's name
    environment: str = "environment"


OURS = ClaimNames()
