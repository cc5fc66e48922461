"""What the methods of these operations take.

Written by docs/generate.py from the operations of the server.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Literal, Required, TypedDict
from uuid import UUID

from gatepass.admin.arguments import Creation


class KeyRotate(Creation, total=False):
    """The arguments of `key.rotate`."""


class KeyRotateNow(Creation, total=False):
    """The arguments of `key.rotate_now`."""


class AuditList(TypedDict, total=False):
    """The arguments of `audit.list`."""

    limit: int
    cursor: str
    org_id: UUID | str | None
    actor: str
    client_id: str
    action: str
    refused: bool
    since: datetime | str | None
    until: datetime | str | None


class AuditVerify(TypedDict, total=False):
    """The arguments of `audit.verify`."""

    limit: int
    after_link: int | None


class AuditExport(TypedDict, total=False):
    """The arguments of `audit.export`."""

    limit: int
    cursor: str
    org_id: UUID | str | None
    actor: str
    client_id: str
    action: str
    refused: bool
    since: datetime | str | None
    until: datetime | str | None


class AuditErase(Creation, total=False):
    """The arguments of `audit.erase`."""

    names: Required[Sequence[str]]
    reason: str
    limit: int
    after: int


class MailList(TypedDict, total=False):
    """The arguments of `mail.list`."""

    limit: int
    cursor: str
    state: Literal["waiting", "sent", "failed"] | None


class MailShow(TypedDict, total=False):
    """The arguments of `mail.show`."""

    mail_id: Required[int]


class MailRetry(Creation, total=False):
    """The arguments of `mail.retry`."""

    ids: Sequence[int] | None
