"""What each kind of mail says. A link is always the issuer's, never of a request's Host."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from gatepass.server.configuration.branding.palette import Colours, Scheme
from gatepass.server.domain.users.links.model import Purpose, path
from gatepass.server.domain.users.sessions.user_agents import words

Values = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Site:
    """Whose mail it is: the operator, and the environment with its portal."""

    operator: str
    address: str
    support: str
    environment: str
    issuer: str
    colours: Mapping[Scheme, Colours] = field(default_factory=dict)
    """Those of a brand, which the buttons have; empty: Gatepass's own."""

    @property
    def account_url(self) -> str:
        """Return the page on which a person sees sessions and changes the password."""
        return f"{self.issuer}/account/"

    @property
    def factors_url(self) -> str:
        """Return the page of a person's second factors."""
        return f"{self.issuer}/account/factors/"

    def link(self, purpose: Purpose, token: str) -> str:
        """Return the address of a link that lets somebody do one thing, once."""
        return self.issuer + path(purpose, token)


class Link(NamedTuple):
    """A link, with the words that lead there."""

    words: str
    url: str


class Content(NamedTuple):
    """What a mail says: paragraphs, facts with their names, links, and what to do in doubt."""

    subject: str
    paragraphs: tuple[str, ...]
    facts: tuple[tuple[str, str], ...] = ()
    link: Link | None = None
    advice: str = ""
    more_links: tuple[Link, ...] = ()

    @property
    def links(self) -> tuple[Link, ...]:
        """Return all links."""
        return ((self.link,) if self.link else ()) + self.more_links


def content(kind: str, values: Values, site: Site) -> Content:
    """Return what a mail of this kind says."""
    return _WRITERS[kind](values, site)


def _test(_: Values, site: Site) -> Content:
    return Content(
        f"Test mail of {site.operator}",
        ("This mail shows that the server can send mail with the present settings.",),
    )


def _password_changed(values: Values, site: Site) -> Content:
    return Content(
        "Your password was changed",
        ("The password of your account was changed. All other sessions have ended.",),
        _about(values, site),
        Link("Look at your account", site.account_url),
        _was_it_you("set another password there, and tell your administrator."),
    )


def _password_reset(values: Values, site: Site) -> Content:
    return Content(
        "You got a new initial password",
        (
            f"{_sentence(values['by'])} made a new initial password for your account.",
            "The old password no longer works, and all sessions have ended.",
        ),
        _about(values, site),
        advice="If you did not ask for this, ask your administrator.",
    )


def _role_changed(values: Values, site: Site) -> Content:
    return Content(
        f"Your role is now {values['detail']}",
        (f"{_sentence(values['by'])} changed your role to {values['detail']}.",),
        _about(values, site),
        Link("Look at your account", site.account_url),
    )


def _email_requested(values: Values, site: Site) -> Content:
    return Content(
        "Somebody wants to change your email address",
        (
            f"{_sentence(values['by'])} gave {values['detail']} as your new email address.",
            "The present one counts until the link is opened that was mailed to the new one.",
        ),
        _about(values, site),
        Link("Look at your account", site.account_url),
        _was_it_you("reject the address there."),
    )


def _email_confirmed(values: Values, site: Site) -> Content:
    return Content(
        "Your email address was changed",
        (f"The email address of your account is now {values['detail']}.",),
        _about(values, site),
        advice=_was_it_you("tell your administrator at once: whoever did it has your account."),
    )


def _email_rejected(values: Values, site: Site) -> Content:
    return Content(
        "Your new email address was rejected",
        (f"{_sentence(values['by'])} rejected {values['detail']} as your new email address.",),
        _about(values, site),
    )


def _new_browser(values: Values, site: Site) -> Content:
    return Content(
        "A new browser logged in to your account",
        ("Somebody logged in to your account with a browser that we do not know as yours.",),
        (*_about(values, site), ("Address", values["source"]), ("Program", words(values["agent"]))),
        Link("Look at your sessions", site.account_url),
        _was_it_you("end the session there and change your password."),
    )


def _new_administrator(values: Values, site: Site) -> Content:
    return Content(
        f"{values['who']} is now an administrator",
        (f"{_sentence(values['by'])} made {values['who']} an administrator of your organization.",),
        _about(values, site),
        Link("Look at the team", f"{site.issuer}/team/"),
    )


