"""The ways to prove again who one is: how the page offers each method, and how it is checked.

One entry for each method, the strongest first. A person is asked for the first one that they have.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from starlette.responses import Response

from gatepass.server.domain.users.password_hashing import Steps
from gatepass.server.domain.users.sessions.proofs.model import SECOND_FACTORS, Method
from gatepass.server.portal.request import PortalRequest

Check = Callable[[PortalRequest], Steps[Response | None]]
"""Checks the proof in a form; raises OAuthError where it is wrong.

Returns a response that leads elsewhere, where the proof is given there: what comes back from there
calls `verification.proved`.
"""


class Way(NamedTuple):
    """A method of proof, as the page `verify.html` has it.

    `field` is the form's field with the proof, and `missing` what the page says while it is empty.
    """

    method: Method
    field: str
    label: str
    missing: str
    is_offered: Callable[[PortalRequest], bool]
    check: Check
    context: Callable[[PortalRequest], Mapping[str, object]] = lambda _: {}


def _has_password(request: PortalRequest) -> bool:
    return request.user.password_hash is not None


def _check_password(request: PortalRequest) -> Steps[Response | None]:
    yield from request.check_password()
    return None


PASSWORD = Way(
    method="password",
    field="current_password",
    label="Your current password",
    missing="Enter your current password.",
    is_offered=_has_password,
    check=_check_password,
)
WAYS: tuple[Way, ...] = (PASSWORD,)


def of(request: PortalRequest) -> Sequence[Way]:
    """Return the ways that a person may choose from, and first the one they are asked for.

    The strongest alone counts; a recovery code does in place of a second factor that is lost.
    """
    offered = [way for way in WAYS if way.is_offered(request)] or [PASSWORD]
    strongest, *others = offered
    if strongest.method not in SECOND_FACTORS:
        return [strongest]
    return [strongest, *(way for way in others if way.method == "recovery_code")]


def chosen(request: PortalRequest) -> Way:
    """Return the way that the form has chosen, else the strongest."""
    offered, method = of(request), request.form.get("choose") or request.form.get("way")
    return next((way for way in offered if way.method == method), offered[0])
