"""A program under gevent or eventlet that asks a database beside a feed: `green.py KIND ISSUER`.

Reads a token from its input, then a second line once the token was revoked.
"""

import importlib
import sys
import time

_PATIENCE = 20.0  # seconds


def _patch(kind: str) -> None:
    if kind == "gevent":
        importlib.import_module("gevent.monkey").patch_all()
    elif kind == "eventlet":
        importlib.import_module("eventlet").monkey_patch()
        sys.modules["trio"] = None  # type: ignore[assignment]  # httpx2 loads it; eventlet breaks it


def main(issuer: str) -> None:
    from django.conf import settings
    from django.db import connection

    from gatepass.guard import Denied, Guard, Request
    from gatepass.guard.revocation.feed import Feed
    from gatepass.guard.testing.issuer import RESOURCE

    settings.configure(
        DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}}
    )
    feed = Feed(issuer)
    guard = Guard(issuer, resource=RESOURCE, revocations=feed)
    if not feed.ready(_PATIENCE):
        sys.exit(f"nothing was learned: {feed.status()}")
    with connection.cursor() as cursor:  # refused by Django where an event loop runs
        cursor.execute("SELECT 7")
        found = cursor.fetchone()[0]
    asked = Request(authorization=(f"Bearer {sys.stdin.readline().strip()}",))
    sys.stdout.write(f"{found} {guard.identify(asked).client_id}\n")
    sys.stdout.flush()
    sys.stdin.readline()
    deadline = time.monotonic() + _PATIENCE
    while time.monotonic() < deadline:
        try:
            guard.identify(asked)
        except Denied as denied:
            sys.stdout.write(f"{denied.error_response.status} {feed.state()}\n")
            break
        time.sleep(0.02)
    feed.close()
    guard.close()


if __name__ == "__main__":
    _patch(sys.argv[1])
    main(sys.argv[2])