def _factor_added(values: Values, site: Site) -> Content:
    return Content(
        "A second factor was added to your account",
        (
            f"\u201c{values['factor']}\u201d can now be used to log in to your account.",
            "All other sessions have ended.",
        ),
        _about(values, site),
        Link("Look at your second factors", site.factors_url),
        _was_it_you("remove it there, change your password, and tell your administrator."),
    )


def _factor_removed(values: Values, site: Site) -> Content:
    return Content(
        "A second factor was removed from your account",
        (
            f"\u201c{values['factor']}\u201d can no longer be used to log in to your account.",
            "All other sessions have ended.",
        ),
        _about(values, site),
        Link("Look at your second factors", site.factors_url),
        _was_it_you("change your password, and tell your administrator."),
    )


def _factors_reset(values: Values, site: Site) -> Content:
    return Content(
        "Your second factors were removed",
        (
            f"{_sentence(values['by'])} removed your passkeys, apps and recovery codes.",
            "All your sessions have ended.",
            "Until you set up new ones, the login needs your password alone.",
        ),
        _about(values, site),
        Link("Set up a second factor", site.factors_url),
        "If you did not ask for this, tell your administrator at once.",
    )


def _recovery_codes_made(values: Values, site: Site) -> Content:
    return Content(
        "You have new recovery codes",
        ("New recovery codes were made for your account. The earlier ones no longer work.",),
        _about(values, site),
        Link("Look at your second factors", site.factors_url),
        _was_it_you("change your password, and tell your administrator."),
    )


def _recovery_code_used(values: Values, site: Site) -> Content:
    return Content(
        "A recovery code was used",
        (f"Somebody used one of your recovery codes. You have {values['left']} left.",),
        _about(values, site),
        Link("Look at your second factors", site.factors_url),
        _was_it_you("change your password, make new recovery codes, and tell your administrator."),
    )


def _passkey_copied(values: Values, site: Site) -> Content:
    return Content(
        "One of your passkeys may have been copied",
        (
            f"The passkey \u201c{values['factor']}\u201d was used, and its counter went back.",
            "That happens when a security key was reset, but also when somebody has a copy of it.",
        ),
        _about(values, site),
        Link("Look at your second factors", site.factors_url),
        "If you do not know why, remove the passkey there, and tell your administrator.",
    )


def _policy_changed(values: Values, site: Site) -> Content:
    return Content(
        "The policies of your organization were changed",
        (f"{_sentence(values['by'])} changed the policies of your organization.",),
        (*_about(values, site), ("Before", values["before"]), ("Now", values["after"])),
        Link("Look at the policies", f"{site.issuer}/team/policies/"),
        "If nobody of you wanted this, change it back there, and look at the activity page.",
    )


def _single_sign_on_changed(values: Values, site: Site) -> Content:
    return Content(
        "Single sign-on of your organization was changed",
        (f"{_sentence(values['by'])} changed single sign-on: {values['detail']}.",),
        _about(values, site),
        Link("Look at single sign-on", f"{site.issuer}/team/single-sign-on/"),
        "If you did not expect this, talk to the other administrators of your organization.",
    )


def _single_sign_on_connected(values: Values, site: Site) -> Content:
    return Content(
        f"Your account is connected with {values['detail']}",
        (f"You can now log in through {values['detail']}, the provider of your organization.",),
        _about(values, site),
        Link("Look at your account", site.account_url),
        _was_it_you("disconnect it there, and tell your administrator."),
    )


def _single_sign_on_disconnected(values: Values, site: Site) -> Content:
    return Content(
        f"Your account is no longer connected with {values['detail']}",
        (f"{values['detail']} no longer logs you in. Your password does.",),
        _about(values, site),
        Link("Look at your account", site.account_url),
        _was_it_you("change your password, and tell your administrator."),
    )


def _secrets_expiring(values: Values, site: Site) -> Content:
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


def _secret_leak_reported(values: Values, site: Site) -> Content:
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


def _secret_rotated(values: Values, site: Site) -> Content:
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


