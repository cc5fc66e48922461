"""What each kind of mail says. A link is always the issuer's, never of a request's Host."""

import json
from collections.abc import Callable

from gatepass.server.domain.users.sessions.user_agents import words
from gatepass.server.environment.mail import (
    credential_messages,
    expiry_messages,
    factor_messages,
    secret_messages,
    webhook_messages,
)
from gatepass.server.environment.mail.content import (
    Content,
    Link,
    Site,
    Values,
    about,
    moment,
    sentence,
    was_it_you,
)
from gatepass.translation.message import Message


def content(kind: str, values: Values, site: Site) -> Content:
    """Return what a mail of this kind says."""
    return _WRITERS[kind](values, site)


def _test(_: Values, site: Site) -> Content:
    return Content(
        Message("Test mail of {operator}", operator=site.operator),
        (Message("This mail shows that the server can send mail with the present settings."),),
    )


def _password_changed(values: Values, site: Site) -> Content:
    return Content(
        Message("Your password was changed"),
        (Message("The password of your account was changed. All other sessions have ended."),),
        about(values, site),
        Link(Message("Look at your account"), site.account_url),
        was_it_you(Message("set another password there, and tell your administrator.")),
    )


def _password_reset(values: Values, site: Site) -> Content:
    return Content(
        Message("You got a new initial password"),
        (
            Message(
                "{by} made a new initial password for your account.", by=sentence(values["by"])
            ),
            Message("The old password no longer works, and all sessions have ended."),
        ),
        about(values, site),
        advice=Message("If you did not ask for this, ask your administrator."),
    )


def _role_changed(values: Values, site: Site) -> Content:
    role = _ROLE_NAMES.get(values["detail"], values["detail"])
    return Content(
        Message("Your role is now {role}", role=role),
        (Message("{by} changed your role to {role}.", by=sentence(values["by"]), role=role),),
        about(values, site),
        Link(Message("Look at your account"), site.account_url),
    )


def _email_requested(values: Values, site: Site) -> Content:
    return Content(
        Message("Somebody wants to change your email address"),
        (
            Message(
                "{by} gave {detail} as your new email address.",
                by=sentence(values["by"]),
                detail=values["detail"],
            ),
            Message(
                "The present one counts until the link is opened that was mailed to the new one."
            ),
        ),
        about(values, site),
        Link(Message("Look at your account"), site.account_url),
        was_it_you(Message("reject the address there.")),
    )


def _email_confirmed(values: Values, site: Site) -> Content:
    return Content(
        Message("Your email address was changed"),
        (Message("The email address of your account is now {detail}.", detail=values["detail"]),),
        about(values, site),
        advice=was_it_you(
            Message("tell your administrator at once: whoever did it has your account.")
        ),
    )


def _email_rejected(values: Values, site: Site) -> Content:
    return Content(
        Message("Your new email address was rejected"),
        (
            Message(
                "{by} rejected {detail} as your new email address.",
                by=sentence(values["by"]),
                detail=values["detail"],
            ),
        ),
        about(values, site),
    )


def _new_browser(values: Values, site: Site) -> Content:
    return Content(
        Message("A new browser logged in to your account"),
        (
            Message(
                "Somebody logged in to your account with a browser that we do not know as yours."
            ),
        ),
        (
            *about(values, site),
            (Message("Address"), values["source"]),
            (Message("Program"), words(values["agent"])),
        ),
        Link(Message("Look at your sessions"), site.account_url),
        was_it_you(Message("end the session there and change your password.")),
    )


def _new_administrator(values: Values, site: Site) -> Content:
    return Content(
        Message("{who} is now an administrator", who=values["who"]),
        (
            Message(
                "{by} made {who} an administrator of your organization.",
                by=sentence(values["by"]),
                who=values["who"],
            ),
        ),
        about(values, site),
        Link(Message("Look at the team"), f"{site.issuer}/team/"),
    )


def _policy_changed(values: Values, site: Site) -> Content:
    return Content(
        Message("The policies of your organization were changed"),
        (Message("{by} changed the policies of your organization.", by=sentence(values["by"])),),
        (
            *about(values, site),
            (Message("Before"), values["before"]),
            (Message("Now"), values["after"]),
        ),
        Link(Message("Look at the policies"), f"{site.issuer}/team/policies/"),
        Message(
            "If nobody of you wanted this, change it back there, and look at the activity page."
        ),
    )


def _single_sign_on_changed(values: Values, site: Site) -> Content:
    return Content(
        Message("Single sign-on of your organization was changed"),
        (
            Message(
                "{by} changed single sign-on: {detail}.",
                by=sentence(values["by"]),
                detail=values["detail"],
            ),
        ),
        about(values, site),
        Link(Message("Look at single sign-on"), f"{site.issuer}/team/single-sign-on/"),
        Message(
            "If you did not expect this, talk to the other administrators of your organization."
        ),
    )


