"""The form for a new application with copied settings, and the differences that it shows."""

from dataclasses import replace
from typing import NamedTuple

from starlette.responses import Response

from gatepass.server.domain.applications import copying, operations
from gatepass.server.domain.applications.copying import ChangedMeanwhileError, Difference, Source
from gatepass.server.domain.applications.model import (
    LONGEST_NAME,
    Application,
    check_name,
    check_scope,
)
from gatepass.server.domain.applications.secrets import operations as secret_operations
from gatepass.server.domain.applications.secrets.end import lifetimes_within
from gatepass.server.portal.forms import secret_end
from gatepass.server.portal.forms.errors import Errors
from gatepass.server.portal.pages.application_keys import registration as first_method
from gatepass.server.portal.pages.applications import new_secret
from gatepass.server.portal.pages.applications.registration import SHOWN_NEXT, check_new_name
from gatepass.server.portal.pages.applications.sub_pages import address
from gatepass.server.portal.rendering import redirect
from gatepass.server.portal.request import PortalRequest
from gatepass.translation.durations import span
from gatepass.wire.errors import OAuthError
from gatepass.wire.scope import Scope

_COPY = " (copy)"
_NOTHING = Scope(())


class Row(NamedTuple):
    """A setting in words: of the source, of the target as it is, and as it will be."""

    label: str
    source: str
    before: str
    after: str
    is_change: bool

    @property
    def is_same(self) -> bool:
        """Return whether the target will have what the source has."""
        return self.source == self.after


def rows(differences: list[Difference]) -> list[Row]:
    """Return the differences in words."""
    return [
        Row(
            each.field.label,
            _words(each, each.source),
            _words(each, each.before),
            _words(each, each.after),
            each.is_change,
        )
        for each in differences
    ]


def context(request: PortalRequest, source: Source) -> dict[str, object]:
    """Return what the form for a new application shows."""
    original, offered = source.application, request.catalogue.offered
    new = replace(original, scope=_NOTHING)  # it has nothing of its own that could stay
    shown = copying.differences(original, new, offered)
    methods = first_method.choices(request)
    days = _lifetime(original)
    if days in lifetimes_within(
        secret_operations.longest_lifetime(request.context, request.org_id)
    ):
        methods["default_secret_end"] = str(days)
    return {
        "application": original,
        "target": None,
        "source_environment": source.environment,
        "is_other": source.environment != request.environment.name,
        "rows": rows(shown),
        "left_out": copying.left_out(original.scope, offered, _NOTHING).names,
        "shown": copying.state(original),
        "suggested_name": _suggested(request, source),
        **methods,
    }


def register(request: PortalRequest, source: Source, errors: Errors) -> Response | None:
    """Register the copy and lead to its credentials; return None where there are `errors`."""
    name = errors.check("name", lambda: check_name(request.form.get("name", "")))
    app_id = request.creation_id()
    if name is not None and not request.form.get("same_name"):
        errors.check("same_name", lambda: check_new_name(request, name, app_id))
    method = first_method.check(request, errors)
    errors.check("", lambda: _check_source(request, source))
    if name is None or method is None or errors:
        return None
    who = (request.context, request.catalogue, request.actor, request.org_id, source)
    try:
        if method == first_method.SECRET:
            copying.register_copy(
                *who,
                name=name,
                secret_end=secret_end.chosen(request),
                app_id=app_id,
                also=lambda *made: new_secret.keep(request, *made),
            )
        else:
            give = first_method.chosen(request, method)
            copying.register_copy_without_secret(*who, name=name, give=give, app_id=app_id)
    except OAuthError as refusal:
        if refusal.status != new_secret.DONE_ALREADY:
            raise
    return redirect(request, address(app_id, SHOWN_NEXT[method]))


def _check_source(request: PortalRequest, source: Source) -> None:
    """Raise OAuthError where the source is not as it was shown, or no scope of it is left."""
    original, offered = source.application, request.catalogue.offered
    if request.form.get("shown") != copying.state(original):
        raise ChangedMeanwhileError
    check_scope(copying.scope_of_copy(original.scope, offered, _NOTHING), offered)


def _suggested(request: PortalRequest, source: Source) -> str:
    """Return the name of the source, where it is of another environment; else of a copy."""
    name = source.application.name
    taken = {known for _, known, _ in operations.names(request.context, request.org_id)}
    if name not in taken:
        return name
    return name[: LONGEST_NAME - len(_COPY)] + _COPY


def _lifetime(application: Application) -> int | None:
    """Return for how many days the newest secret was made, if it ends."""
    newest = max(application.secrets, key=lambda each: each.created_at, default=None)
    if newest is None or newest.expires_at is None:
        return None
    return (newest.expires_at - newest.created_at).days


def _words(difference: Difference, text: str) -> str:
    field = difference.field
    if field.choices:
        return next((words for value, words, _ in field.choices if value == text), text)
    if not text:
        return field.empty_fact
    return span(int(text)) if field.unit else text
