"""The awaited methods of these operations.

Written by docs/generate.py from the operations of the server.
"""

from collections.abc import AsyncIterator
from typing import Unpack

from gatepass.admin.groups import AsyncGroup
from gatepass.admin.operations.arguments import system as arguments
from gatepass.admin.operations.records.system import (
    AuditEntry,
    Erased,
    ExportedEntry,
    Guards,
    Keys,
    Mail,
    Retried,
    System,
    VerifiedPart,
)


class AsyncKeyOperations(AsyncGroup):
    """The operations `admin.keys`, awaited."""

    async def list(self) -> Keys:
        """List the keys of tokens with their ages; the keys themselves are never shown."""
        return await self._record(Keys, "key.list", {})

    async def rotate(self, **given: Unpack[arguments.KeyRotate]) -> Keys:
        """Make the next keys and publish them before they are used; tokens stay valid."""
        return await self._record(Keys, "key.rotate", given)

    async def rotate_now(self, **given: Unpack[arguments.KeyRotateNow]) -> Keys:
        """Emergency: replace all keys at once; every token issued until now becomes invalid."""
        return await self._record(Keys, "key.rotate_now", given)


class AsyncAuditOperations(AsyncGroup):
    """The operations `admin.audit`, awaited."""

    def list(self, **given: Unpack[arguments.AuditList]) -> AsyncIterator[AuditEntry]:
        """Search the audit trail, the newest entry first.

        limit: integer; objects of a page
        cursor: string; `next_cursor` of the page before, as it was given
        org_id: id or null; of this organization
        actor: string; username, `operator`, or application
        client_id: string; about this application
        action: string; as login; secret. is all of secrets; comma-separated for several
        refused: boolean; only what was refused
        since: moment or null; from then on
        until: moment or null; before then
        """
        return self._each(AuditEntry, "audit.list", given)

    async def verify(self, **given: Unpack[arguments.AuditVerify]) -> VerifiedPart:
        """Verify a part of the audit trail: whether it was changed, deleted, added to or moved.

        The trail is whole if every part is, to the one that has no more after it. Checkpoints
        that left the server are compared by `gatepass audit verify --checkpoints`.

        limit: integer; entries of a part, about
        after_link: integer or null; `last_link` of the part before
        """
        return await self._record(VerifiedPart, "audit.verify", given)

    def export(self, **given: Unpack[arguments.AuditExport]) -> AsyncIterator[ExportedEntry]:
        """Read the audit trail, the oldest entry first, with the digests of its links.

        To go on another day, give the number of the last entry as `cursor`.

        limit: integer; entries of a part
        cursor: string; `next_cursor`, or the number of an entry
        org_id: id or null; of this organization
        actor: string; username, `operator`, or application
        client_id: string; about this application
        action: string; as login; secret. is all of secrets; comma-separated for several
        refused: boolean; only what was refused
        since: moment or null; from then on
        until: moment or null; before then
        """
        return self._each(ExportedEntry, "audit.export", given)

    async def erase(self, **given: Unpack[arguments.AuditErase]) -> Erased:
        """Erase what a part of the audit trail says of a person: who, from where, the details.

        What was done stays, and the trail stays whole. Delete the person first, as what they do
        later is recorded as before. The names are recorded nowhere. Go on with `last` until it
        is null.

        names: list of string (needed); username, and each email address
        reason: string; for the audit trail
        limit: integer; entries that are looked at
        after: integer; `last` of the part before
        """
        return await self._record(Erased, "audit.erase", given)


class AsyncMailOperations(AsyncGroup):
    """The operations `admin.mail`, awaited."""

    def list(self, **given: Unpack[arguments.MailList]) -> AsyncIterator[Mail]:
        """List the mail of the last 14 days, the newest first; never what it says.

        limit: integer; objects of a page
        cursor: string; `next_cursor` of the page before, as it was given
        state: waiting, sent, failed or null; only mail in this state
        """
        return self._each(Mail, "mail.list", given)

    async def show(self, **given: Unpack[arguments.MailShow]) -> Mail:
        """Return one mail: when it was tried and why it failed; never what it says.

        mail_id: integer (needed)
        """
        return await self._record(Mail, "mail.show", given)

    async def retry(self, **given: Unpack[arguments.MailRetry]) -> Retried:
        """Send mail again that failed; a link in it may have expired meanwhile.

        ids: list of integer or null
        """
        return await self._record(Retried, "mail.retry", given)


class AsyncGuardOperations(AsyncGroup):
    """The operations `admin.guards`, awaited."""

    async def list(self) -> Guards:
        """List the guards that follow the revocation feed, and how far behind each is."""
        return await self._record(Guards, "guard.list", {})


class AsyncSystemOperations(AsyncGroup):
    """The operations `admin.system`, awaited."""

    async def show(self) -> System:
        """Return versions, problems, and how current the answering process is."""
        return await self._record(System, "system.show", {})
