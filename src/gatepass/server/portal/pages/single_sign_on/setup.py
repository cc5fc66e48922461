"""The setup of single sign-on, for administrators: provider, test, domains, people, on and off."""

import json
from collections.abc import Mapping
from functools import partial
from uuid import UUID

from starlette.responses import Response

from gatepass.server.domain.users.model import Role, check_role
from gatepass.server.domain.users.passwords.hashing import Steps
from gatepass.server.domain.users.single_sign_on import setup
from gatepass.server.domain.users.single_sign_on.model import (
    check_client_id,
    check_issuer,
    check_role_claim,
    check_secret,
    read_roles,
    write_roles,
)
from gatepass.server.environment.openid_provider.errors import ProviderAwayError, ProviderError
from gatepass.server.environment.openid_provider.work import ProviderWork
from gatepass.server.portal.forms.errors import Errors, errors_of
from gatepass.server.portal.pages.single_sign_on import journey, trial
from gatepass.server.portal.pages.single_sign_on.login import start_path
from gatepass.server.portal.pages.single_sign_on.trial import SETUP
from gatepass.server.portal.rendering import page, redirect, rejected_form
from gatepass.server.portal.request import PortalRequest
from gatepass.translation.message import Message
from gatepass.wire.errors import OAuthError

_WRONG = OAuthError("invalid_request", Message("See the fields."))


def show(request: PortalRequest) -> Response:
    """Show the setup as it is."""
    tested = None if request.method == "HEAD" else request.take_once(trial.ABOUT)
    return page(
        request, "single_sign_on.html", **_page_context(request), tested=_read(tested), errors={}
    )


def save_provider(request: PortalRequest) -> Response:
    """Write issuer, client id and secret; without a secret the present one stays."""
    typed, errors = request.secret("client_secret"), Errors()
    errors.check("issuer", lambda: check_issuer(request.form.get("issuer", "")))
    errors.check("client_id", lambda: check_client_id(request.form.get("client_id", "")))
    is_new = bool(typed.value.strip())
    secret = errors.check("client_secret", lambda: check_secret(typed.value)) if is_new else None
    if errors:
        return rerender(request, _WRONG, errors)
    try:
        setup.save(
            request.context,
            request.actor,
            request.org_id,
            request.form.get("issuer", ""),
            request.form.get("client_id", ""),
            secret,
        )
    except OAuthError as refusal:
        return rerender(request, refusal)
    return redirect(request, SETUP, Message("The provider is saved. Test the connection."))


def test(request: PortalRequest) -> Steps[Response]:
    """Send the administrator to the provider and back, which shows what comes."""
    found = setup.find(request.context, request.org_id)
    if found is None:
        return rerender(
            request, OAuthError("invalid_request", Message("Give your provider first."))
        )
    request.environment.providers.forget(found.issuer)
    try:
        return (yield from journey.leave(request, found, "test"))
    except ProviderError as error:
        return trial.failed(request, error)


def save_people(request: PortalRequest) -> Response:
    """Write who gets an account on arrival, and the roles."""
    form, errors = request.form, Errors()
    role_claim = errors.check("role_claim", lambda: check_role_claim(form.get("role_claim", "")))
    roles = errors.check("roles", lambda: read_roles(form.get("roles", "")))
    default = errors.check("default_role", lambda: check_role(form.get("default_role", "")))
    highest = errors.check("highest_role", lambda: check_role(form.get("highest_role", "")))
    if errors or default is None or highest is None:
        return rerender(request, _WRONG, errors)
    try:
        setup.set_people(
            request.context,
            request.actor,
            request.org_id,
            setup.People(
                adds_people=form.get("adds_people") == "yes",
                role_claim=role_claim or "",
                roles=roles or {},
                default_role=default,
                highest_role=highest,
            ),
        )
    except OAuthError as refusal:
        return rerender(request, refusal)
    return redirect(request, SETUP, Message("Accounts and roles are saved."))


