"""What mail about an application's keys and certificates says, to an organization's administrators.

That about secrets is in `secret_messages.py`.
"""

from gatepass.server.environment.mail.content import (
    Content,
    Link,
    Site,
    Values,
    about,
    sentence,
)
from gatepass.translation.message import Message, Value

_TALK = Message("If nobody of you did this, talk to the other administrators of your organization.")


def key_added(values: Values, site: Site) -> Content:
    """Say that an application has a new key."""
    return _of_key(
        values,
        site,
        Message("{application} has a new key", application=values["application"]),
        Message("{by} added a key to the application.", by=sentence(values["by"])),
        Message("Anybody who has its private part authenticates as the application."),
        Message("If nobody of you wanted this, revoke the key there at once."),
    )


def key_revoked(values: Values, site: Site) -> Content:
    """Say that a key of an application was revoked."""
    return _of_key(
        values,
        site,
        Message("A key of {application} was revoked", application=values["application"]),
        Message("{by} revoked a key of the application.", by=sentence(values["by"])),
        Message("Programs that sign with it get no new tokens."),
        _TALK,
    )


def certificate_added(values: Values, site: Site) -> Content:
    """Say that an application has a new certificate."""
    return _of_certificate(
        values,
        site,
        Message("{application} has a new certificate", application=values["application"]),
        Message("{by} added a certificate to the application.", by=sentence(values["by"])),
        Message("Anybody who has its private key authenticates as the application."),
        Message("If nobody of you wanted this, remove the certificate there at once."),
    )


def certificate_removed(values: Values, site: Site) -> Content:
    """Say that a certificate of an application was removed."""
    return _of_certificate(
        values,
        site,
        Message("A certificate of {application} was removed", application=values["application"]),
        Message("{by} removed a certificate of the application.", by=sentence(values["by"])),
        Message("Programs that authenticate with it get no new tokens."),
        _TALK,
    )


def _of_key(values: Values, site: Site, subject: Message, *said: Message) -> Content:
    facts = ((Message("Key"), values["keys"]), *about(values, site))
    look = Link(Message("Look at the keys"), f"{_application(values, site)}keys/")
    return _content(values, subject, said, facts, look)


def _of_certificate(values: Values, site: Site, subject: Message, *said: Message) -> Content:
    facts = ((Message("Certificate"), values["certificate"]), *about(values, site))
    look = Link(Message("Look at the certificates"), f"{_application(values, site)}certificates/")
    return _content(values, subject, said, facts, look)


def _content(
    values: Values,
    subject: Message,
    said: tuple[Message, ...],
    facts: tuple[tuple[str, Value], ...],
    look: Link,
) -> Content:
    """Return a mail whose last sentence, of those that are `said`, stands below the link."""
    facts = ((Message("Application"), values["application"]), *facts)
    return Content(subject, said[:-1], facts, look, said[-1])


def _application(values: Values, site: Site) -> str:
    return f"{site.issuer}/oauth2/applications/{values['app_id']}/"
