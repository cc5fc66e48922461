"""What a resource and a scope are, and the rules they obey."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from urllib.parse import urlsplit

from gatepass.jose.algorithms import Algorithm
from gatepass.server.domain.token_policy import Form, Purpose, Tokens
from gatepass.translation.message import Message
from gatepass.wire.errors import OAuthError
from gatepass.wire.scope import Scope

PARTNER_API = ""
"""The identifier under which the Partner API is stored: its real one is in the settings."""

INTROSPECTION = "introspection"
"""The scope of a resource server that may introspect every token; only the operator grants it."""

PORTAL_USERS = "portal_users"
"""The scope that, with `write`, changes people who log in to the portal."""

BUILT_IN = frozenset({"read", "write", INTROSPECTION, PORTAL_USERS})

OWN_WORDS = (
    Message("See the organization and its users"),
    Message("Create, change and delete users"),
    Message("Ask what any access token is worth"),
    Message(
        "With write: change role and email address of people who log in to the portal, and delete "
        "them"
    ),
)
"""What the database says of the built-in scopes, unless the operator says it in other words."""

NEEDS_PASSWORD = frozenset({PORTAL_USERS})
"""The scopes that an administrator grants with their password, in the portal."""

_LONGEST_TEXT = 200
_LONGEST_SCOPE = 100
_LONGEST_URI = 500
_SCOPE_TOKEN = re.compile(r"[\x21\x23-\x5b\x5d-\x7e]+")  # RFC 6749 §3.3


@dataclass(frozen=True, slots=True)
class Resource:
    """An API that tokens are for (RFC 8707); `uri` is what a client asks for.

    `tokens` and `algorithm` are None where the environment's defaults hold; `form` is the result.
    """

    uri: str
    name: str
    tokens: Tokens | None
    algorithm: Algorithm | None
    form: Form


@dataclass(frozen=True, slots=True)
class CataloguedScope:
    """A scope that tokens of one resource may carry, with words for people.

    A default one is ticked when an application is registered; a restricted one only the
    operator grants.
    """

    name: str
    description: str
    is_default: bool
    is_restricted: bool
    resource: str


@dataclass(frozen=True, eq=False)  # by identity: what was granted by one is cached by it
class Catalogue:
    """All resources and scopes of an environment, as they are now."""

    partner_api: str
    resources: Mapping[str, Resource]
    scopes: Mapping[str, CataloguedScope]
    admin_api: str = ""

    @cached_property
    def everything(self) -> Scope:
        """Return what the operator may grant to an application of a partner."""
        return Scope(
            tuple(
                each.name
                for each in self.scopes.values()
                if not self.admin_api or each.resource != self.admin_api
            )
        )

    @cached_property
    def granted_on_machine(self) -> Scope:
        """Return what a command on the server's machine may grant: those of the Admin API, too.

        Only an application of the operating organization gets these.
        """
        return Scope((*self.everything.names, *self.administrative.names))

    @cached_property
    def administrative(self) -> Scope:
        """Return the scopes of the Admin API, which only an owner of the operator grants."""
        return self.of_resource(self.admin_api) if self.admin_api else Scope(())

    @cached_property
    def selectable(self) -> Scope:
        """Return the scopes that a partner may choose without further ado."""
        return Scope(tuple(name for name in self._unrestricted if name not in NEEDS_PASSWORD))

    @cached_property
    def password_scopes(self) -> Scope:
        """Return the scopes that an administrator of a partner grants with their password."""
        return Scope(tuple(name for name in self._unrestricted if name in NEEDS_PASSWORD))

    @cached_property
    def offered(self) -> Scope:
        """Return the scopes that the portal offers: both kinds of them."""
        return Scope((*self.selectable.names, *self.password_scopes.names))

    @property
    def _unrestricted(self) -> list[str]:
        return [each.name for each in self.scopes.values() if not each.is_restricted]

    @cached_property
    def defaults(self) -> Scope:
        """Return the scopes of an application for which none were chosen."""
        return Scope(tuple(each.name for each in self.scopes.values() if each.is_default))

    @cached_property
    def forms(self) -> frozenset[Form]:
        """Return the forms of tokens that are in use."""
        return frozenset(each.form for each in self.resources.values())

    def of_resource(self, uri: str) -> Scope:
        """Return the scopes of one resource."""
        return Scope(tuple(each.name for each in self.scopes.values() if each.resource == uri))

    def resources_of(self, scope: Scope) -> tuple[str, ...]:
        """Return the resources that the scope-tokens belong to, in their order, each once."""
        known = (self.scopes[name].resource for name in scope.names if name in self.scopes)
        return tuple(dict.fromkeys(known))

    def words(self, name: str) -> Message:
        """Return what a scope allows; the server's own words for it can be translated."""
        found = self.scopes.get(name)
        return Message(found.description) if found else Message("No longer in the catalogue")


def purposes(catalogue: Catalogue, algorithm: Algorithm) -> frozenset[Purpose]:
    """Return what keys are needed for; `algorithm` signs what is no access token, too."""
    signing: frozenset[Purpose] = frozenset(each for each in catalogue.forms if each != "opaque")
    return signing | {"opaque", algorithm}


def check_scope_name(name: str) -> str:
    """Return a scope's name; raise OAuthError where RFC 6749 §3.3 does not allow it."""
    if not _SCOPE_TOKEN.fullmatch(name) or len(name) > _LONGEST_SCOPE:
        raise OAuthError(
            "invalid_scope",
            Message(
                "A scope is 1 to {longest} printable ASCII characters without space, quote and "
                "backslash.",
                longest=_LONGEST_SCOPE,
            ),
        )
    return name


def check_standing(scope: CataloguedScope) -> CataloguedScope:
    """Return the scope; raise OAuthError if partners could get what only the operator grants."""
    if scope.is_default and scope.is_restricted:
        raise OAuthError(
            "invalid_scope",
            Message("A restricted scope cannot be a default: the operator grants it."),
        )
    if scope.is_default and scope.name in NEEDS_PASSWORD:
        raise OAuthError(
            "invalid_scope",
            Message(
                "The scope {name} cannot be a default: it is granted with a password.",
                name=scope.name,
            ),
        )
    if scope.name == INTROSPECTION and not scope.is_restricted:
        raise OAuthError(
            "invalid_scope", Message("The scope {name} stays restricted.", name=INTROSPECTION)
        )
    return scope


def check_words(text: str) -> str:
    """Return a name or description without surrounding space; raise OAuthError if invalid."""
    text = text.strip()
    if not text or len(text) > _LONGEST_TEXT or not text.isprintable():
        raise OAuthError(
            "invalid_request",
            Message(
                "Say it in 1 to {longest} printable characters, in one line.",
                longest=_LONGEST_TEXT,
            ),
        )
    return text


def check_uri(uri: str) -> str:
    """Return a resource's identifier; raise OAuthError (`invalid_target`, RFC 8707 §2)."""
    if len(uri) > _LONGEST_URI or not is_absolute(uri):
        raise OAuthError(
            "invalid_target",
            Message(
                "A resource is an absolute URI without fragment, as https://api.example.com/meters."
            ),
        )
    return uri


def is_absolute(uri: str) -> bool:
    """Return whether a text is an absolute URI without fragment (RFC 3986 §4.3)."""
    try:
        scheme = urlsplit(uri).scheme
    except ValueError:  # as for "http://["
        return False
    is_plain = uri.isascii() and uri.isprintable() and not set(uri) & set(' "<>\\^`{|}#')
    return is_plain and bool(scheme) and len(uri) > len(scheme) + 1