def turn_on(request: PortalRequest) -> Response:
    """Turn it on, with the administrator for emergencies; or choose another one."""
    try:
        emergency = UUID(request.form.get("emergency", ""))
    except ValueError:
        emergency = None
    try:
        setup.turn_on(request.context, request.actor, request.org_id, emergency)
    except OAuthError as refusal:
        return rerender(request, refusal)
    return redirect(request, SETUP, Message("Single sign-on is on."))


def turn_off(request: PortalRequest) -> Response:
    """Turn it off: passwords log in again."""
    setup.turn_off(request.context, request.actor, request.org_id)
    return redirect(request, SETUP, Message("Single sign-on is off. Passwords log in again."))


def add_domain(request: PortalRequest) -> Response:
    """Add a domain of email addresses."""
    try:
        setup.add_domain(
            request.context, request.actor, request.org_id, request.form.get("domain", "")
        )
    except OAuthError as refusal:
        return rerender(request, refusal)
    return redirect(
        request, f"{SETUP}#domains", Message("The domain is added. Set its TXT record.")
    )


def check_domain(request: PortalRequest) -> Steps[Response]:
    """Ask the DNS for the TXT record of a domain."""
    found = setup.find_domain(request.context, request.org_id, request.ids["domain_id"])
    try:
        texts = yield ProviderWork(
            partial(request.environment.providers.domain_texts, found.record_name)
        )
        setup.prove_domain(request.context, request.actor, request.org_id, found.id, texts)
    except ProviderAwayError:
        refusal = OAuthError(
            "temporarily_unavailable", Message("The DNS does not answer. Try again.")
        )
        return rerender(request, refusal, {f"domain-{found.id}": refusal.message})
    except OAuthError as refusal:
        return rerender(request, refusal)
    return redirect(
        request, f"{SETUP}#domains", Message("{domain} is proved.", domain=found.domain)
    )


def remove_domain(request: PortalRequest) -> Response:
    """Remove a domain."""
    removed = setup.remove_domain(
        request.context, request.actor, request.org_id, request.ids["domain_id"]
    )
    return redirect(
        request, f"{SETUP}#domains", Message("{domain} is removed.", domain=removed.domain)
    )


def rerender(
    request: PortalRequest, refusal: OAuthError, errors: Mapping[str, str] | None = None
) -> Response:
    """Show the setup with the errors and the typed values."""
    shown = _page_context(request)
    shown["values"] = {**shown["values"], **request.typed()}  # type: ignore[dict-item]
    errors = errors or errors_of(refusal)
    return rejected_form(
        request, "single_sign_on.html", refusal, **shown, tested=None, errors=errors
    )


def _page_context(request: PortalRequest) -> dict[str, object]:
    context, org_id = request.context, request.org_id
    found = setup.find(context, org_id)
    default: Role = found.default_role if found else "user"
    highest: Role = found.highest_role if found else "staff"
    values = {
        "issuer": found.issuer if found else "",
        "client_id": found.client_id if found else "",
        "role_claim": found.role_claim if found else "",
        "roles": write_roles(found.roles) if found else "",
        "default_role": default,
        "highest_role": highest,
        "adds_people": "yes" if found and found.adds_people else "",
        "emergency": str(found.emergency_id or "") if found else "",
    }
    return {
        "provider": found,
        "host": journey.provider_host(found) if found else "",
        "connected": setup.number_connected(context, found) if found else 0,
        "is_required": found is not None and setup.is_required(context, org_id),
        "domains": setup.domains(context, org_id),
        "candidates": setup.emergency_candidates(context, org_id),
        "redirect_uri": journey.redirect_uri(request, org_id),
        "login_url": request.environment.issuer + start_path(org_id),
        "is_available": setup.is_available(context),
        "values": values,
    }


def _read(tested: Mapping[str, str] | None) -> dict[str, object] | None:
    """Return what the test brought, with its claims as a table."""
    if tested is None:
        return None
    claims: dict[str, str] = json.loads(tested.get("claims", "{}"))
    return {**tested, "claims": claims}
