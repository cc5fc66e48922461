"""All pages of the console: for each environment method, path, roles and page function."""

from collections.abc import Callable
from typing import Any, NamedTuple

from starlette.responses import Response

from gatepass.server.admin.console.access import ConsoleAccess
from gatepass.server.admin.console.navigation import ACCOUNT_MANAGER, EITHER, OWNER, SECURITY
from gatepass.server.admin.console.pages import (
    audit,
    catalogue,
    expiring,
    keys,
    operators,
    overview,
    passwords,
    policies,
    system,
)
from gatepass.server.admin.console.pages.api_applications import changes as api_changes
from gatepass.server.admin.console.pages.api_applications import registration as api_applications
from gatepass.server.admin.console.pages.api_applications.shown import PATH as _API_APPS
from gatepass.server.admin.console.pages.applications import (
    authentication,
    forms,
    token_settings,
)
from gatepass.server.admin.console.pages.organizations import (
    changes,
    creation,
    listing,
    one,
    people,
    settings,
)
from gatepass.server.admin.console.pages.webhooks import endpoint as webhook
from gatepass.server.admin.console.pages.webhooks import listing as webhooks
from gatepass.server.admin.console.pages.webhooks import secret as webhook_secret
from gatepass.server.admin.console.request import ConsoleRequest, path_of
from gatepass.server.admin.operations.model import Role
from gatepass.server.domain.users.passwords.hashing import Steps
from gatepass.server.portal.access import Access
from gatepass.server.portal.redirects import CONSOLE
from gatepass.server.portal.request import PortalRequest
from gatepass.server.portal.route_table.route import Route
from gatepass.wire.credential import Mode

ConsolePage = Callable[[ConsoleRequest], Response | Steps[Response]]

_ORG = "organizations/{org_id:uuid}/"
_PERSON = "organizations/{org_id:uuid}/people/{user_id:uuid}/"
_OPERATOR = "operators/{user_id:uuid}/"
_INVITED = "operators/invitations/{invitation_id:uuid}/"
_PRODUCTION = (Mode.LIVE,)
_APP = "organizations/{org_id:uuid}/applications/{app_id:uuid}/"

_API_APP = f"{_API_APPS}{{app_id:uuid}}/"
_RESOURCES, _RESOURCE = "catalogue/resources/", "catalogue/resource/"
_SCOPES, _SCOPE = "catalogue/scopes/", "catalogue/scope/"
_SET = f"{_APP}settings/"
_AUTH = f"{_APP}authentication/"
_SECRET = f"{_AUTH}secrets/{{secret_id:uuid}}/"
_KEY = f"{_AUTH}keys/{{key_id:uuid}}/"
_CERTIFICATE = f"{_AUTH}certificates/{{certificate_id:uuid}}/"
_HOOK = "webhooks/{endpoint_id:uuid}/"


class Entry(NamedTuple):
    """A page of each environment; the path is below that of the environment."""

    method: str
    path: str
    roles: frozenset[Role]
    page: ConsolePage
    step_up: bool = False
    modes: tuple[Mode, ...] = tuple(Mode)


