"""The search above a list of applications; its values are in the query."""

from collections.abc import Mapping
from typing import NamedTuple, get_args
from urllib.parse import urlencode

from gatepass.server.domain.applications.listing.model import Order, Shown, Wanted
from gatepass.translation.message import Message

STATES = {
    "": Message("All"),
    "active": Message("Active"),
    "disabled": Message("Disabled"),
    "unused": Message("Never used"),
    "expiring": Message("Secret, key or certificate ends within 90 days"),
}
ORDERS = {
    "created": Message("Newest first"),
    "name": Message("Name"),
    "used": Message("Last used first"),
}
_LONGEST_TEXT = 200
_LONGEST_NUMBER = 5  # digits


class ChosenList(NamedTuple):
    """What is wanted, and the values to show again."""

    wanted: Wanted
    values: dict[str, str]

    @property
    def is_filtered(self) -> bool:
        """Return whether some applications may be left out."""
        return bool(self.wanted.text or self.wanted.shown)

    def query(self, page: int) -> str:
        """Return the query of an address with these values and another page."""
        given = {name: text for name, text in self.values.items() if text}
        return urlencode(given | {"page": str(page)})


def parse(query: Mapping[str, str]) -> ChosenList:
    """Return what a query asks for; what makes no sense is left out."""
    text = query.get("q", "").strip()[:_LONGEST_TEXT].replace("\0", "")
    shown: Shown = next((each for each in get_args(Shown) if each == query.get("state")), "")
    order: Order = next((each for each in get_args(Order) if each == query.get("sort")), "created")
    values = {"q": text, "state": shown, "sort": "" if order == "created" else order}
    return ChosenList(Wanted(text, shown, order, _page(query.get("page", ""))), values)


def _page(text: str) -> int:
    is_number = text.isascii() and text.isdecimal() and len(text) <= _LONGEST_NUMBER
    return int(text) if is_number else 1
