"""How the settings name the proxies in front of the server."""

from typing import Literal

HeaderName = Literal["x-forwarded-for", "forwarded"]

EVERYONE = "*"
MOST_HOPS = 32  # proxies of a request; addresses further left in the header are not read
