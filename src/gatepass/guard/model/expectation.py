"""What a guard expects of a token: its issuer, and its resource."""

from dataclasses import dataclass
from typing import Self
from urllib.parse import urlsplit

from gatepass.guard.model.claim_names import OURS, ClaimNames
from gatepass.wire import metadata

LEEWAY = 10  # seconds by which the issuer's clock and this one may differ by default
LONGEST_LEEWAY = 60  # seconds


@dataclass(frozen=True, slots=True)
class Expectation:
    """The issuer whose tokens are accepted and, if set, the resource they must be for.

    `resource` is this API's own identifier (RFC 8707): if set, a token's audience must have it.
    `resource_metadata` is the address of its metadata, named in challenges (RFC 9728 §5.1).

    `claims` has the issuer's names of claims. `lenient` is for issuers that do not follow RFC
    9068: JWTs typed `JWT` or not at all are accepted too, `sub`, `iat` and the token's id may be
    missing from them, and `iss` and `exp` from an introspection response (RFC 7662 §2.2); `scope`
    may be a list, a time of an introspection response may have a fraction, and null means absent.

    `leeway` is by how many seconds (0 to 60) the issuer's clock and this one may differ; raises
    ValueError for any other.
    """

    issuer: str
    resource: str | None = None
    resource_metadata: str = ""
    claims: ClaimNames = OURS
    lenient: bool = False
    leeway: float = LEEWAY

    def __post_init__(self) -> None:
        if not 0 <= self.leeway <= LONGEST_LEEWAY:
            raise ValueError(f"leeway is 0 to {LONGEST_LEEWAY} seconds")

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
        """Derive the metadata's address from the resource's (RFC 9728 §3.1) if it is None."""
        if resource_metadata is None:
            resource_metadata = _metadata_of(resource or "")
        return cls(issuer, resource, resource_metadata, claims, lenient, leeway)


def _metadata_of(resource: str) -> str:
    parts = urlsplit(resource)
    if parts.scheme not in {"https", "http"} or not parts.netloc or parts.query or parts.fragment:
        return ""  # a name and no address: nothing can be read there
    return metadata.protected_resource_url(resource)
