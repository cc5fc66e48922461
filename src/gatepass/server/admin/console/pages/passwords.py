"""An initial password, which a page shows once."""

from starlette.responses import Response

from gatepass.server.admin.console.rendering import page, redirect
from gatepass.server.admin.console.request import ConsoleRequest
from gatepass.server.portal.redirects import LOGIN
from gatepass.translation.message import Message

_SHOWN_ALREADY = Message("The initial password was shown already.")
PATH = "initial-password/"
"""Where it is shown, below the page of that whose it is."""


def keep(request: ConsoleRequest, path: str, username: str, password: str) -> Response:
    """Keep an initial password, and redirect to the page below `path` that shows it once.

    It is kept in the operator's session, which is in production's database.
    """
    kept = {"username": username, "password": password}
    with request.portal.context.database.write() as connection:
        request.portal.keep_once(connection, request.base + path, kept)
    return redirect(request, path + PATH)


def show(request: ConsoleRequest) -> Response:
    """Show an initial password once; afterwards redirect to the page above."""
    path = request.portal.path.removeprefix(request.base).removesuffix(PATH)
    if request.portal.method == "HEAD":  # a HEAD request must not use up the password
        return Response(media_type="text/html")
    kept = request.portal.take_once(request.base + path)
    if kept is None:
        return redirect(request, path, _SHOWN_ALREADY)
    return page(
        request,
        "initial_password.html",
        username=kept["username"],
        initial_password=kept["password"],
        login_url=request.environment.issuer + LOGIN,
        back_url=request.base + path,
    )
