"""A page between a form and its change, which says what stops; the change itself is sent from it.

It performs the operation and undoes that, so what would be refused is refused before it asks.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from starlette.responses import Response

from gatepass.server.admin.console.rendering import page
from gatepass.server.admin.console.request import ConsoleRequest
from gatepass.server.admin.operations.model import Effect
from gatepass.translation.message import Message

FIELD, YES = "confirmed", "yes"
"""The field of the form that the page sends, and its value."""


@dataclass(frozen=True, slots=True)
class Question:
    """What the page asks: `button` does it, `back` is the path below the environment's to return.

    `changes` says what is changed, each as label, value before, value after.
    """

    title: Message
    button: Message
    back: str
    changes: Sequence[tuple[str, str, str]] = ()
    is_danger: bool = False


def is_confirmed(request: ConsoleRequest) -> bool:
    """Return whether a form comes from the page between."""
    return request.form.get(FIELD) == YES


def ask(request: ConsoleRequest, question: Question, effect: Effect | None) -> Response:
    """Show the page between, which sends the same form again."""
    return page(
        request,
        "confirm.html",
        question=question,
        sentences=effect.sentences if effect else (),
        is_reversible=effect.is_reversible if effect else True,
        action=request.portal.path,
        back=request.base + question.back,
        sent={**_sent(request), FIELD: YES},
    )


def _sent(request: ConsoleRequest) -> dict[str, str]:
    """Return the fields of the form; `once` stays, so that what it makes is made once."""
    kept = request.portal.typed()
    return kept | ({"once": request.form["once"]} if "once" in request.form else {})
