"""What a caller must be allowed, told once beside an endpoint and asked at each request. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Self, TypeAlias

from gatepass.guard.model.principal import Principal
from gatepass.wire.errors import OAuthError
from gatepass.wire.scope import Scope

NO_SCOPE = Scope(())
ELSE = "*"  # the method that stands for all that are not named


@dataclass(frozen=True, slots=True)
class AnyOf:
    """Scopes of which one is enough."""

    scope: Scope


ScopeRequirement: TypeAlias = str | AnyOf | Mapping[str, str | AnyOf]


def any_of(*scopes: str) -> AnyOf:
    """Give "one of these is enough", for use in `needs`; raise ValueError without two."""
    if len(scopes) < 2:
        raise ValueError("any_of needs at least two scopes")
    return AnyOf(_scope(*scopes))


@dataclass(frozen=True, slots=True)
class Requirements:
    """Scopes, for all methods and for some, and whose data it is.

    All of `every` must be granted and one of each in `one_of`; `by_method` adds to that.
    `organization` names the path parameter that must be the caller's `org_id`.
    """

    every: Scope = NO_SCOPE
    one_of: tuple[Scope, ...] = ()
    by_method: Mapping[str, "Requirements"] = field(default_factory=dict)
    organization: str = ""
    # Prepared for the repeated question: whether `every` is all there is, and its names as a set.
    is_plain: bool = field(init=False, repr=False, compare=False)
    names: frozenset[str] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        plain = not (self.one_of or self.by_method or self.organization)
        object.__setattr__(self, "is_plain", plain)
        object.__setattr__(self, "names", frozenset(self.every.names))

    @classmethod
    def of(cls, *wanted: ScopeRequirement, organization: str = "") -> Self:
        """Read what an endpoint asks for; all of `wanted` must be fulfilled.

        A string is a scope, or several parted by spaces; `any_of(...)` takes one of several; a
        mapping has either for each method, as `{"GET": "read", "*": "write"}`, with `*` for
        those that it does not name (HEAD is as GET where it is not named). Raises ValueError
        for a scope that can never be granted and for a mapping without `*`.
        """
        every = _scope(*(each for each in wanted if isinstance(each, str)))
        one_of = tuple(each.scope for each in wanted if isinstance(each, AnyOf))
        mappings = [each for each in wanted if isinstance(each, Mapping)]
        if len(mappings) > 1:
            raise ValueError("give one mapping of methods, not several")
        by_method = {
            method.upper(): cls.of(each) for mapping in mappings for method, each in mapping.items()
        }
        if mappings and ELSE not in by_method:
            raise ValueError('say with "*" what the methods need that are not named')
        return cls(every, one_of, by_method, organization)

    @property
    def mentioned(self) -> Scope:
        """Give every scope that is named anywhere, for documentation."""
        parts = [self.every, *self.one_of, *(each.mentioned for each in self.by_method.values())]
        return _scope(*(name for part in parts for name in part.names))

    def enough(self, method: str) -> Scope:
        """Give scopes that are enough for `method`: of alternatives the one that stands first."""
        asked = self._for(method)
        return _scope(*asked.every.names, *(each.names[0] for each in asked.one_of))

    def check(self, caller: Principal, method: str, path: Mapping[str, object]) -> None:
        """Refuse a caller who may not: 403 `insufficient_scope`, or 404 for another's data.

        Another's id is answered as one that nobody has, so that nobody learns who is a
        customer. Raises KeyError where the route has no such parameter: then nobody passes.
        """
        asked = self._for(method)
        caller.requires(asked.every)
        for each in asked.one_of:
            caller.requires_any(each)
        if asked.organization:
            check_organization(caller, str(path[asked.organization]))

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
"""Any good token will do."""


def check_organization(caller: Principal, org_id: str) -> None:
    """Refuse (404) unless `org_id`, compared to the letter, is the caller's own."""
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
