"""What a guard expects of a token: whose it is, and for which resource."""

from dataclasses import dataclass
from typing import Self
from urllib.parse import urlsplit

from gatepass.guard.claim_names import OURS, ClaimNames
from gatepass.wire import metadata


@dataclass(frozen=True, slots=True)
class Expectation:
    """The issuer whose tokens count and, where set, the resource they must be for.

    `resource` is this API's own identifier (RFC 8707): if set, a token's audience must have
    it. `resource_metadata` is the address of its metadata, told in challenges (RFC 9728 §5.1).

    `claims` says what the issuer calls things. `plain` is for issuers that do not keep to RFC
    9068: JWTs typed `JWT` or not at all count too, `sub`, `iat` and the token's id may be missing
    from them, and `iss` from an introspection answer (RFC 7662 §2.2).
    """

    issuer: str
    resource: str | None = None
    resource_metadata: str = ""
    claims: ClaimNames = OURS
    plain: bool = False

    @classmethod
    def about(
        cls,
        issuer: str,
        resource: str | None,
        resource_metadata: str | None,
        claims: ClaimNames = OURS,
        *,
        plain: bool = False,
    ) -> Self:
        """Derive the metadata's address from the resource's (RFC 9728 §3.1) where it is None."""
        if resource_metadata is None:
            resource_metadata = _metadata_of(resource or "")
        return cls(issuer, resource, resource_metadata, claims, plain)


def _metadata_of(resource: str) -> str:
    parts = urlsplit(resource)
    if parts.scheme not in {"https", "http"} or not parts.netloc or parts.query or parts.fragment:
        return ""  # a name and no address: nothing can be read there
    return metadata.protected_resource_url(resource)
