"""The awaited methods of these operations.

Written by docs/generate.py from the operations of the server.
"""

from collections.abc import AsyncIterator
from typing import Unpack

from gatepass.admin.groups import AsyncGroup
from gatepass.admin.operations.arguments import organizations as arguments
from gatepass.admin.operations.records.organizations import (
    Created,
    Organization,
    Policies,
    Refusals,
    Usage,
)


class AsyncOrganizationOperations(AsyncGroup):
    """The operations `admin.organizations`, awaited."""

    def list(self, **given: Unpack[arguments.OrganizationList]) -> AsyncIterator[Organization]:
        """List organizations, the newest first, or search them.

        limit: integer; objects of a page
        cursor: string; `next_cursor` of the page before, as it was given
        search: string; words of the name, or how they begin
        state: active, suspended or null; only those
        """
        return self._each(Organization, "organization.list", given)

    async def show(self, **given: Unpack[arguments.OrganizationShow]) -> Organization:
        """Return one organization.

        org_id: id (needed)
        """
        return await self._record(Organization, "organization.show", given)

    async def create(self, **given: Unpack[arguments.OrganizationCreate]) -> Created:
        """Create an organization with its first administrator.

        With `invite` they get a mail and choose username and password. With `username` the
        answer has their initial password, once; they must change it at the first login.

        name: string (needed)
        invite: string or null; email address, to invite by mail
        username: string or null; of the administrator, without mail
        email: string or null; with `username`: their address
        """
        return await self._record(Created, "organization.create", given)

    async def rename(self, **given: Unpack[arguments.OrganizationRename]) -> Organization:
        """Rename an organization.

        org_id: id (needed)
        name: string (needed)
        """
        return await self._record(Organization, "organization.rename", given)

    async def suspend(self, **given: Unpack[arguments.OrganizationSuspend]) -> Organization:
        """Suspend an organization: no logins, no tokens; its tokens are revoked permanently.

        org_id: id (needed)
        """
        return await self._record(Organization, "organization.suspend", given)

    async def resume(self, **given: Unpack[arguments.OrganizationResume]) -> Organization:
        """Resume a suspended organization; its earlier tokens stay revoked.

        org_id: id (needed)
        """
        return await self._record(Organization, "organization.resume", given)

    async def usage(self, **given: Unpack[arguments.OrganizationUsage]) -> Usage:
        """Return the usage of all applications of an organization together.

        org_id: id (needed)
        period: 24h, 7d, 90d; by hour for 24h, else by day (UTC)
        """
        return await self._record(Usage, "organization.usage", given)

    async def refusals(self, **given: Unpack[arguments.OrganizationRefusals]) -> Refusals:
        """Return which requests of an organization's applications were refused lately, and why.

        org_id: id (needed)
        limit: integer
        """
        return await self._record(Refusals, "organization.refusals", given)


class AsyncPolicyOperations(AsyncGroup):
    """The operations `admin.policies`, awaited."""

    async def show(self, **given: Unpack[arguments.PolicyShow]) -> Policies:
        """Return the policies that concern an organization, and what is in force.

        org_id: id (needed)
        """
        return await self._record(Policies, "policy.show", given)

    async def change(self, **given: Unpack[arguments.PolicyChange]) -> Policies:
        """Change the policy of an organization; it can only be stricter than the operator's.

        second_factor: optional, required or null
        session_idle: integer or null
        session_absolute: integer or null
        registration: staff, administrators or null
        single_sign_on: allowed, required or null
        secret_lifetime: integer or null
        leaked_secret: notify, revoke or null
        leaked_secret_grace: integer or null
        new_applications: secrets, keys or null
        org_id: id (needed)
        """
        return await self._record(Policies, "policy.change", given)

    async def show_operator(self) -> Policies:
        """Return the operator's policy, which holds for all organizations."""
        return await self._record(Policies, "policy.show_operator", {})

    async def change_operator(self, **given: Unpack[arguments.PolicyChangeOperator]) -> Policies:
        """Change the operator's policy; it is in force for all organizations at once.

        second_factor: optional, required or null
        session_idle: integer or null
        session_absolute: integer or null
        registration: staff, administrators or null
        single_sign_on: allowed, required or null
        secret_lifetime: integer or null
        leaked_secret: notify, revoke or null
        leaked_secret_grace: integer or null
        new_applications: secrets, keys or null
        """
        return await self._record(Policies, "policy.change_operator", given)
