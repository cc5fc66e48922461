"""What an endpoint requires of a caller, declared once and checked at each request. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Self, TypeAlias

from gatepass.guard.model.principal import Principal
from gatepass.wire.errors import OAuthError
from gatepass.wire.scope import Scope

NO_SCOPE = Scope(())
ELSE = "*"  # the key of all methods that are not named


@dataclass(frozen=True, slots=True)
class AnyOf:
    """Scopes of which one is enough."""

    scope: Scope


ScopeRequirement: TypeAlias = str | AnyOf | Mapping[str, str | AnyOf]


def any_of(*scopes: str) -> AnyOf:
    """Return the requirement of one of `scopes`; raise ValueError for fewer than two."""
    if len(scopes) < 2:
        raise ValueError("any_of needs at least two scopes")
    return AnyOf(_scope(*scopes))


@dataclass(frozen=True, slots=True)
class Requirements:
    """Scopes, for all methods or for some, and the organization that owns the data.

    All of `every` must be granted and one of each in `one_of`; `by_method` adds to that.
    `organization` names the path parameter that must be the caller's `org_id`.
    """

    every: Scope = NO_SCOPE
    one_of: tuple[Scope, ...] = ()
    by_method: Mapping[str, "Requirements"] = field(default_factory=dict)
    organization: str = ""
    # Prepared for each request: whether `every` is the only requirement, and its names as a set.
    is_simple: bool = field(init=False, repr=False, compare=False)
    names: frozenset[str] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        is_simple = not (self.one_of or self.by_method or self.organization)
        object.__setattr__(self, "is_simple", is_simple)
        object.__setattr__(self, "names", frozenset(self.every.names))

    @classmethod
    def of(cls, *scopes: ScopeRequirement, organization: str = "") -> Self:
        """Return the requirements of an endpoint; a caller must fulfil all of `scopes`.

        A string is a scope, or several, space-separated; `any_of(...)` requires one of several; a
        mapping has either for each method, as `{"GET": "read", "*": "write"}`, with `*` for all
        others (HEAD is as GET unless it is named). Raises ValueError for a scope that can never
        be granted and for a mapping without `*`.
        """
        every = _scope(*(each for each in scopes if isinstance(each, str)))
        one_of = tuple(each.scope for each in scopes if isinstance(each, AnyOf))
        mappings = [each for each in scopes if isinstance(each, Mapping)]
        if len(mappings) > 1:
            raise ValueError("pass one mapping of methods, not several")
        by_method = {
            method.upper(): cls.of(each) for mapping in mappings for method, each in mapping.items()
        }
        if mappings and ELSE not in by_method:
            raise ValueError('the mapping needs "*", for the methods that it does not name')
        return cls(every, one_of, by_method, organization)

    @property
    def all_scopes(self) -> Scope:
        """Return every scope that occurs, for documentation."""
        parts = [self.every, *self.one_of, *(each.all_scopes for each in self.by_method.values())]
        return _scope(*(name for part in parts for name in part.names))

    def sufficient_scope(self, method: str) -> Scope:
        """Return scopes that are sufficient for `method`: of alternatives the first."""
        required = self._for(method)
        return _scope(*required.every.names, *(each.names[0] for each in required.one_of))

    def check(self, caller: Principal, method: str, path: Mapping[str, object]) -> None:
        """Raise OAuthError unless the caller may: 403 `insufficient_scope`, or 404.

        404 is for another organization's data, as for an id that does not exist: so a caller does
        not learn which organizations exist. Raises KeyError if the route has no such parameter.
        """
        required = self._for(method)
        caller.requires(required.every)
        for each in required.one_of:
            caller.requires_any(each)
        if required.organization:
            check_organization(caller, str(path[required.organization]))

    def _for(self, method: str) -> "Requirements":
        if not self.by_method:
            return self
        named = method.upper()
        if named == "HEAD" and named not in self.by_method:
            named = "GET"
        more = self.by_method.get(named) or self.by_method[ELSE]
        every = _scope(*self.every.names, *more.every.names)
        return replace(self, every=every, one_of=self.one_of + more.one_of, by_method={})


NOTHING = Requirements()
"""Any good token is sufficient."""


def check_organization(caller: Principal, org_id: str) -> None:
    """Raise OAuthError (404) unless `org_id` is exactly the caller's own."""
    if caller.org_id is None or caller.org_id != org_id:
        raise OAuthError(
            "invalid_request",
            "There is nothing at this address for you.",
            log_detail=f"client {caller.client_id!r} asked for another organization",
            reason="other_organization",
            status=404,
        )


def _scope(*names: str) -> Scope:
    try:
        return Scope.parse(" ".join(names))
    except OAuthError:
        raise ValueError("a scope is printable ASCII without quotes and backslashes") from None
