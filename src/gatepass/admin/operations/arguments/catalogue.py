"""What the methods of these operations take.

Written by docs/generate.py from the operations of the server.
"""

from typing import Literal, Required, TypedDict

from gatepass.admin.arguments import ConditionalChange, Creation


class ResourceShow(TypedDict, total=False):
    """The arguments of `resource.show`."""

    uri: Required[str]


class ResourceAdd(Creation, total=False):
    """The arguments of `resource.add`."""

    uri: Required[str]
    name: Required[str]
    tokens: Literal["opaque", "jwt"] | None
    algorithm: Literal["ES256", "EdDSA", "PS256", "RS256"] | None


class ResourceChange(ConditionalChange, total=False):
    """The arguments of `resource.change`."""

    uri: Required[str]
    name: str | None
    tokens: Literal["opaque", "jwt"] | None
    algorithm: Literal["ES256", "EdDSA", "PS256", "RS256"] | None


class ResourceRemove(ConditionalChange, total=False):
    """The arguments of `resource.remove`."""

    uri: Required[str]


class ScopeShow(TypedDict, total=False):
    """The arguments of `scope.show`."""

    name: Required[str]


class ScopeAdd(Creation, total=False):
    """The arguments of `scope.add`."""

    name: Required[str]
    description: Required[str]
    resource: str | None
    is_default: bool
    is_restricted: bool


class ScopeChange(ConditionalChange, total=False):
    """The arguments of `scope.change`."""

    name: Required[str]
    description: str | None
    is_default: bool | None
    is_restricted: bool | None


class ScopeRemove(ConditionalChange, total=False):
    """The arguments of `scope.remove`."""

    name: Required[str]
