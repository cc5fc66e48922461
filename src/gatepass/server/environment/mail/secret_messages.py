"""What mail about the secrets of applications says, to an organization's administrators."""

import json

from gatepass.server.environment.mail.content import Content, Link, Site, Values, about, sentence


def secrets_expiring(values: Values, site: Site) -> Content:
    """Say which applications have a last secret that ends soon."""
    applications: list[tuple[str, str]] = json.loads(values["applications"])
    several = len(applications) > 1
    more = f" {values['more']} more are in the portal." if values["more"] else ""
    return Content(
        "Client secrets expire soon"
        if several
        else f"The client secret of {applications[0][0]} expires soon",
        (
            "A program whose secret has expired gets no tokens." + more,
            "Rotate the secret in the portal, deploy the new one, then revoke the old one.",
        ),
        (*applications, ("Environment", site.environment)),
        Link("Look at the applications", f"{site.issuer}/oauth2/applications/"),
    )


def secret_leak_reported(values: Values, site: Site) -> Content:
    """Say that a secret was reported as leaked, and when it ends."""
    is_over = values["end"].startswith("now")
    return Content(
        f"A client secret of {values['application']} has leaked",
        (
            f"The secret ending in {values['secret']} was reported by {values['reporter']}.",
            "Whoever reported it knows the secret, so others may know it, too.",
            "It was revoked at once, and all tokens of the application with it."
            if is_over
            else f"It ends on {values['end']}, and all tokens of the application end with it.",
            "Rotate the secret in the portal now, deploy the new one, then revoke the old one.",
        ),
        (
            ("Application", values["application"]),
            ("Found at", values["location"]),
            ("Other secrets", values["others"]),
            ("Environment", site.environment),
            ("Time", values["at"]),
        ),
        Link("Look at the applications", f"{site.issuer}/oauth2/applications/"),
        "Remove the secret from where it was found; in a repository it stays in the history.",
    )


def leak_alert(values: Values, site: Site) -> Content:
    """Say to the operator that a credential of a partner leaked, and what was done."""
    facts = (
        ("Organization", values["organization"]),
        ("Application", values["application"]),
        ("Client id", values["client_id"]),
        ("Reported by", values["reporter"]),
        ("Reported from", values["source"]),
        ("Found at", values["location"]),
        ("Environment", site.environment),
        ("Time", values["at"]),
    )
    return Content(
        f"A credential of {values['organization']} has leaked",
        (
            f"{sentence(values['what'])} of \u201c{values['application']}\u201d has leaked.",
            values["done"],
            "Administrators of the organization see it in the portal, and get mail for a secret.",
        ),
        tuple((name, value) for name, value in facts if value),
        advice="Ask the partner whether new credentials are deployed. Look in your own logs for "
        "requests with this client id from addresses that the partner does not know.",
    )


def secret_rotated(values: Values, site: Site) -> Content:
    """Say that an application has rotated its own secret."""
    application, old = values["application"], values["old"]
    facts = [("Application", application), ("New secret", f"ending in {values['new']}")]
    if old:
        facts.append(("Old secret", f"{_ending_in(old)}, works until {values['old_end']}"))
    return Content(
        f"The client secret of {application} was rotated",
        (
            f"The application \u201c{application}\u201d has rotated its client secret itself.",
            "It may do so, as an administrator has turned on automatic rotation for it.",
            "There is nothing to do if its programs keep working."
            if old
            else "The old secret had ended before.",
        ),
        (
            *facts,
            ("From", values["source"]),
            ("Environment", site.environment),
            ("Time", values["at"]),
        ),
        Link(
            "Look at the application",
            f"{site.issuer}/oauth2/applications/{values['application_id']}/",
        ),
        "If nobody of you set this up, undo the rotation there while the old secret works, and "
        "treat the old secret as leaked.",
    )


def _ending_in(last_four: str) -> str:
    return "imported" if last_four == "imported" else f"ending in {last_four}"


def secret_leaked(values: Values, site: Site) -> Content:
    """Say that somebody marked a secret as leaked."""
    return Content(
        f"A secret of {values['application']} was leaked",
        (
            f"{sentence(values['by'])} marked its secret ending in {values['secret']} as leaked.",
            "The secret is revoked, and so are all tokens of the application.",
            "Programs that use this secret get no tokens until they have another one.",
        ),
        (("Application", values["application"]), *about(values, site)),
        Link(
            "See where it was used",
            f"{site.issuer}/oauth2/applications/{values['app_id']}/uses/",
        ),
        "If nobody of you did this, talk to the other administrators of your organization.",
    )
