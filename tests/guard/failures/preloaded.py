"""A WSGI application that a server loads before it forks its workers."""

import os
from collections.abc import Iterable
from typing import TYPE_CHECKING

from gatepass.guard import Guard
from gatepass.guard.revocation.feed import Feed
from gatepass.guard.testing.issuer import RESOURCE
from gatepass.guard.wsgi import Protected

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

ISSUER = os.environ["ISSUER"]
feed = Feed(ISSUER)
guard = Guard(ISSUER, resource=RESOURCE, revocations=feed, on_stale_feed="refuse", timeout=20)
feed.ready(20.0)  # in the parent, whose thread no child has


def meters(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [environ["gatepass.principal"].client_id.encode()]


application = Protected(meters, guard)
