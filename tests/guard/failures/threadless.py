"""A program that can start no thread for a while: `threadless.py ISSUER OPAQUE JWT`."""

import sys
import threading

from gatepass.guard import Guard
from gatepass.guard.revocation.feed import Feed
from gatepass.guard.testing.issuer import RESOURCE
from guard.failures.ended import who

_MORE_THAN_THERE_IS = 1 << 46  # bytes of a thread's stack


def main(issuer: str, opaque: str, jwt: str) -> None:
    feed = Feed(issuer)
    guard = Guard(issuer, resource=RESOURCE, revocations=feed)
    threading.stack_size(_MORE_THAN_THERE_IS)
    found = [who(guard, opaque), who(guard, jwt), feed.state(), str(feed.status()["problem"])]
    threading.stack_size(0)
    found += [str(feed.ready(20.0)), str(feed.status()["problem"])]
    found += [who(guard, opaque), who(guard, jwt)]
    sys.stdout.write("\n".join(found))
    feed.close()
    guard.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
