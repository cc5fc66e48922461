"""What these operations return.

Written by docs/generate.py from the operations of the server.
"""

from dataclasses import dataclass

from gatepass.admin.records import Items, Record


@dataclass(frozen=True, slots=True, kw_only=True)
class Resource(Record):
    """An API that tokens are for; null is the environment's default, `form` what comes of it.

    JWTs are `signed_with` another algorithm until the key of the form's own is in use.
    """

    uri: str
    name: str
    tokens: str | None
    algorithm: str | None
    form: str
    signed_with: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Resources(Items[Resource]):
    """All resources of an environment."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope(Record):
    """A scope that tokens of one resource may carry.

    A default one new applications have; a restricted one only the operator grants.
    """

    name: str
    resource: str
    description: str
    is_default: bool
    is_restricted: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Scopes(Items[Scope]):
    """All scopes of an environment."""
