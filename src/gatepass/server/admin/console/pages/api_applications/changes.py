"""Changes of one API application."""

from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any

from starlette.responses import Response

from gatepass.server.admin.console import confirmation
from gatepass.server.admin.console.confirmation import Question
from gatepass.server.admin.console.pages.api_applications.shown import (
    DONE_ALREADY,
    NETWORKS,
    OVERLAPS,
    PATH,
    chosen,
    find,
    keep,
    path_of,
    rerender,
)
from gatepass.server.admin.console.rendering import redirect
from gatepass.server.admin.console.request import ConsoleRequest
from gatepass.server.admin.operations.applications import administrative
from gatepass.server.admin.operations.model import Effect
from gatepass.server.domain.applications.fields.general import SCOPE
from gatepass.server.domain.applications.model import Application, check_scope
from gatepass.server.domain.applications.networks import check_networks, format_networks
from gatepass.server.domain.applications.secrets import end as ends
from gatepass.server.domain.applications.secrets import operations as secrets
from gatepass.server.domain.names import are_same
from gatepass.translation.message import Message
from gatepass.wire.errors import OAuthError
from gatepass.wire.scope import Scope

_OTHERS_REFUSED = Effect(True, (Message("Requests from any other address are refused."),), {})
_NOTHING_STOPS = Effect(True, (Message("Nothing stops."),), {})
_NETWORKS_DONE = Message("The allowed source networks are changed.")
_NOT_ITS_NAME = Message("This is not the application's name.")


_TOKENS_STAY = Effect(
    True,
    (Message("Tokens that it has keep their scopes until they expire, after 15 minutes at most."),),
    {},
)


def set_scope(request: ConsoleRequest) -> Response:
    """Set its scopes, after a page that says what changes."""
    found, wanted = find(request), chosen(request)
    catalogue = request.environment.catalogue
    offered = administrative.grantable(catalogue, request.operator)
    try:
        check_scope(wanted, Scope(tuple(dict.fromkeys((*offered.names, *found.scope.names)))))
        if not administrative.owns(request.operator, found.scope):
            return rerender(request, _lacking(), "scope")
        if not confirmation.is_confirmed(request):
            return confirmation.ask(request, _of_scope(request, found, wanted), _TOKENS_STAY)
        administrative.set_scope(
            request.context,
            catalogue,
            request.actor,
            request.operator,
            found.id,
            wanted,
            {"scope": request.form["seen_scope"]} if "seen_scope" in request.form else None,
        )
    except OAuthError as refusal:
        return rerender(request, refusal, "scope")
    return redirect(request, path_of(request), SCOPE.done)


def set_networks(request: ConsoleRequest) -> Response:
    """Set from where its requests may come, after a page that says what stops."""
    found = find(request)
    try:
        networks = check_networks(request.form.get("networks", ""))
    except OAuthError as refusal:
        return rerender(request, refusal, "networks")
    if not confirmation.is_confirmed(request):
        before, after = (format_networks(each) for each in (found.networks, networks))
        question = Question(
            Message("Change the allowed source networks?"),
            Message("Yes, change the networks"),
            path_of(request),
            [(NETWORKS.label, before or NETWORKS.empty_fact, after or NETWORKS.empty_fact)],
        )
        return confirmation.ask(request, question, _OTHERS_REFUSED if networks else _NOTHING_STOPS)

    def act() -> None:
        by, granter = request.actor, request.operator
        administrative.set_networks(request.context, by, granter, found.id, networks)

    return _change(request, act, _NETWORKS_DONE, "networks")


def rotate(request: ConsoleRequest) -> Response:
    """Make a new secret, which the next page shows once."""
    found = find(request)
    if request.form.get("overlap") not in OVERLAPS:
        refusal = OAuthError("invalid_request", Message("Choose one of the offered overlaps."))
        return rerender(request, refusal, "overlap")
    longest = secrets.longest_lifetime(request.context, found.org_id)
    try:
        administrative.rotate(
            request.context,
            request.actor,
            request.operator,
            found.id,
            timedelta(seconds=int(request.form["overlap"])),
            secret_end=ends.unstated_end(request.environment.now(), longest),
            secret_id=request.portal.creation_id(),
            also=partial(keep, request),
        )
    except OAuthError as refusal:
        if refusal.status != DONE_ALREADY:
            return rerender(request, refusal, "overlap")
    return redirect(request, f"{path_of(request)}credentials/")


def revoke_tokens(request: ConsoleRequest) -> Response:
    """Revoke every token that it has."""
    act = partial(administrative.revoke_tokens, *_who(request))
    return _change(request, act, Message("All its tokens are revoked."))


def disable(request: ConsoleRequest) -> Response:
    """Disable it, which revokes its tokens."""
    act = partial(administrative.set_enabled, *_who(request), enabled=False)
    return _change(request, act, Message("The application is disabled."))


def enable(request: ConsoleRequest) -> Response:
    """Enable it again."""
    act = partial(administrative.set_enabled, *_who(request), enabled=True)
    return _change(request, act, Message("The application is enabled."))


def delete(request: ConsoleRequest) -> Response:
    """Delete it, if its name was typed."""
    found = find(request)
    if not are_same(request.form.get("confirm", ""), found.name):
        return rerender(request, OAuthError("invalid_request", _NOT_ITS_NAME), "confirm")
    try:
        administrative.delete(*_who(request))
    except OAuthError as refusal:
        return rerender(request, refusal)
    return redirect(request, PATH, Message("{name} is deleted.", name=found.name))


def _of_scope(request: ConsoleRequest, found: Application, chosen: Scope) -> Question:
    return Question(
        Message("Change the scopes?"),
        Message("Yes, change the scopes"),
        path_of(request),
        [(Message("Scope"), " ".join(found.scope.names), " ".join(chosen.names))],
    )


def _change(
    request: ConsoleRequest, act: Callable[[], object], done: Message, field: str = ""
) -> Response:
    try:
        act()
    except OAuthError as refusal:
        return rerender(request, refusal, field)
    return redirect(request, path_of(request), done)


def _who(request: ConsoleRequest) -> tuple[Any, ...]:
    return request.context, request.actor, request.operator, find(request).id


def _lacking() -> OAuthError:
    text = Message("It has scopes of an environment that you do not own.")
    return OAuthError("invalid_request", text, status=403)
