"""The blocking methods of these operations.

Written by docs/generate.py from the operations of the server.
"""

from collections.abc import Iterator
from typing import Unpack

from gatepass.admin.groups import Group
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


class PersonOperations(Group):
    """The operations `admin.people`."""

    def list(self, **given: Unpack[arguments.PersonList]) -> Iterator[ListedPerson]:
        """List the people of an organization, the oldest first.

        Without `everybody` these are the people who log in to the portal.

        limit: integer; objects of a page
        cursor: string; `next_cursor` of the page before, as it was given
        org_id: id (needed)
        search: string; a part of the username, name or address
        everybody: boolean; also those without access to the portal
        """
        return self._each(ListedPerson, "person.list", given)

    def find(self, **given: Unpack[arguments.PersonFind]) -> FoundPeople:
        """Find people by username or address, of whatever organization.

        username: string; the whole username
        email: string; the whole address
        """
        return self._record(FoundPeople, "person.find", given)

    def show(self, **given: Unpack[arguments.PersonShow]) -> Person:
        """Return one person.

        user_id: id (needed)
        """
        return self._record(Person, "person.show", given)

    def add(self, **given: Unpack[arguments.PersonAdd]) -> Access:
        """Add a user to an organization, with an initial password.

        The answer has their initial password, once; they must change it at the first login.

        org_id: id (needed)
        username: string (needed)
        email: string or null
        role: admin, staff, user
        """
        return self._record(Access, "person.add", given)

    def set_role(self, **given: Unpack[arguments.PersonSetRole]) -> Person:
        """Change somebody's role; the last administrator keeps theirs.

        user_id: id (needed)
        role: admin, staff, user (needed)
        """
        return self._record(Person, "person.set_role", given)

    def reset_password(self, **given: Unpack[arguments.PersonResetPassword]) -> Access:
        """Set an initial password for somebody who lost theirs; their sessions end.

        user_id: id (needed)
        """
        return self._record(Access, "person.reset_password", given)

    def reset_factors(self, **given: Unpack[arguments.PersonResetFactors]) -> RemovedFactors:
        """Remove all second factors of somebody who lost them; their sessions end.

        user_id: id (needed)
        """
        return self._record(RemovedFactors, "person.reset_factors", given)

    def disable(self, **given: Unpack[arguments.PersonDisable]) -> Person:
        """Disable somebody: their sessions end, and they cannot log in.

        user_id: id (needed)
        """
        return self._record(Person, "person.disable", given)

    def enable(self, **given: Unpack[arguments.PersonEnable]) -> Person:
        """Enable somebody again; their password is the one from before.

        user_id: id (needed)
        """
        return self._record(Person, "person.enable", given)

    def end_sessions(self, **given: Unpack[arguments.PersonEndSessions]) -> Person:
        """End all sessions of somebody; they can log in again.

        user_id: id (needed)
        """
        return self._record(Person, "person.end_sessions", given)

    def end_all_sessions(self, **given: Unpack[arguments.PersonEndAllSessions]) -> EndedSessions:
        """End the sessions of everybody in every organization; they can log in again."""
        return self._record(EndedSessions, "person.end_all_sessions", given)


class InvitationOperations(Group):
    """The operations `admin.invitations`."""

    def list(self, **given: Unpack[arguments.InvitationList]) -> Invitations:
        """List the invitations that were not accepted, the newest first.

        org_id: id (needed)
        """
        return self._record(Invitations, "invitation.list", given)

    def create(self, **given: Unpack[arguments.InvitationCreate]) -> Invitation:
        """Invite somebody to an organization by mail.

        The mail has a link that works for seven days. Where the server sends no mail this is
        refused: add the person with an initial password.

        org_id: id (needed)
        email: string (needed)
        role: admin, staff, user
        """
        return self._record(Invitation, "invitation.create", given)

    def resend(self, **given: Unpack[arguments.InvitationResend]) -> Invitation:
        """Mail an invitation again, for another seven days; the older link stops working.

        org_id: id (needed)
        invitation_id: id (needed)
        """
        return self._record(Invitation, "invitation.resend", given)

    def revoke(self, **given: Unpack[arguments.InvitationRevoke]) -> Nothing:
        """Revoke an invitation: its link stops working.

        org_id: id (needed)
        invitation_id: id (needed)
        """
        return self._record(Nothing, "invitation.revoke", given)
