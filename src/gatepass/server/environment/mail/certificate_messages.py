"""What mail about the certificates of applications says, to an organization's administrators."""

from gatepass.server.environment.mail.content import (
    Content,
    Link,
    Site,
    Values,
    about,
    sentence,
)
from gatepass.translation.message import Message, Value


def certificate_added(values: Values, site: Site) -> Content:
    """Say that an application has a new certificate."""
    return Content(
        Message("{application} has a new certificate", application=values["application"]),
        (
            Message("{by} added a certificate to the application.", by=sentence(values["by"])),
            Message("Anybody who has its private key authenticates as the application."),
        ),
        _facts(values, site),
        _look(values, site),
        Message("If nobody of you wanted this, remove the certificate there at once."),
    )


def certificate_removed(values: Values, site: Site) -> Content:
    """Say that a certificate of an application was removed."""
    return Content(
        Message("A certificate of {application} was removed", application=values["application"]),
        (
            Message("{by} removed a certificate of the application.", by=sentence(values["by"])),
            Message("Programs that authenticate with it get no new tokens."),
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
        (Message("Certificate"), values["certificate"]),
        *about(values, site),
    )


def _look(values: Values, site: Site) -> Link:
    return Link(
        Message("Look at the certificates"),
        f"{site.issuer}/oauth2/applications/{values['app_id']}/certificates/",
    )
