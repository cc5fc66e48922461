"""Each operation by its name.

Written by docs/generate.py from the operations of the server.
"""

from collections.abc import Mapping

from gatepass.admin.requests import Operation

OPERATIONS: Mapping[str, Operation] = {
    "organization.list": Operation("GET", "/organizations", is_paged=True),
    "organization.show": Operation("GET", "/organizations/{org_id}"),
    "organization.create": Operation("POST", "/organizations"),
    "organization.rename": Operation("PATCH", "/organizations/{org_id}"),
    "organization.suspend": Operation("POST", "/organizations/{org_id}/suspend"),
    "organization.resume": Operation("POST", "/organizations/{org_id}/resume"),
    "policy.show": Operation("GET", "/organizations/{org_id}/policy"),
    "policy.change": Operation("PATCH", "/organizations/{org_id}/policy"),
    "policy.show_operator": Operation("GET", "/policy"),
    "policy.change_operator": Operation("PATCH", "/policy"),
    "person.list": Operation("GET", "/organizations/{org_id}/people", is_paged=True),
    "person.find": Operation("GET", "/people"),
    "person.show": Operation("GET", "/people/{user_id}"),
    "person.add": Operation("POST", "/organizations/{org_id}/people"),
    "person.set_role": Operation("PUT", "/people/{user_id}/role"),
    "person.reset_password": Operation("POST", "/people/{user_id}/reset-password"),
    "person.reset_factors": Operation("POST", "/people/{user_id}/reset-factors"),
    "person.disable": Operation("POST", "/people/{user_id}/disable"),
    "person.enable": Operation("POST", "/people/{user_id}/enable"),
    "person.end_sessions": Operation("POST", "/people/{user_id}/end-sessions"),
    "person.end_all_sessions": Operation("POST", "/sessions/end"),
    "invitation.list": Operation("GET", "/organizations/{org_id}/invitations"),
    "invitation.create": Operation("POST", "/organizations/{org_id}/invitations"),
    "invitation.resend": Operation(
        "POST", "/organizations/{org_id}/invitations/{invitation_id}/resend"
    ),
    "invitation.revoke": Operation("DELETE", "/organizations/{org_id}/invitations/{invitation_id}"),
    "application.list": Operation("GET", "/applications", is_paged=True),
    "application.show": Operation("GET", "/applications/{client_id}"),
    "application.change": Operation("PATCH", "/applications/{client_id}"),
    "application.configure": Operation("PATCH", "/applications/{client_id}/settings"),
    "application.set_scope": Operation("PUT", "/applications/{client_id}/scope"),
    "application.set_rate_limit": Operation("PUT", "/applications/{client_id}/rate-limit"),
    "application.set_automatic_rotation": Operation(
        "PUT", "/applications/{client_id}/automatic-rotation"
    ),
    "application.disable": Operation("POST", "/applications/{client_id}/disable"),
    "application.enable": Operation("POST", "/applications/{client_id}/enable"),
    "application.delete": Operation("DELETE", "/applications/{client_id}"),
    "application.create": Operation("POST", "/organizations/{org_id}/applications"),
    "application.rotate": Operation("POST", "/applications/{client_id}/rotate"),
    "application.set_secret_end": Operation(
        "PUT", "/applications/{client_id}/secrets/{secret_id}/end"
    ),
    "application.revoke_secret": Operation(
        "POST", "/applications/{client_id}/secrets/{secret_id}/revoke"
    ),
    "application.replace_leaked_secret": Operation(
        "POST", "/applications/{client_id}/secrets/{secret_id}/replace-leaked"
    ),
    "application.revoke_tokens": Operation("POST", "/applications/{client_id}/revoke-tokens"),
    "application.keys": Operation("GET", "/applications/{client_id}/keys"),
    "application.add_key": Operation("POST", "/applications/{client_id}/keys"),
    "application.generate_key": Operation("POST", "/applications/{client_id}/key-pairs"),
    "application.change_key": Operation("PATCH", "/applications/{client_id}/keys/{key_id}"),
    "application.revoke_key": Operation("POST", "/applications/{client_id}/keys/{key_id}/revoke"),
    "application.set_key_settings": Operation("PATCH", "/applications/{client_id}/key-settings"),
    "application.certificates": Operation("GET", "/applications/{client_id}/certificates"),
    "application.add_certificate": Operation("POST", "/applications/{client_id}/certificates"),
    "application.add_certificate_subject": Operation(
        "POST", "/applications/{client_id}/certificate-subjects"
    ),
    "application.remove_certificate": Operation(
        "DELETE", "/applications/{client_id}/certificates/{certificate_id}"
    ),
    "application.methods": Operation("GET", "/applications/{client_id}/methods"),
    "application.revoke_secrets": Operation("POST", "/applications/{client_id}/revoke-secrets"),
    "application.usage": Operation("GET", "/applications/{client_id}/usage"),
    "organization.usage": Operation("GET", "/organizations/{org_id}/usage"),
    "application.refusals": Operation("GET", "/applications/{client_id}/refusals"),
    "organization.refusals": Operation("GET", "/organizations/{org_id}/refusals"),
    "application.uses": Operation("GET", "/applications/{client_id}/uses"),
    "secret.expiring": Operation("GET", "/expiring-secrets", is_paged=True),
    "application.expiring_keys": Operation("GET", "/expiring-keys", is_paged=True),
    "application.expiring_certificates": Operation("GET", "/expiring-certificates", is_paged=True),
    "resource.list": Operation("GET", "/resources"),
    "resource.show": Operation("GET", "/resource"),
    "resource.add": Operation("POST", "/resources"),
    "resource.change": Operation("PATCH", "/resource"),
    "resource.remove": Operation("DELETE", "/resource"),
    "scope.list": Operation("GET", "/scopes"),
    "scope.show": Operation("GET", "/scope"),
    "scope.add": Operation("POST", "/scopes"),
    "scope.change": Operation("PATCH", "/scope"),
    "scope.remove": Operation("DELETE", "/scope"),
    "webhook.list": Operation("GET", "/webhooks"),
    "webhook.show": Operation("GET", "/webhooks/{endpoint_id}"),
    "webhook.status": Operation("GET", "/webhooks/{endpoint_id}/status"),
    "webhook.add": Operation("POST", "/webhooks"),
    "webhook.change": Operation("PATCH", "/webhooks/{endpoint_id}"),
    "webhook.rotate_secret": Operation("POST", "/webhooks/{endpoint_id}/rotate-secret"),
    "webhook.disable": Operation("POST", "/webhooks/{endpoint_id}/disable"),
    "webhook.enable": Operation("POST", "/webhooks/{endpoint_id}/enable"),
    "webhook.remove": Operation("DELETE", "/webhooks/{endpoint_id}"),
    "webhook.deliveries": Operation("GET", "/webhooks/{endpoint_id}/deliveries"),
    "webhook.delivery": Operation("GET", "/webhooks/{endpoint_id}/deliveries/{delivery_id}"),
    "webhook.send_again": Operation("POST", "/webhooks/{endpoint_id}/send-again"),
    "webhook.test": Operation("POST", "/webhooks/{endpoint_id}/test"),
    "key.list": Operation("GET", "/keys"),
    "key.rotate": Operation("POST", "/keys/rotate"),
    "key.rotate_now": Operation("POST", "/keys/rotate-now"),
    "audit.list": Operation("GET", "/audit", is_paged=True),
    "audit.verify": Operation("GET", "/audit/verification"),
    "audit.export": Operation("GET", "/audit/export", is_paged=True),
    "audit.erase": Operation("POST", "/audit/erasures"),
    "mail.list": Operation("GET", "/mail", is_paged=True),
    "mail.show": Operation("GET", "/mail/messages/{mail_id}"),
    "mail.retry": Operation("POST", "/mail/retry"),
    "guard.list": Operation("GET", "/guards"),
    "system.show": Operation("GET", "/system"),
}
