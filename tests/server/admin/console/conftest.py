from server.portal.conftest import clock, mailing, make_portal, portal, prepared
from server.portal.operators.conftest import operated, prepared_operators

__all__ = [
    "clock",
    "mailing",
    "make_portal",
    "operated",
    "portal",
    "prepared",
    "prepared_operators",
]