def _single_sign_on_connected(values: Values, site: Site) -> Content:
    return Content(
        Message("Your account is connected with {detail}", detail=values["detail"]),
        (
            Message(
                "You can now log in through {detail}, the provider of your organization.",
                detail=values["detail"],
            ),
        ),
        about(values, site),
        Link(Message("Look at your account"), site.account_url),
        was_it_you(Message("disconnect it there, and tell your administrator.")),
    )


def _single_sign_on_disconnected(values: Values, site: Site) -> Content:
    return Content(
        Message("Your account is no longer connected with {detail}", detail=values["detail"]),
        (Message("{detail} no longer logs you in. Your password does.", detail=values["detail"]),),
        about(values, site),
        Link(Message("Look at your account"), site.account_url),
        was_it_you(Message("change your password, and tell your administrator.")),
    )


def _invitation(values: Values, site: Site) -> Content:
    organization = values["organization"]
    return Content(
        Message("You are invited to {organization}", organization=organization),
        (
            Message(
                "{by} invites you to the portal of {operator}.",
                by=sentence(values["by"]),
                operator=site.operator,
            ),
            _ROLES[values["role"]].with_values(organization=organization),
            Message("Open the link and choose a user name and a password. It works once."),
        ),
        (
            (Message("Organization"), organization),
            (Message("Environment"), site.environment),
            (Message("Valid until"), moment(values["until"])),
        ),
        Link(Message("Accept the invitation"), site.link("invitation", values["token"])),
        Message(
            "If the link has expired, ask for another invitation. If you do not know what this is "
            "about, there is nothing to do."
        ),
    )


def _confirm_email(values: Values, site: Site) -> Content:
    return Content(
        Message("Confirm your email address"),
        (
            Message("This address was given for the account below."),
            Message(
                "Open the link, log in, and confirm that it is yours. It works once, for 24 hours."
            ),
        ),
        about(values, site),
        Link(Message("Confirm the address"), site.link("email", values["token"])),
        Message("If this account is not yours, do not open the link. There is nothing else to do."),
    )


def _recovery(values: Values, site: Site) -> Content:
    accounts: list[tuple[str, str, str]] = json.loads(values["accounts"])
    return Content(
        Message("Set a new password"),
        (
            Message(
                "Somebody, probably you, has forgotten the password of an account with this "
                "address."
            ),
            *([_SEVERAL] if len(accounts) > 1 else []),
            Message(
                "A link works once, for 30 minutes. When you ask again, the older ones stop "
                "working."
            ),
        ),
        (
            *(
                (
                    Message("Account"),
                    f"{username}, {organization}",
                )
                for username, organization, _ in accounts
            ),
            (Message("Environment"), site.environment),
            (Message("Time"), moment(values["at"])),
        ),
        None,
        Message(
            "If you did not ask for this, there is nothing to do: your password has not changed."
        ),
        tuple(
            Link(
                Message("Set a new password for {username}", username=username),
                site.link("recover", token),
            )
            for username, _, token in accounts
        ),
    )


_SEVERAL = Message("There are several such accounts; each has a link of its own.")
_ROLES = {
    "admin": Message("You will be an administrator of {organization}."),
    "staff": Message("You will be a member of the staff of {organization}."),
    "user": Message("You will be a user of {organization}."),
}
_ROLE_NAMES = {
    "admin": Message("administrator"),
    "staff": Message("staff"),
    "user": Message("user"),
}
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
    "factor_added": factor_messages.factor_added,
    "factor_removed": factor_messages.factor_removed,
    "factors_reset": factor_messages.factors_reset,
    "recovery_codes_made": factor_messages.recovery_codes_made,
    "recovery_code_used": factor_messages.recovery_code_used,
    "passkey_copied": factor_messages.passkey_copied,
    "policy_changed": _policy_changed,
    "single_sign_on_changed": _single_sign_on_changed,
    "single_sign_on_connected": _single_sign_on_connected,
    "single_sign_on_disconnected": _single_sign_on_disconnected,
    "secrets_expiring": expiry_messages.secrets_expiring,
    "secret_leak_reported": secret_messages.secret_leak_reported,
    "secret_rotated": secret_messages.secret_rotated,
    "secret_leaked": secret_messages.secret_leaked,
    "key_added": credential_messages.key_added,
    "key_revoked": credential_messages.key_revoked,
    "keys_expiring": expiry_messages.keys_expiring,
    "certificate_added": credential_messages.certificate_added,
    "certificate_removed": credential_messages.certificate_removed,
    "certificates_expiring": expiry_messages.certificates_expiring,
    "leak_alert": secret_messages.leak_alert,
    "webhook_disabled": webhook_messages.webhook_disabled,
    "invitation": _invitation,
    "confirm_email": _confirm_email,
    "recovery": _recovery,
}
KINDS = frozenset(_WRITERS)
