"""The awaited methods of these operations.

Written by docs/generate.py from the operations of the server.
"""

from collections.abc import AsyncIterator
from typing import Unpack

from gatepass.admin.groups import AsyncGroup
from gatepass.admin.operations.arguments import system as arguments
from gatepass.admin.operations.records.system import AuditEntry, Keys, Mail, Retried, System


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


class AsyncSystemOperations(AsyncGroup):
    """The operations `admin.system`, awaited."""

    async def show(self) -> System:
        """Return versions, problems, and how current the answering process is."""
        return await self._record(System, "system.show", {})
