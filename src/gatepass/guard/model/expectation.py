"""What a guard expects of a token: whose it is, and for which resource."""

from dataclasses import dataclass
from typing import Self
from urllib.parse import urlsplit

from gatepass.guard.model.claim_names import OURS, ClaimNames
from gatepass.wire import metadata

LEEWAY = 10  # seconds that the issuer's clock and ours may differ, where nothing else is said
MOST_LEEWAY = 60  # seconds


@dataclass(frozen=True, slots=True)
class Expectation:
    """The issuer whose tokens count and, where set, the resource they must be for.

    `resource` is this API's own identifier (RFC 8707): if set, a token's audience must have
    it. `resource_metadata` is the address of its metadata, told in challenges (RFC 9728 §5.1).

    `claims` says what the issuer calls things. `lenient` is for issuers that do not keep to RFC
    9068: JWTs typed `JWT` or not at all count too, `sub`, `iat` and the token's id may be missing
    from them, and `iss` and `exp` from an introspection answer (RFC 7662 §2.2); `scope` may be
    a list, a moment of an introspection answer have a fraction, and null is as if left out.

    `leeway` is for how many seconds (0 to 60) the issuer's clock and this one may differ. Raises
    ValueError for another.
    """

    issuer: str
    resource: str | None = None
    resource_metadata: str = ""
    claims: ClaimNames = OURS
    lenient: bool = False
    leeway: float = LEEWAY

    def __post_init__(self) -> None:
        if not 0 <= self.leeway <= MOST_LEEWAY:
            raise ValueError(f"leeway is 0 to {MOST_LEEWAY} seconds")

    @classmethod
    def about(
        cls,
        issuer: str,
        resource: str | None,
        resource_metadata: str | None,
        claims: ClaimNames = OURS,
        *,
        lenient: bool = False,
        leeway: float = LEEWAY,
    ) -> Self:
        """Derive the metadata's address from the resource's (RFC 9728 §3.1) where it is None."""
        if resource_metadata is None:
            resource_metadata = _metadata_of(resource or "")
        return cls(issuer, resource, resource_metadata, claims, lenient, leeway)


def _metadata_of(resource: str) -> str:
    parts = urlsplit(resource)
    if parts.scheme not in {"https", "http"} or not parts.netloc or parts.query or parts.fragment:
        return ""  # a name and no address: nothing can be read there
    return metadata.protected_resource_url(resource)
