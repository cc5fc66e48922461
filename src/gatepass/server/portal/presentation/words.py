"""Words of states, roles and types, which many rows of a page show."""

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
