"""The awaited methods of these operations.

Written by docs/generate.py from the operations of the server.
"""

from collections.abc import AsyncIterator
from typing import Unpack

from gatepass.admin.groups import AsyncGroup
from gatepass.admin.operations.arguments import people as arguments
from gatepass.admin.operations.records.people import (
    Access,
    EndedSessions,
    FoundPeople,
    Invitation,
    Invitations,
    ListedPerson,
    Person,
    RemovedFactors,
)
from gatepass.admin.records import Nothing


class AsyncPersonOperations(AsyncGroup):
    """The operations `admin.people`, awaited."""

    def list(self, **given: Unpack[arguments.PersonList]) -> AsyncIterator[ListedPerson]:
        """List the people of an organization, the oldest first.

        Without `everybody` these are the people who log in to the portal.

        limit: integer; objects of a page
        cursor: string; `next_cursor` of the page before, as it was given
        org_id: id (needed)
        search: string; a part of the username, name or address
        everybody: boolean; also those without access to the portal
        """
        return self._each(ListedPerson, "person.list", given)

    async def find(self, **given: Unpack[arguments.PersonFind]) -> FoundPeople:
        """Find people by username or address, of whatever organization.

        username: string; the whole username
        email: string; the whole address
        """
        return await self._record(FoundPeople, "person.find", given)

    async def show(self, **given: Unpack[arguments.PersonShow]) -> Person:
        """Return one person.

        user_id: id (needed)
        """
        return await self._record(Person, "person.show", given)

    async def add(self, **given: Unpack[arguments.PersonAdd]) -> Access:
        """Add a user to an organization, with an initial password.

        The answer has their initial password, once; they must change it at the first login.

        org_id: id (needed)
        username: string (needed)
        email: string or null
        role: admin, staff, user
        """
        return await self._record(Access, "person.add", given)

    async def set_role(self, **given: Unpack[arguments.PersonSetRole]) -> Person:
        """Change somebody's role; the last administrator keeps theirs.

        user_id: id (needed)
        role: admin, staff, user (needed)
        """
        return await self._record(Person, "person.set_role", given)

    async def reset_password(self, **given: Unpack[arguments.PersonResetPassword]) -> Access:
        """Set an initial password for somebody who lost theirs; their sessions end.

        user_id: id (needed)
        """
        return await self._record(Access, "person.reset_password", given)

    async def reset_factors(self, **given: Unpack[arguments.PersonResetFactors]) -> RemovedFactors:
        """Remove all second factors of somebody who lost them; their sessions end.

        user_id: id (needed)
        """
        return await self._record(RemovedFactors, "person.reset_factors", given)

    async def disable(self, **given: Unpack[arguments.PersonDisable]) -> Person:
        """Disable somebody: their sessions end, and they cannot log in.

        user_id: id (needed)
        """
        return await self._record(Person, "person.disable", given)

    async def enable(self, **given: Unpack[arguments.PersonEnable]) -> Person:
        """Enable somebody again; their password is the one from before.

        user_id: id (needed)
        """
        return await self._record(Person, "person.enable", given)

    async def end_sessions(self, **given: Unpack[arguments.PersonEndSessions]) -> Person:
        """End all sessions of somebody; they can log in again.

        user_id: id (needed)
        """
        return await self._record(Person, "person.end_sessions", given)

    async def end_all_sessions(
        self, **given: Unpack[arguments.PersonEndAllSessions]
    ) -> EndedSessions:
        """End the sessions of everybody in every organization; they can log in again."""
        return await self._record(EndedSessions, "person.end_all_sessions", given)


class AsyncInvitationOperations(AsyncGroup):
    """The operations `admin.invitations`, awaited."""

    async def list(self, **given: Unpack[arguments.InvitationList]) -> Invitations:
        """List the invitations that were not accepted, the newest first.

        org_id: id (needed)
        """
        return await self._record(Invitations, "invitation.list", given)

    async def create(self, **given: Unpack[arguments.InvitationCreate]) -> Invitation:
        """Invite somebody to an organization by mail.

        The mail has a link that works for seven days. Where the server sends no mail this is
        refused: add the person with an initial password.

        org_id: id (needed)
        email: string (needed)
        role: admin, staff, user
        """
        return await self._record(Invitation, "invitation.create", given)

    async def resend(self, **given: Unpack[arguments.InvitationResend]) -> Invitation:
        """Mail an invitation again, for another seven days; the older link stops working.

        org_id: id (needed)
        invitation_id: id (needed)
        """
        return await self._record(Invitation, "invitation.resend", given)

    async def revoke(self, **given: Unpack[arguments.InvitationRevoke]) -> Nothing:
        """Revoke an invitation: its link stops working.

        org_id: id (needed)
        invitation_id: id (needed)
        """
        return await self._record(Nothing, "invitation.revoke", given)
