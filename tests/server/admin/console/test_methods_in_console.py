"""Each operation on what an application authenticates with is in the console, or has a reason."""

from gatepass.server.admin.console.routes import ENTRIES
from gatepass.server.admin.operations.applications import (
    certificates,
    credentials,
    keys,
    methods,
)

APP = "organizations/{org_id:uuid}/applications/{app_id:uuid}/"
AUTH = f"{APP}authentication/"
ONE_SECRET, ONE_KEY = AUTH + "secrets/{secret_id:uuid}/", AUTH + "keys/{key_id:uuid}/"
PLACES = {
    "application.methods": AUTH,
    "application.revoke_secrets": f"{AUTH}revoke-secrets/",
    "application.revoke_secret": f"{ONE_SECRET}revoke/",
    "application.set_secret_end": APP + "settings/secrets/{secret_id:uuid}/end/",
    "application.keys": AUTH,
    "application.add_key": f"{AUTH}keys/add/",
    "application.change_key": f"{ONE_KEY}change/",
    "application.revoke_key": f"{ONE_KEY}revoke/",
    "application.set_key_settings": f"{AUTH}keys/setting/",
    "application.expiring_keys": "expiring-secrets/",
    "application.certificates": AUTH,
    "application.add_certificate": f"{AUTH}certificates/add/",
    "application.add_certificate_subject": f"{AUTH}certificates/subject/",
    "application.remove_certificate": AUTH + "certificates/{certificate_id:uuid}/remove/",
}
ELSEWHERE = {  # an operator would see what only the partner's program should have
    "application.create",
    "application.rotate",
    "application.replace_leaked_secret",
    "application.generate_key",
    "application.revoke_tokens",  # of no credential; the partner's own page has it
}


def test_each_operation_on_methods_has_a_page_or_a_form_or_is_the_partners_alone() -> None:
    groups = (certificates, credentials, keys, methods)
    names = {each.name for group in groups for each in group.OPERATIONS}
    paths = {entry.path for entry in ENTRIES}

    assert names - ELSEWHERE - PLACES.keys() == set()
    assert set(PLACES.values()) <= paths
