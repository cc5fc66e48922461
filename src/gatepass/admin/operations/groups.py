"""The operations by the kind of object that they are about.

A group is loaded when it is used: a program needs few of them.

Written by docs/generate.py from the operations of the server.
"""

from typing import TYPE_CHECKING

from gatepass.admin.connection import Connection

if TYPE_CHECKING:
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
        AsyncGuardOperations,
        AsyncKeyOperations,
        AsyncMailOperations,
        AsyncSystemOperations,
    )
    from gatepass.admin.operations.asynchronous.webhooks import AsyncWebhookOperations
    from gatepass.admin.operations.blocking.applications import (
        ApplicationOperations,
        SecretOperations,
    )
    from gatepass.admin.operations.blocking.catalogue import ResourceOperations, ScopeOperations
    from gatepass.admin.operations.blocking.organizations import (
        OrganizationOperations,
        PolicyOperations,
    )
    from gatepass.admin.operations.blocking.people import InvitationOperations, PersonOperations
    from gatepass.admin.operations.blocking.system import (
        AuditOperations,
        GuardOperations,
        KeyOperations,
        MailOperations,
        SystemOperations,
    )
    from gatepass.admin.operations.blocking.webhooks import WebhookOperations


class Groups:
    """The operations, which block."""

    _connection: Connection

    @property
    def organizations(self) -> "OrganizationOperations":
        """The operations of `organization`."""
        from gatepass.admin.operations.blocking.organizations import OrganizationOperations

        return OrganizationOperations(self._connection)

    @property
    def policies(self) -> "PolicyOperations":
        """The operations of `policy`."""
        from gatepass.admin.operations.blocking.organizations import PolicyOperations

        return PolicyOperations(self._connection)

    @property
    def people(self) -> "PersonOperations":
        """The operations of `person`."""
        from gatepass.admin.operations.blocking.people import PersonOperations

        return PersonOperations(self._connection)

    @property
    def invitations(self) -> "InvitationOperations":
        """The operations of `invitation`."""
        from gatepass.admin.operations.blocking.people import InvitationOperations

        return InvitationOperations(self._connection)

    @property
    def applications(self) -> "ApplicationOperations":
        """The operations of `application`."""
        from gatepass.admin.operations.blocking.applications import ApplicationOperations

        return ApplicationOperations(self._connection)

    @property
    def secrets(self) -> "SecretOperations":
        """The operations of `secret`."""
        from gatepass.admin.operations.blocking.applications import SecretOperations

        return SecretOperations(self._connection)

    @property
    def resources(self) -> "ResourceOperations":
        """The operations of `resource`."""
        from gatepass.admin.operations.blocking.catalogue import ResourceOperations

        return ResourceOperations(self._connection)

    @property
    def scopes(self) -> "ScopeOperations":
        """The operations of `scope`."""
        from gatepass.admin.operations.blocking.catalogue import ScopeOperations

        return ScopeOperations(self._connection)

    @property
    def webhooks(self) -> "WebhookOperations":
        """The operations of `webhook`."""
        from gatepass.admin.operations.blocking.webhooks import WebhookOperations

        return WebhookOperations(self._connection)

    @property
    def keys(self) -> "KeyOperations":
        """The operations of `key`."""
        from gatepass.admin.operations.blocking.system import KeyOperations

        return KeyOperations(self._connection)

    @property
    def audit(self) -> "AuditOperations":
        """The operations of `audit`."""
        from gatepass.admin.operations.blocking.system import AuditOperations

        return AuditOperations(self._connection)

    @property
    def mail(self) -> "MailOperations":
        """The operations of `mail`."""
        from gatepass.admin.operations.blocking.system import MailOperations

        return MailOperations(self._connection)

    @property
    def guards(self) -> "GuardOperations":
        """The operations of `guard`."""
        from gatepass.admin.operations.blocking.system import GuardOperations

        return GuardOperations(self._connection)

    @property
    def system(self) -> "SystemOperations":
        """The operations of `system`."""
        from gatepass.admin.operations.blocking.system import SystemOperations

        return SystemOperations(self._connection)


class AsyncGroups:
    """The operations, which are awaited."""

    _connection: Connection

    @property
    def organizations(self) -> "AsyncOrganizationOperations":
        """The operations of `organization`."""
        from gatepass.admin.operations.asynchronous.organizations import AsyncOrganizationOperations

        return AsyncOrganizationOperations(self._connection)

    @property
    def policies(self) -> "AsyncPolicyOperations":
        """The operations of `policy`."""
        from gatepass.admin.operations.asynchronous.organizations import AsyncPolicyOperations

        return AsyncPolicyOperations(self._connection)

    @property
    def people(self) -> "AsyncPersonOperations":
        """The operations of `person`."""
        from gatepass.admin.operations.asynchronous.people import AsyncPersonOperations

        return AsyncPersonOperations(self._connection)

    @property
    def invitations(self) -> "AsyncInvitationOperations":
        """The operations of `invitation`."""
        from gatepass.admin.operations.asynchronous.people import AsyncInvitationOperations

        return AsyncInvitationOperations(self._connection)

    @property
    def applications(self) -> "AsyncApplicationOperations":
        """The operations of `application`."""
        from gatepass.admin.operations.asynchronous.applications import AsyncApplicationOperations

        return AsyncApplicationOperations(self._connection)

    @property
    def secrets(self) -> "AsyncSecretOperations":
        """The operations of `secret`."""
        from gatepass.admin.operations.asynchronous.applications import AsyncSecretOperations

        return AsyncSecretOperations(self._connection)

    @property
    def resources(self) -> "AsyncResourceOperations":
        """The operations of `resource`."""
        from gatepass.admin.operations.asynchronous.catalogue import AsyncResourceOperations

        return AsyncResourceOperations(self._connection)

    @property
    def scopes(self) -> "AsyncScopeOperations":
        """The operations of `scope`."""
        from gatepass.admin.operations.asynchronous.catalogue import AsyncScopeOperations

        return AsyncScopeOperations(self._connection)

    @property
    def webhooks(self) -> "AsyncWebhookOperations":
        """The operations of `webhook`."""
        from gatepass.admin.operations.asynchronous.webhooks import AsyncWebhookOperations

        return AsyncWebhookOperations(self._connection)

    @property
    def keys(self) -> "AsyncKeyOperations":
        """The operations of `key`."""
        from gatepass.admin.operations.asynchronous.system import AsyncKeyOperations

        return AsyncKeyOperations(self._connection)

    @property
    def audit(self) -> "AsyncAuditOperations":
        """The operations of `audit`."""
        from gatepass.admin.operations.asynchronous.system import AsyncAuditOperations

        return AsyncAuditOperations(self._connection)

    @property
    def mail(self) -> "AsyncMailOperations":
        """The operations of `mail`."""
        from gatepass.admin.operations.asynchronous.system import AsyncMailOperations

        return AsyncMailOperations(self._connection)

    @property
    def guards(self) -> "AsyncGuardOperations":
        """The operations of `guard`."""
        from gatepass.admin.operations.asynchronous.system import AsyncGuardOperations

        return AsyncGuardOperations(self._connection)

    @property
    def system(self) -> "AsyncSystemOperations":
        """The operations of `system`."""
        from gatepass.admin.operations.asynchronous.system import AsyncSystemOperations

        return AsyncSystemOperations(self._connection)
