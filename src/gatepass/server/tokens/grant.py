"""What the client gets: grant type, scope and audience (RFC 6749 §4.4, RFC 8707)."""

from dataclasses import dataclass
from functools import cached_property

from gatepass.server.domain.applications.model import GRANT_TYPE, Application
from gatepass.server.domain.catalogue.model import Catalogue, is_absolute
from gatepass.server.domain.token_policy import Form
from gatepass.server.tokens.authenticate import AuthenticatedClient
from gatepass.server.tokens.opaque import Template, mould
from gatepass.server.tokens.request import TokenRequest
from gatepass.wire.errors import OAuthError
from gatepass.wire.scope import Scope


@dataclass(frozen=True)
class Grant:
    """A token that may be issued; an empty audience means the issuer's own Partner API.

    A grant is remembered, so what all its tokens have in common is made once.
    """

    application: Application
    scope: Scope
    audience: tuple[str, ...]
    lifetime: int
    form: Form

    @cached_property
    def text(self) -> str:
        """Give the scope in its wire form."""
        return str(self.scope)

    @cached_property
    def mould(self) -> Template:
        """Give what is the same in all of its sealed tokens."""
        return mould(self.application.id, self.lifetime, self.text, self.audience)


def authorize(client: AuthenticatedClient, asked: TokenRequest, catalogue: Catalogue) -> Grant:
    """Grant what was asked, within what the application may have.

    Without scope that is all that the application has of the resources; without resource they
    are those of the scope, or that of the application's first scope. Raises OAuthError:
    `invalid_request` without grant type, `unsupported_grant_type`, `unauthorized_client`,
    `invalid_scope`, `invalid_target`; it names parameters that are likely misspelled.
    """
    try:
        return _decide(client, asked, catalogue)
    except OAuthError as refused:
        if not asked.misspelled:
            raise
        hint = " ".join(f"{sent} is likely {right}." for sent, right in asked.misspelled)
        raise OAuthError(
            refused.code,
            f"{refused.description} {hint}",
            log_detail=f"{refused.log_detail or refused.description} {hint}",
            reason=refused.reason,
        ) from None


def _decide(client: AuthenticatedClient, asked: TokenRequest, catalogue: Catalogue) -> Grant:
    application = client.application
    _check_grant_type(asked.grant_type, application)
    scope = None if asked.scope is None else _asked(asked.scope, application)
    for resource in asked.resource:
        _check_resource(resource, catalogue)
    audience = tuple(dict.fromkeys(asked.resource))  # each once, so that a token stays short
    if scope is None:
        audience = audience or catalogue.resources_of(application.scope)[:1]
        scope = _all_of(application, audience, catalogue)
    else:
        audience = audience or _audience_of(scope, application, catalogue)
        _check_together(scope, audience, catalogue)
    form = _form(audience, catalogue)
    named = () if audience == (catalogue.partner_api,) else audience
    return Grant(application, scope, named, application.token_lifetime, form)


def _check_grant_type(grant_type: str | None, application: Application) -> None:
    if grant_type is None:
        raise OAuthError("invalid_request", "The parameter grant_type is missing.")
    if grant_type != GRANT_TYPE:
        raise OAuthError("unsupported_grant_type", f"The only grant type here is {GRANT_TYPE}.")
    if application.grant_type != GRANT_TYPE or application.client_type != "confidential":
        raise OAuthError("unauthorized_client", f"This client may not use {GRANT_TYPE}.")


def _check_resource(resource: str, catalogue: Catalogue) -> None:
    if resource in catalogue.resources:
        return
    if not is_absolute(resource):
        raise OAuthError("invalid_target", "A resource is an absolute URI without fragment.")
    raise OAuthError("invalid_target", "There is no such resource here.")


def _asked(text: str, application: Application) -> Scope:
    scope = Scope.parse(text)
    if not application.scope.covers(scope):
        beyond = scope.without(application.scope)
        raise OAuthError(
            "invalid_scope",
            f"The application may only have: {application.scope}.",
            log_detail=f"scope not allowed: {beyond}",
        )
    return scope


def _all_of(application: Application, audience: tuple[str, ...], catalogue: Catalogue) -> Scope:
    """Give all that the application has of these resources."""
    names = [
        name
        for name in application.scope.names
        if name in catalogue.scopes and catalogue.scopes[name].resource in audience
    ]
    if not names:
        raise OAuthError("invalid_target", "The application has no scope of this resource.")
    return Scope(tuple(names))


def _audience_of(scope: Scope, application: Application, catalogue: Catalogue) -> tuple[str, ...]:
    """Give the resource of a scope; RFC 9068 §3 wants it to be one."""
    found = catalogue.resources_of(scope) or catalogue.resources_of(application.scope)[:1]
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
    return forms.pop() if forms else "sealed"
