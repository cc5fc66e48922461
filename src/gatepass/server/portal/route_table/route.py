"""What a page of the portal is: method, path, access and page function."""

from collections.abc import Callable
from typing import NamedTuple

from starlette.responses import Response

from gatepass.server.domain.users.passwords.hashing import Steps
from gatepass.server.domain.users.sessions.proofs.model import Method
from gatepass.server.portal.access import PageAccess
from gatepass.server.portal.pages.sessions.verification import Verified
from gatepass.server.portal.request import PortalRequest

Page = Callable[[PortalRequest], Response | Verified | Steps[Response] | Steps[Response | Verified]]
"""A page function; it is a generator if it waits for a password hash.

What it returns is a response, or a form that has waited for a proof and is now sent on.
"""


class Route(NamedTuple):
    """One page with one method.

    `step_up`: before the page function is called, the person proves who they are, unless they did
    so within the last ten minutes. A form that has a field with a proof of its own names its method
    (`own_proof`), so that nobody is asked twice.
    """

    method: str
    path: str
    access: PageAccess
    page: Page
    step_up: bool = False
    own_proof: Method | None = None
