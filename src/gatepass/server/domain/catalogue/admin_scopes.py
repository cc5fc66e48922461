"""The scopes of the Admin API: one for each environment, area, and kind of access.

They belong to no row: whoever may write the catalogue cannot change what they allow.
"""

from collections.abc import Iterable, Iterator

from gatepass.server.domain.catalogue.model import CataloguedScope, Resource
from gatepass.server.domain.token_policy import Form
from gatepass.translation.message import Message

ENVIRONMENTS = ("production", "sandbox")
ACCESS = ("read", "write")
NAME = "Admin API"

AREAS = {
    "organizations": Message("organizations and their policies"),
    "people": Message("users, invitations and initial passwords"),
    "applications": Message("applications and their secrets"),
    "usage": Message("usage and refusals"),
    "keys": Message("signing keys"),
    "catalogue": Message("resources and scopes"),
    "audit": Message("the audit trail"),
    "mail": Message("mail that is sent"),
    "webhooks": Message("webhooks"),
    "system": Message("health and versions"),
}
"""What an area has, in words that follow "See" and "Change"."""

LONGEST_LIFETIME = 900
"""Of a token with such a scope, in seconds."""


def name(environment: str, area: str, access: str) -> str:
    """Return the name of a scope."""
    return f"{environment}:{area}:{access}"


def environments_of(names: Iterable[str]) -> frozenset[str]:
    """Return the environments that some scopes reach; other scopes than these reach none."""
    return frozenset(each.partition(":")[0] for each in names if each in NAMES)


def resource(uri: str, form: Form) -> Resource:
    """Return the Admin API as a resource of the catalogue."""
    return Resource(uri, NAME, None, None, form)


def scopes(uri: str) -> Iterator[CataloguedScope]:
    """Return every scope of the Admin API; only an owner grants them."""
    for environment in ENVIRONMENTS:
        for area, words in AREAS.items():
            for access in ACCESS:
                yield CataloguedScope(
                    name(environment, area, access),
                    _words(environment, words, access),
                    is_default=False,
                    is_restricted=True,
                    resource=uri,
                )


NAMES = frozenset(
    name(environment, area, access)
    for environment in ENVIRONMENTS
    for area in AREAS
    for access in ACCESS
)


def _words(environment: str, area: Message, access: str) -> Message:
    if access == "read":
        return Message("{environment}: see {area}", environment=environment, area=area)
    return Message("{environment}: change {area}", environment=environment, area=area)
