"""Every kind of event that webhooks send, with an example of what it says. Pure."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from gatepass.translation.message import Message

PREFIX = "dev.gatepass."
"""What the type of a CloudEvent begins with; commands and pages leave it out."""

Value = str | int | bool | None | Sequence[str]
"""What a member of `data` may be: never a secret, a token or a password."""


class EventKind(NamedTuple):
    """A kind of event: when it is sent, and an example of each member of its data.

    It is about the `subject`; one about an application is counted for it (`sequence`). `more` is
    for the reference, where the members of `data` are named.
    """

    name: str
    text: Message
    subject: str
    data: Mapping[str, Value]
    more: str = ""


_APPLICATION = "application"
_ORGANIZATION = "organization"
_USER = "user"
_ENVIRONMENT = "environment"


def _of(*kinds: EventKind) -> dict[str, EventKind]:
    return {each.name: each for each in kinds}


EVENTS = _of(
    EventKind(
        "application.registered",
        Message("An application was registered."),
        _APPLICATION,
        {"name": "Billing", "scope": "v2_users.read v2_users.write"},
        "An import of applications sends none.",
    ),
    EventKind(
        "application.deleted",
        Message("An application was deleted. Its secrets and tokens no longer work."),
        _APPLICATION,
        {"name": "Billing"},
    ),
    EventKind(
        "application.disabled",
        Message("An application was disabled, and its tokens were revoked."),
        _APPLICATION,
        {"name": "Billing"},
    ),
    EventKind(
        "application.enabled",
        Message("An application was enabled again."),
        _APPLICATION,
        {"name": "Billing"},
    ),
    EventKind(
        "application.tokens_revoked",
        Message("Every token of an application was revoked. It gets new ones."),
        _APPLICATION,
        {"name": "Billing"},
    ),
    EventKind(
        "secret.rotated",
        Message(
            "An application has a new client secret, made by a person or by automatic rotation."
        ),
        _APPLICATION,
        {"name": "Billing", "last_four": "x7Qa", "old_secret_expires_at": "2027-01-16T08:00:00Z"},
        "An old one ends at `old_secret_expires_at`; null: at the first use of the new one, or it "
        "has ended before.",
    ),
    EventKind(
        "secret.expiring",
        Message(
            "The last client secret of an application expires soon. It is sent 90, 60, 30, 15, 7 "
            "and 1 days before, and on the last day."
        ),
        _APPLICATION,
        {"name": "Billing", "last_four": "x7Qa", "expires_at": "2027-01-30T08:00:00Z", "days": 15},
    ),
    EventKind(
        "secret.leaked",
        Message("A client secret was reported or marked as leaked."),
        _APPLICATION,
        {
            "name": "Billing",
            "last_four": "x7Qa",
            "ends_at": "2027-01-15T08:00:00Z",
            "reporter": "the secret scanning of GitHub",
        },
        "It ends at `ends_at`, and all tokens of the application with it.",
    ),
    EventKind(
        "client_key.added",
        Message("An application has a new public key, with which it can authenticate."),
        _APPLICATION,
        {
            "name": "Billing",
            "key": "Nightly import",
            "kid": "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k",
            "expires_at": "2027-12-31T00:00:00Z",
        },
        "Null for `expires_at`: it does not expire.",
    ),
    EventKind(
        "client_key.expiring",
        Message(
            "The last key of an application expires soon. It is sent 90, 60, 30, 15, 7 and 1 days "
            "before, and on the last day."
        ),
        _APPLICATION,
        {
            "name": "Billing",
            "key": "Nightly import",
            "kid": "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k",
            "expires_at": "2027-01-30T08:00:00Z",
            "days": 15,
        },
    ),
    EventKind(
        "client_key.revoked",
        Message("A key of an application was revoked: what it signs is refused."),
        _APPLICATION,
        {
            "name": "Billing",
            "key": "Nightly import",
            "kid": "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k",
        },
    ),
    EventKind(
        "client_certificate.added",
        Message("An application has a new certificate, with which it can authenticate."),
        _APPLICATION,
        {
            "name": "Billing",
            "certificate": "Nightly import",
            "method": "self_signed_tls_client_auth",
            "recognised_by": "x5t#S256: R7OkEmzDEQfA1mNHLPvpQJXxMVCdEKh5ABowlaXdJTY",
            "expires_at": "2027-12-31T00:00:00Z",
        },
        "Null for `expires_at`: it is a subject, by which no certificate was recognised yet.",
    ),
    EventKind(
        "client_certificate.expiring",
        Message(
            "The last certificate of an application expires soon. It is sent 90, 60, 30, 15, 7 "
            "and 1 days before, and on the last day."
        ),
        _APPLICATION,
        {
            "name": "Billing",
            "certificate": "Nightly import",
            "method": "self_signed_tls_client_auth",
            "recognised_by": "x5t#S256: R7OkEmzDEQfA1mNHLPvpQJXxMVCdEKh5ABowlaXdJTY",
            "expires_at": "2027-01-30T08:00:00Z",
            "days": 15,
        },
        "With `tls_client_auth` it is about the certificate that the subject recognised and that "
        "was issued last; it is sent in the last quarter of its lifetime.",
    ),
    EventKind(
        "client_certificate.removed",
        Message("A certificate of an application was removed: it is refused."),
        _APPLICATION,
        {
            "name": "Billing",
            "certificate": "Nightly import",
            "method": "self_signed_tls_client_auth",
            "recognised_by": "x5t#S256: R7OkEmzDEQfA1mNHLPvpQJXxMVCdEKh5ABowlaXdJTY",
        },
    ),
    EventKind(
        "refusals.rising",
        Message(
            "Requests of an application were refused in the last 15 minutes more than three "
            "times as often as in the day before, and 20 times at least."
        ),
        _APPLICATION,
        {
            "name": "Billing",
            "refused": 240,
            "usual": 3,
            "reason": "wrong_secret",
            "since": "2027-01-15T07:45:00Z",
        },
        "`reason` is the most frequent one. It is sent once in six hours for an application.",
    ),
    EventKind(
        "organization.created",
        Message("An organization was created."),
        _ORGANIZATION,
        {"name": "Acme"},
    ),
    EventKind(
        "organization.renamed",
        Message("An organization has another name."),
        _ORGANIZATION,
        {"name": "Acme Ltd", "before": "Acme"},
    ),
    EventKind(
        "organization.suspended",
        Message("An organization was suspended. All its tokens were revoked, and it gets none."),
        _ORGANIZATION,
        {"name": "Acme"},
    ),
    EventKind(
        "organization.resumed",
        Message("An organization was resumed, and gets tokens again."),
        _ORGANIZATION,
        {"name": "Acme"},
    ),
    EventKind(
        "user.added",
        Message(
            "A person was added to an organization. The event does not name them; the portal does."
        ),
        _USER,
        {"user_id": "0b9f0a1e-6d0c-4f49-9a52-6a7f5a4f3d11", "role": "staff"},
    ),
    EventKind(
        "user.removed",
        Message("A person was deleted."),
        _USER,
        {"user_id": "0b9f0a1e-6d0c-4f49-9a52-6a7f5a4f3d11", "role": "staff"},
    ),
    EventKind(
        "key.rotated",
        Message(
            "There is a new signing or token key. Keys are published in advance: a resource "
            "server that keeps them reads them again."
        ),
        _ENVIRONMENT,
        {"purposes": ["RS256", "opaque"], "active_from": "2027-01-15T09:00:00Z"},
        "The key has these `purposes` and is used from `active_from` on.",
    ),
    EventKind(
        "audit.checkpoint",
        Message(
            "The server has signed a checkpoint of its audit trail. Keep it where those who "
            "administer the server cannot change it."
        ),
        _ENVIRONMENT,
        {"number": 1204, "checkpoint": "eyJhbGciOiJFUzI1NiIsImtpZCI6Ik..."},
        "`gatepass audit verify --checkpoints` reads a file of such `checkpoint` members. It is "
        "sent each hour in which something was written.",
    ),
    EventKind(
        "webhook.test",
        Message(
            "A person tests an endpoint. It is sent to this endpoint alone, whatever it wants."
        ),
        _ENVIRONMENT,
        {"description": "Billing of Acme"},
    ),
)
TEST = "webhook.test"
ONE_CAN_WANT = tuple(name for name in EVENTS if name != TEST)
OF_INSTALLATION = frozenset(name for name, each in EVENTS.items() if each.subject == _ENVIRONMENT)
"""Those that no organization gets, the test aside."""
ENDS_APPLICATION = "application.deleted"
