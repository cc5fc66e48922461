"""Mail that was sent, waits, or has failed; never what it says."""

from typing import Annotated

from pydantic import AwareDatetime, Field

from gatepass.server.admin.operations import examples
from gatepass.server.admin.operations.model import (
    EITHER,
    Arguments,
    Call,
    Operation,
    Page,
    Result,
    position_of,
)
from gatepass.server.admin.operations.system.audit import read_number
from gatepass.server.domain.changes.outbox.model import Message, State
from gatepass.wire.errors import OAuthError

AREA = "mail"
_MOST_AT_ONCE = 1000
_OFF = (
    "No mail is sent: the setting mail.host is empty. Name an SMTP server there, and mail.sender."
)


class Mail(Result):
    """A mail, without what it says."""

    id: int
    kind: str
    address: str
    state: State
    created_at: AwareDatetime
    attempts: int
    next_attempt_at: AwareDatetime | None
    sent_at: AwareDatetime | None
    error: str | None

    @classmethod
    def of(cls, found: Message) -> "Mail":
        """Return the mail as operators see it."""
        return cls(
            id=found.id,
            kind=found.kind,
            address=found.address,
            state=found.state,
            created_at=found.created_at,
            attempts=found.attempts,
            next_attempt_at=found.due_at,
            sent_at=found.sent_at,
            error=found.error or None,
        )


class Mails(Result):
    """A page of mail."""

    items: list[Mail]
    next_cursor: str | None


class WantedMail(Page):
    """Which mail is wanted."""

    state: Annotated[State | None, Field(description="only mail in this state")] = None


class OneMail(Arguments):
    """One mail."""

    mail_id: Annotated[int, Field(ge=1)]


class MailToRetry(Arguments):
    """Which mail to send again: these, or with null all that failed."""

    ids: Annotated[list[int] | None, Field(min_length=1, max_length=_MOST_AT_ONCE)] = None


class Retried(Result):
    """How many mails are sent again."""

    retried: int


def _list(call: Call, wanted: WantedMail) -> Mails:
    before = position_of(wanted.cursor, read_number)
    found = call.context.outbox.messages("mail", wanted.state, wanted.limit + 1, before)
    shown = found[: wanted.limit]
    return Mails(
        items=[Mail.of(each) for each in shown],
        next_cursor=str(shown[-1].id) if len(found) > len(shown) else None,
    )


def _show(call: Call, one: OneMail) -> Mail:
    return Mail.of(call.context.outbox.find("mail", one.mail_id))


def _retry(call: Call, wanted: MailToRetry) -> Retried:
    outbox = call.context.outbox
    if not outbox.sends_mail:
        raise OAuthError("invalid_request", _OFF)
    return Retried(retried=outbox.retry("mail", wanted.ids, call.context.now()))


_ANSWER = {
    "id": examples.MAIL_ID,
    "kind": "invitation",
    "address": "bert@acme.example",
    "state": "failed",
    "created_at": "2026-11-29T08:00:00Z",
    "attempts": 9,
    "next_attempt_at": None,
    "sent_at": None,
    "error": "550 no such mailbox",
}

LIST = Operation(
    name="mail.list",
    area=AREA,
    roles=EITHER,
    method="GET",
    path="/mail",
    input=WantedMail,
    output=Mails,
    run=_list,
    summary="List the mail of the last 14 days, the newest first; never what it says.",
    example={"state": "failed"},
    answer={"items": [_ANSWER], "next_cursor": None},
)
SHOW = Operation(
    name="mail.show",
    area=AREA,
    roles=EITHER,
    method="GET",
    path="/mail/messages/{mail_id}",
    input=OneMail,
    output=Mail,
    run=_show,
    summary="Return one mail: when it was tried and why it failed; never what it says.",
    example={"mail_id": examples.MAIL_ID},
    answer=_ANSWER,
)
RETRY = Operation(
    name="mail.retry",
    area=AREA,
    roles=EITHER,
    method="POST",
    path="/mail/retry",
    input=MailToRetry,
    output=Retried,
    run=_retry,
    summary="Send mail again that failed; a link in it may have expired meanwhile.",
    example={"ids": [examples.MAIL_ID]},
    answer={"retried": 1},
)

OPERATIONS = (LIST, SHOW, RETRY)
