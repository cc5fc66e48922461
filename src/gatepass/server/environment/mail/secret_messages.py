"""What mail about the secrets of applications says, to an organization's administrators."""

from gatepass.server.environment.mail.content import (
    Content,
    Link,
    Site,
    Values,
    about,
    moment,
    sentence,
)
from gatepass.translation.message import Message, Value


def secret_leak_reported(values: Values, site: Site) -> Content:
    """Say that a secret was reported as leaked, and when it ends."""
    return Content(
        Message("A client secret of {application} has leaked", application=values["application"]),
        (
            Message(
                "The secret ending in {secret} was reported by {reporter}.",
                secret=values["secret"],
                reporter=values["reporter"],
            ),
            Message("Whoever reported it knows the secret, so others may know it, too."),
            _end_of_leaked("" if values["end"].startswith("now") else values["end"]),
            Message(
                "Rotate the secret in the portal now, deploy the new one, then revoke the old one."
            ),
        ),
        (
            (Message("Application"), values["application"]),
            (Message("Found at"), values["location"]),
            (Message("Other secrets"), values["others"]),
            (Message("Environment"), site.environment),
            (Message("Time"), moment(values["at"])),
        ),
        Link(Message("Look at the applications"), f"{site.issuer}/oauth2/applications/"),
        Message(
            "Remove the secret from where it was found; in a repository it stays in the history."
        ),
    )


def leak_alert(values: Values, site: Site) -> Content:
    """Say to the operator that a credential of a partner leaked, and what was done."""
    facts: tuple[tuple[str, Value], ...] = (
        (Message("Organization"), values["organization"]),
        (Message("Application"), values["application"]),
        (Message("Client id"), values["client_id"]),
        (Message("Reported by"), values["reporter"]),
        (Message("Reported from"), values["source"]),
        (Message("Found at"), values["location"]),
        (Message("Environment"), site.environment),
        (Message("Time"), moment(values["at"])),
    )
    return Content(
        Message("A credential of {organization} has leaked", organization=values["organization"]),
        (
            *_leaked(values),
            Message(
                "Administrators of the organization see it in the portal, and get mail for a "
                "secret."
            ),
        ),
        tuple((name, value) for name, value in facts if value),
        advice=Message(
            "Ask the partner whether new credentials are deployed. Look in your own logs for "
            "requests with this client id from addresses that the partner does not know."
        ),
    )


def _leaked(values: Values) -> tuple[str, ...]:
    """Return what leaked, and what was done about it."""
    application, ending = values["application"], values["secret"]
    if not ending:
        said = Message(
            "An access token of \u201c{application}\u201d has leaked.", application=application
        )
        return said, Message("It was revoked.")
    if ending == "imported":
        said = Message(
            "An imported secret of \u201c{application}\u201d has leaked.", application=application
        )
    else:
        said = Message(
            "The secret ending in {secret} of \u201c{application}\u201d has leaked.",
            secret=ending,
            application=application,
        )
    return said, _end_of_leaked(values["end"])


def _end_of_leaked(end: str) -> Message:
    if not end:
        return Message("It was revoked at once, and all tokens of the application with it.")
    return Message(
        "It ends on {end}, and all tokens of the application end with it.", end=moment(end)
    )


def secret_rotated(values: Values, site: Site) -> Content:
    """Say that an application has rotated its own secret."""
    application, old = values["application"], values["old"]
    facts = [
        (Message("Application"), application),
        (Message("New secret"), _ending_in(values["new"])),
    ]
    if old:
        facts.append(
            (
                Message("Old secret"),
                Message(
                    "{secret}, works until {end}",
                    secret=_ending_in(old),
                    end=moment(values["old_end"]),
                ),
            )
        )
    return Content(
        Message("The client secret of {application} was rotated", application=application),
        (
            Message(
                "The application “{application}” has rotated its client secret itself.",
                application=application,
            ),
            Message("It may do so, as an administrator has turned on automatic rotation for it."),
            Message("There is nothing to do if its programs keep working.")
            if old
            else Message("The old secret had ended before."),
        ),
        (
            *facts,
            (Message("From"), values["source"]),
            (Message("Environment"), site.environment),
            (Message("Time"), moment(values["at"])),
        ),
        Link(
            Message("Look at the application"),
            f"{site.issuer}/oauth2/applications/{values['application_id']}/",
        ),
        Message(
            "If nobody of you set this up, undo the rotation there while the old secret works, and "
            "treat the old secret as leaked."
        ),
    )


def _ending_in(last_four: str) -> Message:
    return (
        Message("imported")
        if last_four == "imported"
        else Message("ending in {last_four}", last_four=last_four)
    )


def secret_leaked(values: Values, site: Site) -> Content:
    """Say that somebody marked a secret as leaked."""
    return Content(
        Message("A secret of {application} was leaked", application=values["application"]),
        (
            Message(
                "{by} marked its secret ending in {secret} as leaked.",
                by=sentence(values["by"]),
                secret=values["secret"],
            ),
            Message("The secret is revoked, and so are all tokens of the application."),
            Message("Programs that use this secret get no tokens until they have another one."),
        ),
        ((Message("Application"), values["application"]), *about(values, site)),
        Link(
            Message("See where it was used"),
            f"{site.issuer}/oauth2/applications/{values['app_id']}/uses/",
        ),
        Message(
            "If nobody of you did this, talk to the other administrators of your organization."
        ),
    )
