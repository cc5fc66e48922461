"""What tokens of an application are bound to, its security profile, and its introspection."""

from collections.abc import Callable

from starlette.responses import Response

from gatepass.server.admin.console.confirmation import Question
from gatepass.server.admin.console.pages.organizations.settings import (
    TOKEN_SETTINGS,
    change,
    changed,
    path_of,
    rerender,
)
from gatepass.server.admin.console.request import ConsoleRequest
from gatepass.server.admin.operations.applications import settings as operations
from gatepass.server.domain.applications.fields.model import FieldGroup
from gatepass.translation.message import Message
from gatepass.wire.errors import OAuthError

_TITLES = {
    "bound-tokens/": Message("Change whether tokens are bound to a key?"),
    "certificate-bound-tokens/": Message("Change whether tokens are bound to a certificate?"),
    "profile/": Message("Change the security profile?"),
    "introspection-responses/": Message("Change how introspection is answered?"),
}


def _form(group: FieldGroup) -> Callable[[ConsoleRequest], Response]:
    """Return the page function of the form of a setting, after a page that says what stops."""
    field = group.fields[0]

    def set_it(request: ConsoleRequest) -> Response:
        text = request.form.get(field.name, "")
        try:
            value = field.parse(text)
        except OAuthError as refusal:
            return rerender(request, refusal, field.name)
        question = Question(
            title=_TITLES[group.path],
            button=Message("Yes, change it"),
            back=path_of(request),
            changes=[changed(request, group, field.name, text)],
        )
        given = {field.name: "none" if value is None else value}
        return change(request, operations.CHANGE, given, question, field.name, group.done)

    return set_it


FORMS = {group.path: _form(group) for group in TOKEN_SETTINGS}