ENTRIES = (
    Entry("GET", "", EITHER, overview.show),
    Entry("GET", "organizations/", EITHER, listing.show),
    Entry("GET", "organizations/new/", ACCOUNT_MANAGER, creation.form),
    Entry("POST", "organizations/new/", ACCOUNT_MANAGER, creation.create, step_up=True),
    Entry("GET", _ORG, EITHER, one.show),
    Entry("GET", f"{_ORG}initial-password/", ACCOUNT_MANAGER, passwords.show),
    Entry("POST", f"{_ORG}rename/", ACCOUNT_MANAGER, changes.rename),
    Entry("POST", f"{_ORG}suspend/", EITHER, changes.suspend),
    Entry("POST", f"{_ORG}resume/", EITHER, changes.resume, step_up=True),
    Entry("GET", f"{_ORG}policy/", EITHER, policies.show),
    Entry("POST", f"{_ORG}policy/", SECURITY, policies.change, step_up=True),
    Entry("GET", _APP, EITHER, one.application),
    Entry("GET", f"{_APP}settings/", EITHER, settings.show),
    Entry("POST", f"{_SET}networks/", EITHER, settings.set_networks, step_up=True),
    Entry("POST", f"{_SET}rate-limit/", EITHER, settings.set_rate_limit, step_up=True),
    Entry("POST", f"{_SET}automatic-rotation/", SECURITY, settings.set_rotation, step_up=True),
    Entry("POST", f"{_SET}secrets/{{secret_id:uuid}}/end/", SECURITY, settings.set_end, True),
    *(
        Entry("POST", _SET + path, EITHER, form, step_up=True)
        for path, form in token_settings.FORMS.items()
    ),
    Entry("GET", _AUTH, EITHER, authentication.show),
    Entry("POST", f"{_AUTH}revoke-secrets/", SECURITY, forms.revoke_secrets, True),
    Entry("POST", f"{_SECRET}revoke/", SECURITY, forms.revoke_secret, True),
    Entry("POST", f"{_AUTH}keys/add/", SECURITY, forms.add_key, True),
    Entry("POST", f"{_AUTH}keys/setting/", SECURITY, forms.change_key_setting, True),
    Entry("POST", f"{_KEY}change/", SECURITY, forms.change_key, True),
    Entry("POST", f"{_KEY}revoke/", SECURITY, forms.revoke_key, True),
    Entry("POST", f"{_AUTH}certificates/add/", SECURITY, forms.add_certificate, True),
    Entry("POST", f"{_AUTH}certificates/subject/", SECURITY, forms.add_subject, True),
    Entry("POST", f"{_CERTIFICATE}remove/", SECURITY, forms.remove_certificate, True),
    Entry("GET", _PERSON, EITHER, people.show),
    Entry("GET", f"{_PERSON}initial-password/", ACCOUNT_MANAGER, passwords.show),
    Entry("POST", f"{_PERSON}password/", ACCOUNT_MANAGER, people.reset_password, step_up=True),
    Entry("POST", f"{_PERSON}factors/", ACCOUNT_MANAGER, people.reset_factors, step_up=True),
    Entry("POST", f"{_PERSON}disable/", EITHER, people.disable),
    Entry("POST", f"{_PERSON}enable/", EITHER, people.enable, step_up=True),
    Entry("GET", "expiring-secrets/", EITHER, expiring.show),
    Entry("GET", "system/", EITHER, system.show),
    Entry("POST", "system/mail/", EITHER, system.retry_mail),
    Entry("GET", "catalogue/", EITHER, catalogue.show),
    Entry("GET", f"{_RESOURCES}add/", SECURITY, catalogue.new_resource),
    Entry("POST", f"{_RESOURCES}add/", SECURITY, catalogue.add_resource, step_up=True),
    Entry("GET", _RESOURCE, EITHER, catalogue.resource),
    Entry("POST", _RESOURCE, SECURITY, catalogue.change_resource, step_up=True),
    Entry("POST", f"{_RESOURCE}remove/", SECURITY, catalogue.remove_resource, step_up=True),
    Entry("GET", f"{_SCOPES}add/", SECURITY, catalogue.new_scope),
    Entry("POST", f"{_SCOPES}add/", SECURITY, catalogue.add_scope, step_up=True),
    Entry("GET", _SCOPE, EITHER, catalogue.scope),
    Entry("POST", _SCOPE, SECURITY, catalogue.change_scope, step_up=True),
    Entry("POST", f"{_SCOPE}remove/", SECURITY, catalogue.remove_scope, step_up=True),
    Entry("GET", "policy/", EITHER, policies.show),
    Entry("POST", "policy/", SECURITY, policies.change, step_up=True),
    Entry("GET", "webhooks/", EITHER, webhooks.index),
    Entry("GET", "webhooks/add/", SECURITY, webhooks.add_form),
    Entry("POST", "webhooks/add/", SECURITY, webhooks.add, step_up=True),
    Entry("GET", f"{_ORG}webhooks/", EITHER, webhooks.index),
    Entry("GET", f"{_ORG}webhooks/add/", SECURITY, webhooks.add_form),
    Entry("POST", f"{_ORG}webhooks/add/", SECURITY, webhooks.add, step_up=True),
    Entry("GET", _HOOK, EITHER, webhook.show),
    Entry("GET", f"{_HOOK}change/", SECURITY, webhook.change_form),
    Entry("POST", f"{_HOOK}change/", SECURITY, webhook.change, step_up=True),
    Entry("GET", f"{_HOOK}secret/", SECURITY, webhook_secret.show),
    Entry("POST", f"{_HOOK}rotate/", SECURITY, webhook.rotate, step_up=True),
    Entry("POST", f"{_HOOK}test/", EITHER, webhook.test),
    Entry("POST", f"{_HOOK}send-again/", EITHER, webhook.send_again),
    Entry("POST", f"{_HOOK}enable/", SECURITY, webhook.enable),
    Entry("POST", f"{_HOOK}disable/", SECURITY, webhook.disable),
    Entry("POST", f"{_HOOK}remove/", SECURITY, webhook.remove),
    Entry("GET", "keys/", SECURITY, keys.show),
    Entry("POST", "keys/rotate/", SECURITY, keys.rotate, step_up=True),
    Entry("POST", "keys/rotate-now/", SECURITY, keys.rotate_now, step_up=True),
    Entry("GET", "audit/", SECURITY, audit.show),
    Entry("GET", "audit/export/", SECURITY, audit.export),
    Entry("GET", "operators/", OWNER, operators.index, modes=_PRODUCTION),
    Entry("GET", "operators/add/", OWNER, operators.form, modes=_PRODUCTION),
    Entry("POST", "operators/add/", OWNER, operators.add, True, _PRODUCTION),
    Entry("POST", f"{_INVITED}resend/", OWNER, operators.resend, True, _PRODUCTION),
    Entry("POST", f"{_INVITED}revoke/", OWNER, operators.revoke, True, _PRODUCTION),
    Entry("GET", _OPERATOR, OWNER, operators.one, modes=_PRODUCTION),
    Entry("GET", f"{_OPERATOR}initial-password/", OWNER, passwords.show, modes=_PRODUCTION),
    Entry("POST", f"{_OPERATOR}roles/", OWNER, operators.set_roles, True, _PRODUCTION),
    Entry("POST", f"{_OPERATOR}password/", OWNER, operators.reset, True, _PRODUCTION),
    Entry("POST", f"{_OPERATOR}remove/", OWNER, operators.remove, True, _PRODUCTION),
    Entry("GET", _API_APPS, OWNER, api_applications.index, modes=_PRODUCTION),
    Entry("GET", f"{_API_APPS}new/", OWNER, api_applications.form, modes=_PRODUCTION),
    Entry("POST", f"{_API_APPS}new/", OWNER, api_applications.register, True, _PRODUCTION),
    Entry("GET", _API_APP, OWNER, api_applications.one, modes=_PRODUCTION),
    Entry("GET", f"{_API_APP}credentials/", OWNER, api_applications.credentials, modes=_PRODUCTION),
    Entry("POST", f"{_API_APP}scope/", OWNER, api_changes.set_scope, True, _PRODUCTION),
    Entry("POST", f"{_API_APP}networks/", OWNER, api_changes.set_networks, True, _PRODUCTION),
    Entry("POST", f"{_API_APP}rotate/", OWNER, api_changes.rotate, True, _PRODUCTION),
    Entry("POST", f"{_API_APP}void/", OWNER, api_changes.revoke_tokens, False, _PRODUCTION),
    Entry("POST", f"{_API_APP}disable/", OWNER, api_changes.disable, False, _PRODUCTION),
    Entry("POST", f"{_API_APP}enable/", OWNER, api_changes.enable, True, _PRODUCTION),
    Entry("POST", f"{_API_APP}delete/", OWNER, api_changes.delete, True, _PRODUCTION),
)


def _route(mode: Mode, entry: Entry) -> Route:
    def show(request: PortalRequest) -> Any:  # noqa: ANN401 - what the page function returns
        return entry.page(ConsoleRequest(request, mode))

    access = ConsoleAccess(mode, entry.roles)
    return Route(entry.method, path_of(mode) + entry.path, access, show, entry.step_up)


ROUTES = (
    Route("GET", CONSOLE, Access.OPERATOR, overview.first),
    *(_route(mode, entry) for entry in ENTRIES for mode in entry.modes),
)
