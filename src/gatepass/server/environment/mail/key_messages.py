"""What mail about the keys of applications says, to an organization's administrators."""

from gatepass.server.environment.mail.content import (
    Content,
    Link,
    Site,
    Values,
    about,
    sentence,
)
from gatepass.translation.message import Message, Value


def key_added(values: Values, site: Site) -> Content:
    """Say that an application has a new key."""
    return Content(
        Message("{application} has a new key", application=values["application"]),
        (
            Message("{by} added a key to the application.", by=sentence(values["by"])),
            Message("Anybody who has its private part authenticates as the application."),
        ),
        _facts(values, site),
        _look(values, site),
        Message("If nobody of you wanted this, revoke the key there at once."),
    )


def key_revoked(values: Values, site: Site) -> Content:
    """Say that a key of an application was revoked."""
    return Content(
        Message("A key of {application} was revoked", application=values["application"]),
        (
            Message("{by} revoked a key of the application.", by=sentence(values["by"])),
            Message("Programs that sign with it get no new tokens."),
        ),
        _facts(values, site),
        _look(values, site),
        Message(
            "If nobody of you did this, talk to the other administrators of your organization."
        ),
    )


def _facts(values: Values, site: Site) -> tuple[tuple[str, Value], ...]:
    return (
        (Message("Application"), values["application"]),
        (Message("Key"), values["keys"]),
        *about(values, site),
    )


def _look(values: Values, site: Site) -> Link:
    return Link(
        Message("Look at the keys"), f"{site.issuer}/oauth2/applications/{values['app_id']}/keys/"
    )
