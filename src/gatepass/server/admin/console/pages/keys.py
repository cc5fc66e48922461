"""The keys of an environment: their ages, the next ones, and the emergency."""

from starlette.responses import Response

from gatepass.server.admin.console.rendering import page, redirect, rejected_form
from gatepass.server.admin.console.request import ConsoleRequest
from gatepass.server.admin.operations.system import keys
from gatepass.server.domain.names import are_same
from gatepass.translation.message import Message
from gatepass.wire.errors import OAuthError

_NOT_ITS_NAME = Message("This is not the name of the environment.")


def show(request: ConsoleRequest) -> Response:
    """Show the keys, the newest first."""
    return page(request, "keys.html", **_context(request), values={}, errors={})


def rotate(request: ConsoleRequest) -> Response:
    """Make the next keys; they are published first, and tokens stay valid."""
    request.perform(keys.ROTATE)
    return redirect(
        request, "keys/", Message("The next keys are published, and used 10 minutes from now.")
    )


def rotate_now(request: ConsoleRequest) -> Response:
    """Replace all keys at once, if the name of the environment was typed."""
    if not are_same(request.form.get("confirm", ""), request.environment.name):
        refusal = OAuthError("invalid_request", _NOT_ITS_NAME)
        context = {**_context(request), "errors": {"confirm": _NOT_ITS_NAME}}
        return rejected_form(
            request, "keys.html", refusal, **context, values=request.portal.typed()
        )
    request.perform(keys.ROTATE_NOW)
    return redirect(
        request, "keys/", Message("All keys are replaced. Tokens of before are invalid.")
    )


def _context(request: ConsoleRequest) -> dict[str, object]:
    found = keys.Keys.model_validate(request.perform(keys.LIST).result)
    effect = request.preview(keys.ROTATE_NOW)
    return {
        "keys": list(reversed(found.items)),
        "effect": effect.sentences if effect else (),
        "name": request.environment.name,
    }
