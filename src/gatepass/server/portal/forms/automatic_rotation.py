"""The fields by which an application may rotate its own secret."""

from collections.abc import Mapping
from datetime import timedelta

from gatepass.server.domain.applications.secrets.automatic_rotation.model import (
    LONGEST_INTERVAL,
    OFFERED_OVERLAPS,
    SHORTEST_INTERVAL,
    Setting,
)
from gatepass.server.domain.users.model import InvalidField
from gatepass.translation.message import Message

ON, OFF = "on", "off"
STATE, INTERVAL, OVERLAP = "automatic_rotation", "rotation_interval", "rotation_overlap"
LABELS = {
    STATE: Message("Automatic rotation"),
    INTERVAL: Message("Days between two rotations, at least"),
    OVERLAP: Message("How long does the old secret keep working?"),
}
_LONGEST_NUMBER = 4  # digits


def parse(form: Mapping[str, str]) -> Setting:
    """Return the setting of the form; raise InvalidField for what is not offered."""
    state = form.get(STATE, "")
    if state not in {ON, OFF}:
        raise InvalidField(STATE, Message("Choose on or off."))
    return Setting(
        state == ON,
        timedelta(days=_days(form.get(INTERVAL, ""))),
        _overlap(form.get(OVERLAP, "")),
    )


def texts(setting: Setting) -> dict[str, str]:
    """Return the setting as the form shows it."""
    return {
        STATE: ON if setting.is_on else OFF,
        INTERVAL: str(setting.interval.days),
        OVERLAP: seconds(setting.overlap),
    }


def seconds(overlap: timedelta) -> str:
    """Return an overlap as the form sends it."""
    return str(int(overlap.total_seconds()))


def _days(text: str) -> int:
    text = text.strip()
    is_number = text.isascii() and text.isdecimal() and len(text) <= _LONGEST_NUMBER
    if not is_number or not SHORTEST_INTERVAL <= int(text) <= LONGEST_INTERVAL:
        raise InvalidField(
            INTERVAL,
            Message(
                "Enter a whole number of days, {shortest} to {longest}.",
                shortest=SHORTEST_INTERVAL,
                longest=LONGEST_INTERVAL,
            ),
        )
    return int(text)


def _overlap(text: str) -> timedelta:
    found = next((each for each in OFFERED_OVERLAPS if seconds(each) == text), None)
    if found is None:
        raise InvalidField(OVERLAP, Message("Choose one of the offered overlaps."))
    return found
