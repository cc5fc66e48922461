"""States of endpoints and deliveries, and why a request failed, in words."""

from typing import NamedTuple

from gatepass.translation.message import Message


class Words(NamedTuple):
    """A state: the badge's kind and word."""

    kind: str
    text: Message


ENDPOINTS = {
    "enabled": Words("good", Message("Enabled")),
    "failing": Words("warn", Message("Failing")),
    "disabled": Words("bad", Message("Disabled")),
}
DISABLED = {
    "person": Message("A person has disabled it. Nothing is sent, and no new events are kept."),
    "gone": Message(
        "Its receiver answered 410 (gone). Nothing is sent, and no new events are kept."
    ),
    "failing": Message(
        "All deliveries have failed for three days. Nothing is sent, and no new events are kept."
    ),
}
DELIVERIES = {
    "waiting": Words("warn", Message("Waiting")),
    "delivered": Words("good", Message("Delivered")),
    "failed": Words("bad", Message("Failed")),
}
FILTERS = {
    "": Message("All"),
    "waiting": Message("Waiting"),
    "delivered": Message("Delivered"),
    "failed": Message("Failed"),
}
OVERLAPS = {
    "24": Message("Stays valid for 24 hours"),
    "1": Message("Stays valid for 1 hour"),
    "168": Message("Stays valid for 7 days"),
    "0": Message("Ends now: it has leaked"),
}
"""Hours for which the old secret stays valid."""

_ERRORS = {
    "its certificate is not trusted": Message("Its certificate is not trusted."),
    "its signing secret is encrypted with another master key: rotate it": Message(
        "Its signing secret cannot be read. Rotate it."
    ),
    "no answer in time": Message("It did not answer in time."),
    "no connection": Message("It did not take the connection."),
    "not a URL": Message("Its address is not a URL."),
    "not a public address": Message("Its name leads to an address that is not public."),
    "not https": Message("Its address is not https."),
    "redirects are not followed": Message("It redirects, which is not followed."),
    "the answer is not HTTP": Message("Its answer is not HTTP."),
    "the connection was lost": Message("The connection was lost."),
    "the name of the host is not known": Message("The name of its host is not known."),
    "TLS failed": Message("TLS failed."),
}


def error(text: str) -> str:
    """Return why a request failed; what no table has is shown as the server has written it."""
    return _ERRORS.get(text, text)
