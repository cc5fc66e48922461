"""What mail about second factors says, to the person whose they are."""

from gatepass.server.environment.mail.content import (
    Content,
    Link,
    Site,
    Values,
    about,
    sentence,
    was_it_you,
)
from gatepass.translation.message import Message


def factor_added(values: Values, site: Site) -> Content:
    """Say that a second factor can now be used."""
    return Content(
        Message("A second factor was added to your account"),
        (
            Message(
                "“{factor}” can now be used to log in to your account.", factor=values["factor"]
            ),
            Message("All other sessions have ended."),
        ),
        about(values, site),
        Link(Message("Look at your second factors"), site.factors_url),
        was_it_you(Message("remove it there, change your password, and tell your administrator.")),
    )


def factor_removed(values: Values, site: Site) -> Content:
    """Say that a second factor can no longer be used."""
    return Content(
        Message("A second factor was removed from your account"),
        (
            Message(
                "“{factor}” can no longer be used to log in to your account.",
                factor=values["factor"],
            ),
            Message("All other sessions have ended."),
        ),
        about(values, site),
        Link(Message("Look at your second factors"), site.factors_url),
        was_it_you(Message("change your password, and tell your administrator.")),
    )


def factors_reset(values: Values, site: Site) -> Content:
    """Say that somebody removed all second factors."""
    return Content(
        Message("Your second factors were removed"),
        (
            Message(
                "{by} removed your passkeys, apps and recovery codes.", by=sentence(values["by"])
            ),
            Message("All your sessions have ended."),
            Message("Until you set up new ones, the login needs your password alone."),
        ),
        about(values, site),
        Link(Message("Set up a second factor"), site.factors_url),
        Message("If you did not ask for this, tell your administrator at once."),
    )


def recovery_codes_made(values: Values, site: Site) -> Content:
    """Say that there are new recovery codes."""
    return Content(
        Message("You have new recovery codes"),
        (
            Message(
                "New recovery codes were made for your account. The earlier ones no longer work."
            ),
        ),
        about(values, site),
        Link(Message("Look at your second factors"), site.factors_url),
        was_it_you(Message("change your password, and tell your administrator.")),
    )


def recovery_code_used(values: Values, site: Site) -> Content:
    """Say that a recovery code was used, and how many are left."""
    return Content(
        Message("A recovery code was used"),
        (
            Message(
                "Somebody used one of your recovery codes. You have {left} left.",
                left=values["left"],
            ),
        ),
        about(values, site),
        Link(Message("Look at your second factors"), site.factors_url),
        was_it_you(
            Message("change your password, make new recovery codes, and tell your administrator.")
        ),
    )


def passkey_copied(values: Values, site: Site) -> Content:
    """Say that a passkey's counter went back."""
    return Content(
        Message("One of your passkeys may have been copied"),
        (
            Message(
                "The passkey “{factor}” was used, and its counter went back.",
                factor=values["factor"],
            ),
            Message(
                "That happens when a security key was reset, but also when somebody has a copy "
                "of it."
            ),
        ),
        about(values, site),
        Link(Message("Look at your second factors"), site.factors_url),
        Message("If you do not know why, remove the passkey there, and tell your administrator."),
    )
