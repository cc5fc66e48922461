"""How the program of an application authenticates: its secrets, keys and certificates.

A pair of keys is not made here: an operator would see a private key of a partner. The partner
makes it in the portal, or where the program runs.
"""

from collections.abc import Mapping
from typing import Any

from starlette.responses import Response

from gatepass.server.admin.console import confirmation
from gatepass.server.admin.console.confirmation import Question
from gatepass.server.admin.console.pages.organizations.one import as_in_portal
from gatepass.server.admin.console.rendering import page, redirect, rejected_form
from gatepass.server.admin.console.request import ConsoleRequest
from gatepass.server.admin.operations.applications import keys as key_operations
from gatepass.server.admin.operations.model import Operation
from gatepass.server.domain.applications import operations as applications
from gatepass.server.domain.applications.keys import operations as keys
from gatepass.server.domain.applications.keys.certificates.model import FAULTS as OF_CERTIFICATES
from gatepass.server.domain.applications.keys.methods import operations as methods
from gatepass.server.domain.applications.keys.methods.model import QUIET
from gatepass.server.domain.applications.keys.model import FAULTS as OF_KEYS
from gatepass.server.domain.applications.model import Application
from gatepass.server.domain.organizations import operations as organizations
from gatepass.server.portal.forms.errors import errors_of
from gatepass.server.portal.pages.application_certificates import content as certificates_page
from gatepass.server.portal.pages.application_keys import content as keys_page
from gatepass.server.portal.pages.application_keys.methods import KINDS
from gatepass.translation.message import Message
from gatepass.wire.errors import OAuthError

_TEMPLATE = "application_authentication.html"
STEPS = {
    "register_key": Message("It has no key and no certificate: its program needs a secret."),
    "deploy": Message(
        "Its key or certificate was never used: its program does not need it yet, and still needs "
        "the secret."
    ),
    "wait": Message(
        "A secret was used, or made, in the last {days} days: a program may still need it.",
        days=QUIET.days,
    ),
    "revoke_secrets": Message(
        "No secret was used for {days} days. All of them can be revoked.", days=QUIET.days
    ),
    "done": Message("It has no secret that could leak."),
}
_PRIVATE = {OF_KEYS["private"]: "key", OF_CERTIFICATES["private"]: "certificate"}
_INPUTS = {"public_key": "key"}  # fields of the page, by the arguments of operations


def show(request: ConsoleRequest) -> Response:
    """Show the methods beside each other, then the keys and the certificates."""
    return page(request, _TEMPLATE, **_context(request), values={}, errors={})


def ask_or_do(
    request: ConsoleRequest,
    operation: Operation[Any, Any],
    arguments: Mapping[str, object],
    question: Question,
    done: str,
    field: str = "",
) -> Response:
    """Do something after a page that says what stops; a refusal is shown at `field`."""
    given = {**arguments, "client_id": find(request).client_id}
    try:
        if not confirmation.is_confirmed(request):
            return confirmation.ask(request, question, request.try_out(operation, **given).effect)
        request.perform(operation, **given)
    except OAuthError as refusal:
        return rerender(request, refusal, field)
    return redirect(request, path_of(request), done)


def do(
    request: ConsoleRequest,
    operation: Operation[Any, Any],
    arguments: Mapping[str, object],
    done: str,
    field: str,
) -> Response:
    """Do something that stops nothing; a refusal is shown at `field`."""
    try:
        request.perform(operation, **arguments, client_id=find(request).client_id)
    except OAuthError as refusal:
        return rerender(request, refusal, field)
    return redirect(request, path_of(request), done)


def rerender(request: ConsoleRequest, refusal: OAuthError, field: str = "") -> Response:
    """Show the page again with the error; a private key that was pasted is not shown again."""
    values = {**request.portal.typed()}
    values.pop(_PRIVATE.get(refusal.description, ""), None)
    errors = {_INPUTS.get(name, name): said for name, said in errors_of(refusal, field).items()}
    shown = {**_context(request), "values": values, "errors": errors}
    return rejected_form(request, _TEMPLATE, refusal, **shown)


def find(request: ConsoleRequest) -> Application:
    """Return the application of the path; raise NotFoundError if it is not the organization's."""
    organization = organizations.find(request.context, request.id("org_id"))
    return applications.find(request.context, request.id("app_id"), organization.id)


def path_of(request: ConsoleRequest) -> str:
    """Return the path of the page, below that of the environment."""
    app = f"organizations/{request.id('org_id')}/applications/{request.id('app_id')}/"
    return f"{app}authentication/"


def _context(request: ConsoleRequest) -> Mapping[str, object]:
    found, portal = find(request), as_in_portal(request)
    stored = keys.of_application(request.context, found)[0]
    of_keys = keys_page.context(portal, found)
    of_certificates = certificates_page.context(portal, found)
    known = methods.find(request.context, found)
    return {
        **of_keys,
        **of_certificates,
        "offers_keys": of_keys["is_offered"],
        "organization": organizations.find(request.context, found.org_id),
        "application": found,
        "app_url": request.base + path_of(request).removesuffix("authentication/"),
        "here": request.base + path_of(request),
        "methods": known.in_order,
        "kinds": KINDS,
        "step": known.step,
        "step_words": STEPS[known.step],
        "labels": {
            **keys_page.LABELS,
            **certificates_page.LABELS,
            **keys_page.of_each(stored),
        },
        "may_change": request.may(key_operations.ADD),
    }
