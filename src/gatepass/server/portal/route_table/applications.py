"""Pages of applications: the list, registration, copies, and those of one application."""

from gatepass.server.domain.applications.fields import table
from gatepass.server.domain.applications.fields.general import SCOPE
from gatepass.server.portal import redirects
from gatepass.server.portal.access import Access
from gatepass.server.portal.pages import copying
from gatepass.server.portal.pages.application_certificates import forms as certificates
from gatepass.server.portal.pages.application_keys import forms as keys
from gatepass.server.portal.pages.applications import (
    automatic_rotation,
    danger_zone,
    listing,
    new_secret,
    registration,
    settings,
    sub_pages,
    test_token,
    usage,
)
from gatepass.server.portal.pages.applications.sub_pages import CREDENTIALS, KEYS, SUB_PAGES
from gatepass.server.portal.route_table.route import Route

_APP = "/oauth2/applications/{app_id:uuid}/"

_PAGES = (
    Route("GET", "/oauth2/applications/", Access.STAFF, listing.index),
    Route("GET", "/oauth2/applications/usage/", Access.STAFF, usage.of_organization),
    Route("GET", redirects.REGISTER, Access.REGISTRANT, registration.form),
    Route("POST", redirects.REGISTER, Access.REGISTRANT, registration.register, step_up=True),
    Route("GET", redirects.COPY, Access.ADMIN, copying.enter),
    Route("POST", redirects.COPY, Access.ADMIN, copying.register_from_other, step_up=True),
    Route("POST", f"{redirects.COPY}look/", Access.ADMIN, copying.look),
    Route("GET", f"{_APP}copy/", Access.ADMIN, copying.choose),
    Route("POST", f"{_APP}copy/", Access.ADMIN, copying.register_here, step_up=True),
    Route("GET", f"{_APP}copy/to/", Access.ADMIN, copying.compare),
    Route("POST", f"{_APP}copy/to/", Access.ADMIN, copying.apply, step_up=True),
    *(
        Route("GET", _APP + each.path, each.access, each.show)
        for each in SUB_PAGES
        if each not in (CREDENTIALS, KEYS)
    ),
    Route("GET", _APP + CREDENTIALS.path, Access.STAFF, new_secret.show),
    Route("GET", _APP + KEYS.path, Access.STAFF, keys.show),
    Route("POST", f"{_APP}keys/add/", Access.ADMIN, keys.add, step_up=True),
    Route("POST", f"{_APP}keys/generate/", Access.ADMIN, keys.generate, step_up=True),
    Route("POST", f"{_APP}keys/setting/", Access.ADMIN, keys.change_setting, step_up=True),
    Route("POST", _APP + "keys/{key_id:uuid}/change/", Access.ADMIN, keys.change, step_up=True),
    Route("POST", _APP + "keys/{key_id:uuid}/revoke/", Access.ADMIN, keys.revoke, step_up=True),
    Route("POST", f"{_APP}certificates/add/", Access.ADMIN, certificates.add, step_up=True),
    Route(
        "POST", f"{_APP}certificates/subject/", Access.ADMIN, certificates.add_subject, step_up=True
    ),
    Route(
        "POST",
        _APP + "certificates/{certificate_id:uuid}/remove/",
        Access.ADMIN,
        certificates.remove,
        step_up=True,
    ),
    Route(
        "POST",
        f"{_APP}methods/revoke-secrets/",
        Access.ADMIN,
        keys.revoke_secrets,
        step_up=True,
    ),
    Route("POST", f"{_APP}stored/", Access.REGISTRANT, new_secret.stored),
    Route("POST", f"{_APP}test-token/", Access.ADMIN, test_token.make),
    Route("GET", f"{_APP}test-token/", Access.ADMIN, test_token.show),
    Route("POST", f"{_APP}rotate/", Access.ADMIN, new_secret.rotate, step_up=True),
    Route(
        "POST",
        _APP + "secrets/{secret_id:uuid}/end/",
        Access.ADMIN,
        new_secret.revoke,
        step_up=True,
    ),
    Route(
        "POST",
        _APP + "secrets/{secret_id:uuid}/leaked/",
        Access.ADMIN,
        new_secret.replace_leaked,
        step_up=True,
    ),
    Route(
        "POST",
        _APP + "secrets/{secret_id:uuid}/expiry/",
        Access.ADMIN,
        new_secret.set_end,
        step_up=True,
    ),
    Route(
        "POST",
        f"{_APP}automatic-rotation/",
        Access.ADMIN,
        automatic_rotation.configure,
        step_up=True,
    ),
    Route(
        "POST",
        f"{_APP}automatic-rotation/undo/",
        Access.ADMIN,
        automatic_rotation.undo,
        step_up=True,
    ),
    Route("POST", f"{_APP}scope/", Access.ADMIN, settings.set_scope, step_up=True),
    *(
        Route(
            "POST",
            _APP + group.path,
            Access.ADMIN,
            settings.form_page(group),
            step_up=group.needs_proof,
        )
        for group in table.GROUPS
        if group is not SCOPE
    ),
    Route("POST", f"{_APP}void/", Access.ADMIN, danger_zone.revoke_tokens),
    Route("POST", f"{_APP}enable/", Access.ADMIN, danger_zone.enable, step_up=True),
    Route("POST", f"{_APP}disable/", Access.ADMIN, danger_zone.disable),
    Route("POST", f"{_APP}delete/", Access.ADMIN, danger_zone.delete, step_up=True),
)

APPLICATIONS = tuple(
    route._replace(page=sub_pages.of_owner(route.page))
    if route.method == "POST" and route.path.startswith(_APP)
    else route
    for route in _PAGES
)
