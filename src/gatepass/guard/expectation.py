"""What a guard expects of a token: whose it is, and for which resource."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Expectation:
    """The issuer whose tokens count and, where set, the resource they must be for.

    `resource` is this API's own identifier (RFC 8707): if set, a token's audience must have
    it. `resource_metadata` is the address of its metadata, told in challenges (RFC 9728 §5.1).
    """

    issuer: str
    resource: str | None = None
    resource_metadata: str = ""
