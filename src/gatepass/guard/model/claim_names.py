"""What issuers call the claims that say who calls and what is granted."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ClaimNames:
    """The names of claims, as RFC 9068 and Gatepass have them unless told otherwise.

    Others use `azp` or `appid` for the client, and `scp`, `roles` or `permissions` for the
    scope. The scope is a string parted by spaces (RFC 8693 §4.2); under a name of its own it
    may be a list as well. `environment` says production or sandbox, where an issuer has both.
    """

    client_id: str = "client_id"
    scope: str = "scope"
    org_id: str = "org_id"
    token_id: str = "jti"  # noqa: S105 - a claim's name
    environment: str = "environment"


OURS = ClaimNames()
