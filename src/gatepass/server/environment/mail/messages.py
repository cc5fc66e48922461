"""What each kind of mail says. A link is always the issuer's, never of a request's Host."""

import json
from collections.abc import Callable

from gatepass.server.domain.users.sessions.user_agents import words
from gatepass.server.environment.mail import secret_messages
from gatepass.server.environment.mail.content import (
    Content,
    Link,
    Site,
    Values,
    about,
    sentence,
    was_it_you,
)


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
        about(values, site),
        Link("Look at your account", site.account_url),
        was_it_you("set another password there, and tell your administrator."),
    )


def _password_reset(values: Values, site: Site) -> Content:
    return Content(
        "You got a new initial password",
        (
            f"{sentence(values['by'])} made a new initial password for your account.",
            "The old password no longer works, and all sessions have ended.",
        ),
        about(values, site),
        advice="If you did not ask for this, ask your administrator.",
    )


def _role_changed(values: Values, site: Site) -> Content:
    return Content(
        f"Your role is now {values['detail']}",
        (f"{sentence(values['by'])} changed your role to {values['detail']}.",),
        about(values, site),
        Link("Look at your account", site.account_url),
    )


def _email_requested(values: Values, site: Site) -> Content:
    return Content(
        "Somebody wants to change your email address",
        (
            f"{sentence(values['by'])} gave {values['detail']} as your new email address.",
            "The present one counts until the link is opened that was mailed to the new one.",
        ),
        about(values, site),
        Link("Look at your account", site.account_url),
        was_it_you("reject the address there."),
    )


def _email_confirmed(values: Values, site: Site) -> Content:
    return Content(
        "Your email address was changed",
        (f"The email address of your account is now {values['detail']}.",),
        about(values, site),
        advice=was_it_you("tell your administrator at once: whoever did it has your account."),
    )


def _email_rejected(values: Values, site: Site) -> Content:
    return Content(
        "Your new email address was rejected",
        (f"{sentence(values['by'])} rejected {values['detail']} as your new email address.",),
        about(values, site),
    )


def _new_browser(values: Values, site: Site) -> Content:
    return Content(
        "A new browser logged in to your account",
        ("Somebody logged in to your account with a browser that we do not know as yours.",),
        (*about(values, site), ("Address", values["source"]), ("Program", words(values["agent"]))),
        Link("Look at your sessions", site.account_url),
        was_it_you("end the session there and change your password."),
    )


def _new_administrator(values: Values, site: Site) -> Content:
    return Content(
        f"{values['who']} is now an administrator",
        (f"{sentence(values['by'])} made {values['who']} an administrator of your organization.",),
        about(values, site),
        Link("Look at the team", f"{site.issuer}/team/"),
    )


def _factor_added(values: Values, site: Site) -> Content:
    return Content(
        "A second factor was added to your account",
        (
            f"\u201c{values['factor']}\u201d can now be used to log in to your account.",
            "All other sessions have ended.",
        ),
        about(values, site),
        Link("Look at your second factors", site.factors_url),
        was_it_you("remove it there, change your password, and tell your administrator."),
    )


def _factor_removed(values: Values, site: Site) -> Content:
    return Content(
        "A second factor was removed from your account",
        (
            f"\u201c{values['factor']}\u201d can no longer be used to log in to your account.",
            "All other sessions have ended.",
        ),
        about(values, site),
        Link("Look at your second factors", site.factors_url),
        was_it_you("change your password, and tell your administrator."),
    )


def _factors_reset(values: Values, site: Site) -> Content:
    return Content(
        "Your second factors were removed",
        (
            f"{sentence(values['by'])} removed your passkeys, apps and recovery codes.",
            "All your sessions have ended.",
            "Until you set up new ones, the login needs your password alone.",
        ),
        about(values, site),
        Link("Set up a second factor", site.factors_url),
        "If you did not ask for this, tell your administrator at once.",
    )


def _recovery_codes_made(values: Values, site: Site) -> Content:
    return Content(
        "You have new recovery codes",
        ("New recovery codes were made for your account. The earlier ones no longer work.",),
        about(values, site),
        Link("Look at your second factors", site.factors_url),
        was_it_you("change your password, and tell your administrator."),
    )


def _recovery_code_used(values: Values, site: Site) -> Content:
    return Content(
        "A recovery code was used",
        (f"Somebody used one of your recovery codes. You have {values['left']} left.",),
        about(values, site),
        Link("Look at your second factors", site.factors_url),
        was_it_you("change your password, make new recovery codes, and tell your administrator."),
    )


def _passkey_copied(values: Values, site: Site) -> Content:
    return Content(
        "One of your passkeys may have been copied",
        (
            f"The passkey \u201c{values['factor']}\u201d was used, and its counter went back.",
            "That happens when a security key was reset, but also when somebody has a copy of it.",
        ),
        about(values, site),
        Link("Look at your second factors", site.factors_url),
        "If you do not know why, remove the passkey there, and tell your administrator.",
    )


def _policy_changed(values: Values, site: Site) -> Content:
    return Content(
        "The policies of your organization were changed",
        (f"{sentence(values['by'])} changed the policies of your organization.",),
        (*about(values, site), ("Before", values["before"]), ("Now", values["after"])),
        Link("Look at the policies", f"{site.issuer}/team/policies/"),
        "If nobody of you wanted this, change it back there, and look at the activity page.",
    )


def _single_sign_on_changed(values: Values, site: Site) -> Content:
    return Content(
        "Single sign-on of your organization was changed",
        (f"{sentence(values['by'])} changed single sign-on: {values['detail']}.",),
        about(values, site),
        Link("Look at single sign-on", f"{site.issuer}/team/single-sign-on/"),
        "If you did not expect this, talk to the other administrators of your organization.",
    )


def _single_sign_on_connected(values: Values, site: Site) -> Content:
    return Content(
        f"Your account is connected with {values['detail']}",
        (f"You can now log in through {values['detail']}, the provider of your organization.",),
        about(values, site),
        Link("Look at your account", site.account_url),
        was_it_you("disconnect it there, and tell your administrator."),
    )


def _single_sign_on_disconnected(values: Values, site: Site) -> Content:
    return Content(
        f"Your account is no longer connected with {values['detail']}",
        (f"{values['detail']} no longer logs you in. Your password does.",),
        about(values, site),
        Link("Look at your account", site.account_url),
        was_it_you("change your password, and tell your administrator."),
    )


def _invitation(values: Values, site: Site) -> Content:
    organization, role = values["organization"], _ROLES[values["role"]]
    return Content(
        f"You are invited to {organization}",
        (
            f"{sentence(values['by'])} invites you to the portal of {site.operator}.",
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
        about(values, site),
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
    "secrets_expiring": secret_messages.secrets_expiring,
    "secret_leak_reported": secret_messages.secret_leak_reported,
    "secret_rotated": secret_messages.secret_rotated,
    "secret_leaked": secret_messages.secret_leaked,
    "leak_alert": secret_messages.leak_alert,
    "invitation": _invitation,
    "confirm_email": _confirm_email,
    "recovery": _recovery,
}
KINDS = frozenset(_WRITERS)