def _secret_leaked(values: Values, site: Site) -> Content:
    return Content(
        f"A secret of {values['application']} was leaked",
        (
            f"{_sentence(values['by'])} marked its secret ending in {values['secret']} as leaked.",
            "The secret is revoked, and so are all tokens of the application.",
            "Programs that use this secret get no tokens until they have another one.",
        ),
        (("Application", values["application"]), *_about(values, site)),
        Link(
            "See where it was used",
            f"{site.issuer}/oauth2/applications/{values['app_id']}/uses/",
        ),
        "If nobody of you did this, talk to the other administrators of your organization.",
    )


def _invitation(values: Values, site: Site) -> Content:
    organization, role = values["organization"], _ROLES[values["role"]]
    return Content(
        f"You are invited to {organization}",
        (
            f"{_sentence(values['by'])} invites you to the portal of {site.operator}.",
            f"You will be {role} of {organization}.",
            "Open the link and choose a user name and a password. It works once.",
        ),
        (
            ("Organization", organization),
            ("Environment", site.environment),
            ("Valid until", values["until"]),
        ),
        Link("Accept the invitation", site.link("invitation", values["token"])),
        "If the link has expired, ask for another invitation. If you do not know what this is "
        "about, there is nothing to do.",
    )


def _confirm_email(values: Values, site: Site) -> Content:
    return Content(
        "Confirm your email address",
        (
            "This address was given for the account below.",
            "Open the link, log in, and confirm that it is yours. It works once, for 24 hours.",
        ),
        _about(values, site),
        Link("Confirm the address", site.link("email", values["token"])),
        "If this account is not yours, do not open the link. There is nothing else to do.",
    )


def _recovery(values: Values, site: Site) -> Content:
    accounts: list[tuple[str, str, str]] = json.loads(values["accounts"])
    several = len(accounts) > 1
    return Content(
        "Set a new password",
        (
            "Somebody, probably you, has forgotten the password of an account with this address."
            + (" There are several; each has a link of its own." if several else ""),
            "A link works once, for 30 minutes. When you ask again, the older ones stop working.",
        ),
        (
            *(("Account", f"{username}, {organization}") for username, organization, _ in accounts),
            ("Environment", site.environment),
            ("Time", values["at"]),
        ),
        None,
        "If you did not ask for this, there is nothing to do: your password has not changed.",
        tuple(
            Link(f"Set a new password for {username}", site.link("recover", token))
            for username, _, token in accounts
        ),
    )


_ROLES = {"admin": "an administrator", "staff": "a member of the staff", "user": "a user"}
_WRITERS: dict[str, Callable[[Values, Site], Content]] = {
    "test": _test,
    "password_changed": _password_changed,
    "password_reset": _password_reset,
    "role_changed": _role_changed,
    "email_requested": _email_requested,
    "email_confirmed": _email_confirmed,
    "email_rejected": _email_rejected,
    "new_browser": _new_browser,
    "new_administrator": _new_administrator,
    "factor_added": _factor_added,
    "factor_removed": _factor_removed,
    "factors_reset": _factors_reset,
    "recovery_codes_made": _recovery_codes_made,
    "recovery_code_used": _recovery_code_used,
    "passkey_copied": _passkey_copied,
    "policy_changed": _policy_changed,
    "single_sign_on_changed": _single_sign_on_changed,
    "single_sign_on_connected": _single_sign_on_connected,
    "single_sign_on_disconnected": _single_sign_on_disconnected,
    "secrets_expiring": _secrets_expiring,
    "secret_leak_reported": _secret_leak_reported,
    "secret_rotated": _secret_rotated,
    "secret_leaked": _secret_leaked,
    "invitation": _invitation,
    "confirm_email": _confirm_email,
    "recovery": _recovery,
}
KINDS = frozenset(_WRITERS)


def _about(values: Values, site: Site) -> tuple[tuple[str, str], ...]:
    """Return what every mail about an account says of it."""
    return (
        ("User name", values["username"]),
        ("Environment", site.environment),
        ("Time", values["at"]),
    )


def _was_it_you(otherwise: str) -> str:
    return f"If it was you, there is nothing to do. If not, {otherwise}"


def _sentence(words: str) -> str:
    return words[:1].upper() + words[1:]
