"""Words of states, roles and types, which many rows of a page show."""

from typing import NamedTuple

from gatepass.translation.message import Message

STATES = {
    "ok": Message("Done"),
    "active": Message("Active"),
    "live": Message("Live"),
    "on": Message("On"),
    "off": Message("Off"),
    "ended": Message("Ended"),
    "ending": Message("Ending"),
    "disabled": Message("Disabled"),
    "suspended": Message("Suspended"),
    "refused": Message("Refused"),
    "initial password expired": Message("Initial password expired"),
    "no portal access": Message("No portal access"),
}
ROLES = {
    "admin": Message("Administrator"),
    "staff": Message("Staff"),
    "user": Message("User"),
}
CLIENT_TYPES = {"confidential": Message("Confidential"), "public": Message("Public")}


class RoleWords(NamedTuple):
    """What a role is called, and what it includes."""

    name: Message
    help: Message


OPERATOR_ROLES = {
    "account_manager": RoleWords(
        Message("Account manager"),
        Message("Organizations, their administrators, usage and refusals; never a secret."),
    ),
    "security": RoleWords(
        Message("Security"), Message("Keys, policies, revocation and the audit trail.")
    ),
    "owner": RoleWords(
        Message("Owner"), Message("Everything, with the operators and the settings.")
    ),
}
