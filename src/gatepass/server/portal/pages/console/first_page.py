"""The first page of operators: what they may do, in which environment."""

from starlette.responses import Response

from gatepass.server.domain.users.operators.model import ROLES
from gatepass.server.portal.presentation import words
from gatepass.server.portal.rendering import page
from gatepass.server.portal.request import PortalRequest
from gatepass.wire.credential import ENVIRONMENTS


def index(request: PortalRequest) -> Response:
    """Show the operator's roles."""
    operator = request.operator
    if operator is None:
        raise RuntimeError("a page for operators was opened by somebody else")
    roles = [
        {
            "environment": ENVIRONMENTS[mode],
            "roles": [words.OPERATOR_ROLES[each] for each in ROLES if each in operator.roles[mode]],
        }
        for mode in operator.modes
    ]
    return page(request, "console/first_page.html", environments=roles)
