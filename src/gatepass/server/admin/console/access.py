"""Who may open a page of the console: by the role that an operator has in its environment."""

from dataclasses import dataclass

from gatepass.server.admin.operations.model import EITHER, Role
from gatepass.server.portal.access import operator_of
from gatepass.server.portal.request import PortalRequest
from gatepass.wire.credential import Mode

READERS = EITHER
"""Any role."""


@dataclass(frozen=True, slots=True)
class ConsoleAccess:
    """The roles that open a page of one environment, beside that of an owner."""

    mode: Mode
    roles: frozenset[Role]

    def includes(self, request: PortalRequest) -> bool:
        """Return whether the operator who sends this request has such a role, as it is now."""
        operator = operator_of(request)
        return operator is not None and operator.may(self.mode, *self.roles)

    def refusal(self, request: PortalRequest) -> int:
        """Return 404 where they have no role at all in the environment, which they do not see."""
        operator = operator_of(request)
        return 403 if operator and operator.roles.get(self.mode) else 404
