"""What mail about webhooks says, to the owner of an endpoint."""

from gatepass.server.environment.mail.content import Content, Site, Values, moment
from gatepass.translation.message import Message, Value


def webhook_disabled(values: Values, site: Site) -> Content:
    """Say that an endpoint gets no events any more, why, and what to do."""
    facts: tuple[tuple[str, Value], ...] = (
        (Message("Endpoint"), values["host"]),
        (Message("Description"), values["description"]),
        (Message("Environment"), site.environment),
        (Message("Time"), moment(values["at"])),
    )
    return Content(
        Message("The webhook endpoint at {host} was disabled", host=values["host"]),
        (
            Message("Its receiver answered that it is gone (410).")
            if values["because"] == "gone"
            else Message("Its receiver has taken no event for three days."),
            Message("No event is sent to it until it is enabled again."),
        ),
        tuple((name, value) for name, value in facts if value),
        advice=Message(
            "Repair the receiver, enable the endpoint, then send again what has failed. An "
            "administrator of the organization does that in the portal (Team, Webhooks), the "
            "operator by the commands gatepass webhook enable and send-again."
        ),
    )
