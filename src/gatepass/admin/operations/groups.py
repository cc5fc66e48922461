"""The operations by the kind of object that they are about.

Written by docs/generate.py from the operations of the server.
"""

from gatepass.admin.connection import Connection
from gatepass.admin.operations.asynchronous.applications import (
    AsyncApplicationOperations,
    AsyncSecretOperations,
)
from gatepass.admin.operations.asynchronous.catalogue import (
    AsyncResourceOperations,
    AsyncScopeOperations,
)
from gatepass.admin.operations.asynchronous.organizations import (
    AsyncOrganizationOperations,
    AsyncPolicyOperations,
)
from gatepass.admin.operations.asynchronous.people import (
    AsyncInvitationOperations,
    AsyncPersonOperations,
)
from gatepass.admin.operations.asynchronous.system import (
    AsyncAuditOperations,
    AsyncKeyOperations,
    AsyncMailOperations,
    AsyncSystemOperations,
)
from gatepass.admin.operations.asynchronous.webhooks import AsyncWebhookOperations
from gatepass.admin.operations.blocking.applications import ApplicationOperations, SecretOperations
from gatepass.admin.operations.blocking.catalogue import ResourceOperations, ScopeOperations
from gatepass.admin.operations.blocking.organizations import (
    OrganizationOperations,
    PolicyOperations,
)
from gatepass.admin.operations.blocking.people import InvitationOperations, PersonOperations
from gatepass.admin.operations.blocking.system import (
    AuditOperations,
    KeyOperations,
    MailOperations,
    SystemOperations,
)
from gatepass.admin.operations.blocking.webhooks import WebhookOperations


class Groups:
    """The operations, which block."""

    def __init__(self, connection: Connection) -> None:
        self.organizations = OrganizationOperations(connection)
        self.policies = PolicyOperations(connection)
        self.people = PersonOperations(connection)
        self.invitations = InvitationOperations(connection)
        self.applications = ApplicationOperations(connection)
        self.secrets = SecretOperations(connection)
        self.resources = ResourceOperations(connection)
        self.scopes = ScopeOperations(connection)
        self.webhooks = WebhookOperations(connection)
        self.keys = KeyOperations(connection)
        self.audit = AuditOperations(connection)
        self.mail = MailOperations(connection)
        self.system = SystemOperations(connection)


class AsyncGroups:
    """The operations, which are awaited."""

    def __init__(self, connection: Connection) -> None:
        self.organizations = AsyncOrganizationOperations(connection)
        self.policies = AsyncPolicyOperations(connection)
        self.people = AsyncPersonOperations(connection)
        self.invitations = AsyncInvitationOperations(connection)
        self.applications = AsyncApplicationOperations(connection)
        self.secrets = AsyncSecretOperations(connection)
        self.resources = AsyncResourceOperations(connection)
        self.scopes = AsyncScopeOperations(connection)
        self.webhooks = AsyncWebhookOperations(connection)
        self.keys = AsyncKeyOperations(connection)
        self.audit = AsyncAuditOperations(connection)
        self.mail = AsyncMailOperations(connection)
        self.system = AsyncSystemOperations(connection)
