"""Authorizes a token request: grant type, scope and audience (RFC 6749 §4.4, RFC 8707)."""

from dataclasses import dataclass
from functools import cached_property, lru_cache

from gatepass.server.domain.applications.cached_application import CachedApplication
from gatepass.server.domain.applications.model import GRANT_TYPE
from gatepass.server.domain.catalogue import admin_scopes
from gatepass.server.domain.catalogue.model import Catalogue, is_absolute
from gatepass.server.domain.token_policy import Form
from gatepass.server.tokens.opaque import Template, make_template
from gatepass.server.tokens.request import TokenRequest
from gatepass.wire.errors import OAuthError
from gatepass.wire.scope import Scope


@dataclass(frozen=True)
class Grant:
    """What may be issued; an empty audience means the issuer's own Partner API.

    Applications with the same scope share their grants, so what all tokens have in common is
    computed once.
    """

    scope: Scope
    audience: tuple[str, ...]
    lifetime: int
    form: Form

    @cached_property
    def scope_text(self) -> str:
        """Return the scope in its wire form."""
        return str(self.scope)

    @cached_property
    def template(self) -> Template:
        """Return what all of its opaque tokens have in common."""
        return make_template(self.lifetime, self.scope_text, self.audience)


def authorize(application: CachedApplication, request: TokenRequest, catalogue: Catalogue) -> Grant:
    """Return the grant for a request, within what the application may have.

    Without scope the grant has every scope of the application for the resources; without resource
    it is for those of the scope, or for that of the application's first scope. Raises OAuthError:
    `invalid_request` without grant type, `unsupported_grant_type`, `unauthorized_client`,
    `invalid_scope`, `invalid_target`; it names parameters that are likely misspelled.
    """
    try:
        _check_grant_type(request.grant_type, application)
        scope, lifetime = application.scope, application.token_lifetime
        return _grant(request.scope, request.resource, scope, lifetime, catalogue)
    except OAuthError as error:
        if not request.misspelled:
            raise
        hint = " ".join(f"{sent} is likely {right}." for sent, right in request.misspelled)
        raise OAuthError(
            error.code,
            f"{error.description} {hint}",
            log_detail=f"{error.log_detail or error.description} {hint}",
            reason=error.reason,
        ) from None


@lru_cache(maxsize=1024)
def _grant(
    requested: str | None,
    resources: tuple[str, ...],
    allowed: Scope,
    lifetime: int,
    catalogue: Catalogue,
) -> Grant:
    """Return the grant of an application that is allowed a scope, as `authorize` does."""
    scope = None if requested is None else _parse_scope(requested, allowed)
    for resource in resources:
        _check_resource(resource, catalogue)
    audience = tuple(dict.fromkeys(resources))  # each once, so that a token stays short
    if scope is None:
        audience = audience or catalogue.resources_of(allowed)[:1]
        scope = _all_of(allowed, audience, catalogue)
    else:
        audience = audience or _audience_of(scope, allowed, catalogue)
        _check_together(scope, audience, catalogue)
    form = _form(audience, catalogue)
    if audience == (catalogue.partner_api,):
        audience = ()
    if catalogue.admin_api and catalogue.admin_api in audience:
        lifetime = min(lifetime, admin_scopes.LONGEST_LIFETIME)
    return Grant(scope, audience, lifetime, form)


def _check_grant_type(grant_type: str | None, application: CachedApplication) -> None:
    if grant_type is None:
        raise OAuthError("invalid_request", "The parameter grant_type is missing.")
    if grant_type != GRANT_TYPE:
        raise OAuthError("unsupported_grant_type", f"The only grant type here is {GRANT_TYPE}.")
    if not application.may_request_tokens:
        raise OAuthError("unauthorized_client", f"This client may not use {GRANT_TYPE}.")


def _check_resource(resource: str, catalogue: Catalogue) -> None:
    if resource in catalogue.resources:
        return
    if not is_absolute(resource):
        raise OAuthError("invalid_target", "A resource is an absolute URI without fragment.")
    raise OAuthError("invalid_target", "There is no such resource here.")


def _parse_scope(text: str, allowed: Scope) -> Scope:
    scope = Scope.parse(text)
    if not allowed.covers(scope):
        beyond = scope.without(allowed)
        raise OAuthError(
            "invalid_scope",
            f"The application may only have: {allowed}.",
            log_detail=f"scope not allowed: {beyond}",
        )
    return scope


def _all_of(allowed: Scope, audience: tuple[str, ...], catalogue: Catalogue) -> Scope:
    """Return every scope that is allowed for these resources."""
    names = [
        name
        for name in allowed.names
        if name in catalogue.scopes and catalogue.scopes[name].resource in audience
    ]
    if not names:
        raise OAuthError("invalid_target", "The application has no scope of this resource.")
    return Scope(tuple(names))


def _audience_of(scope: Scope, allowed: Scope, catalogue: Catalogue) -> tuple[str, ...]:
    """Return the resource of a scope; RFC 9068 §3 requires a single one."""
    found = catalogue.resources_of(scope) or catalogue.resources_of(allowed)[:1]
    if len(found) > 1:
        raise OAuthError(
            "invalid_scope",
            "These scopes are of several resources. Ask for one at a time, or name the resources.",
        )
    return found


def _check_together(scope: Scope, audience: tuple[str, ...], catalogue: Catalogue) -> None:
    beyond = [name for name in catalogue.resources_of(scope) if name not in audience]
    if beyond:
        raise OAuthError("invalid_scope", "The scope is not one of the resource that is asked for.")


def _form(audience: tuple[str, ...], catalogue: Catalogue) -> Form:
    forms = {catalogue.resources[resource].form for resource in audience}
    if len(forms) > 1:
        raise OAuthError(
            "invalid_target", "These resources take different tokens. Ask for one at a time."
        )
    return forms.pop() if forms else "opaque"
