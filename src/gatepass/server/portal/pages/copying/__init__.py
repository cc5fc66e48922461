"""The settings of an application, copied to a new one, here or from the other environment."""

from gatepass.server.portal.pages.copying.between import apply, compare
from gatepass.server.portal.pages.copying.from_other import (
    enter,
    look,
    register_from_other,
    rerender_from_other,
)
from gatepass.server.portal.pages.copying.here import choose, register_here, rerender

__all__ = [
    "apply",
    "choose",
    "compare",
    "enter",
    "look",
    "register_from_other",
    "register_here",
    "rerender",
    "rerender_from_other",
]
