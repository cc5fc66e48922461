"""The page that shows new recovery codes, once."""

from starlette.responses import Response

from gatepass.server.domain.users.factors import operations
from gatepass.server.portal import redirects
from gatepass.server.portal.forms.errors import errors_of
from gatepass.server.portal.rendering import page, redirect
from gatepass.server.portal.request import PortalRequest
from gatepass.server.storage.database import Connection
from gatepass.wire.errors import OAuthError
from gatepass.wire.secret import Secret

PATH = f"{redirects.FACTORS}recovery-codes/"
_ABOUT = "recovery codes"


def keeper(request: PortalRequest) -> operations.Keep:
    """Return what keeps new codes for this page, in the transaction that makes them."""

    def keep(connection: Connection, codes: tuple[Secret, ...]) -> None:
        shown = "\n".join(each.value for each in codes)
        request.keep_once(connection, _ABOUT, {"codes": shown})

    return keep


def make(request: PortalRequest) -> Response:
    """Make new recovery codes."""
    operations.check_available(request.context)
    try:
        operations.make_codes(
            request.context, request.actor, request.current_login, keeper(request)
        )
    except OAuthError as refusal:
        return redirect(request, redirects.FACTORS, errors_of(refusal)[""])
    return redirect(request, PATH)


def show(request: PortalRequest) -> Response:
    """Show codes that were just made, once; otherwise redirect to the page of factors."""
    if request.current_login.session.once is None:
        return redirect(request, redirects.FACTORS)
    if request.method == "HEAD":  # a HEAD request must not use up the codes
        return Response(media_type="text/html")
    kept = request.take_once(_ABOUT)
    if kept is None:
        return redirect(request, redirects.FACTORS)
    return page(
        request,
        "factor_codes.html",
        codes=kept["codes"],
        username=request.user.username,
        landing=request.landing,
    )
