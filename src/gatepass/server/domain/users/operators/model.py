"""What an operator is, and who may give whom which role."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal, get_args

from gatepass.server.domain.audit.model import Actor
from gatepass.server.domain.users.model import InvalidField, Role, User
from gatepass.translation.message import Message
from gatepass.wire.credential import ENVIRONMENTS, Mode
from gatepass.wire.errors import OAuthError

OperatorRole = Literal["account_manager", "security", "owner"]
"""`account_manager`: organizations, their administrators, usage and refusals. `security`: keys,
policies, revocation, audit. `owner`: all of that, operators and settings."""
ROLES: tuple[OperatorRole, ...] = get_args(OperatorRole)

Roles = Mapping[Mode, frozenset[OperatorRole]]
"""The roles in each environment; an environment without roles may be left out."""

LAST_OWNER = Message(
    "This is the last owner of production who can log in. Make somebody else an owner first."
)
_FIRST_IS_OWNER = Message("The first operator must be an owner of production.")
_NO_ROLE = Message("Choose a role: account_manager, security or owner.")
_LACKS = Message(
    "Only an owner of {environment} gives or takes roles there, and you are none. Ask one."
)


@dataclass(frozen=True, slots=True)
class Operator:
    """A person of the operating organization, and their roles, which may be none."""

    user: User
    roles: Roles

    def may(self, mode: Mode, *roles: OperatorRole) -> bool:
        """Return whether they have one of the roles in an environment; an owner has each."""
        own = self.roles.get(mode, frozenset())
        return "owner" in own or not own.isdisjoint(roles)

    def is_owner(self, mode: Mode = Mode.LIVE) -> bool:
        """Return whether they are an owner of an environment."""
        return self.may(mode, "owner")

    @property
    def modes(self) -> tuple[Mode, ...]:
        """Return the environments in which they have a role, production first."""
        return tuple(mode for mode in Mode if self.roles.get(mode))

    def actor(self, source: str = "") -> Actor:
        """Return them as the actor of what they do to others, from an address.

        Organizations see "operator", the operator's own audit trail the name.
        """
        return Actor("operator", source, kind="operator", operator=self.user.username or "")


def check_roles(roles: Iterable[str], modes: Iterable[Mode]) -> Roles:
    """Return the same roles in each of the environments; raise InvalidField for an unknown one."""
    wanted = set(roles)
    known = frozenset(each for each in ROLES if each in wanted)
    if not known or known != wanted:
        raise InvalidField("role", _NO_ROLE)
    return dict.fromkeys(modes, known)


def merged(before: Roles, after: Roles) -> Roles:
    """Return the roles of `before`, with those of the environments in `after` in their place."""
    every = {**before, **after}
    return {mode: every[mode] for mode in Mode if every.get(mode)}


def check_first(roles: Roles) -> None:
    """Raise InvalidField where the first operator is not to be an owner of production."""
    if "owner" not in roles.get(Mode.LIVE, frozenset()):
        raise InvalidField("role", _FIRST_IS_OWNER)


def check_may_set(granter: Operator | None, before: Roles, after: Roles) -> None:
    """Raise OAuthError (403) where a role changes in an environment that the granter does not own.

    Without a granter it is the command line of the server's machine, which may do everything.
    """
    for mode in Mode:
        nothing: frozenset[OperatorRole] = frozenset()
        is_changed = before.get(mode, nothing) != after.get(mode, nothing)
        if granter and is_changed and not granter.is_owner(mode):
            raise OAuthError(
                "invalid_request",
                _LACKS.with_values(environment=ENVIRONMENTS[mode]),
                log_detail=f"not an owner of {ENVIRONMENTS[mode]}",
                status=403,
            )


def portal_role(roles: Roles) -> Role:
    """Return the role in the portal: owners of production administer their organization there."""
    return "admin" if "owner" in roles.get(Mode.LIVE, ()) else "user"


def described(roles: Roles) -> str:
    """Return the roles on one line, as the audit trail and commands write them."""
    parts = (
        f"{ENVIRONMENTS[mode]}: {', '.join(each for each in ROLES if each in roles[mode])}"
        for mode in Mode
        if roles.get(mode)
    )
    return "; ".join(parts) or "none"
