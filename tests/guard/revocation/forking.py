"""A process that follows a feed, forks, and asks in both: `forking.py ISSUER JTI`."""

import os
import sys
import warnings

from gatepass.guard.issuer.credentials import Credentials
from gatepass.guard.revocation.feed import Feed
from gatepass.wire.secret import Secret

_PATIENCE = 20.0  # seconds


def main(issuer: str, jti: str) -> None:
    feed = Feed(issuer, Credentials("guard", Secret("s3cret")))
    if not feed.ready(_PATIENCE):
        sys.exit("the parent learned nothing")
    warnings.simplefilter("ignore", DeprecationWarning)  # that a process with threads forks
    child = os.fork()
    if child == 0:
        if feed.is_revoked(jti, "", None):
            os._exit(1)  # it must know nothing that may be half written
        feed.ready(_PATIENCE)
        sys.stdout.write(f"child:{feed.is_revoked(jti, '', None)}\n")
        sys.stdout.flush()
        os._exit(0)
    _, status = os.waitpid(child, 0)
    sys.stdout.write(f"parent:{feed.is_revoked(jti, '', None)}\n")
    feed.close()
    sys.exit(status)


if __name__ == "__main__":
    main(*sys.argv[1:])
