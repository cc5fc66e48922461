"""A program whose main thread ends while another still serves: `ended.py ISSUER OPAQUE JWT`."""

import asyncio
import sys
import threading

from gatepass.guard import Denied, Expectation, Guard, Request
from gatepass.guard.revocation.feed import Feed
from gatepass.guard.testing.issuer import RESOURCE


def who(guard: Guard, token: str) -> str:
    try:
        return guard.identify(Request(authorization=(f"Bearer {token}",))).client_id
    except Denied as denied:
        return str(denied.error_response.status)


async def who_in_a_loop(guard: Guard, token: str) -> str:
    try:
        caller = await guard.aidentify(Request(authorization=(f"Bearer {token}",)))
    except Denied as denied:
        return str(denied.error_response.status)
    return caller.client_id


def main(issuer: str, opaque: str, jwt: str) -> None:
    feed = Feed(issuer)
    guard = Guard(issuer, resource=RESOURCE, revocations=feed)
    inspecting = Guard(expect=Expectation(issuer), inspect=lambda _token, _context: None)

    def serve() -> None:
        threading.main_thread().join()
        found = [who(guard, opaque), who(guard, jwt), asyncio.run(who_in_a_loop(guard, jwt))]
        found += [asyncio.run(who_in_a_loop(inspecting, opaque)), str(feed.ready(20.0))]
        guard.close()
        found.append(who(guard, "another"))
        sys.stdout.write(" ".join(found))
        sys.stdout.flush()
        feed.close()

    threading.Thread(target=serve).start()


if __name__ == "__main__":
    main(*sys.argv[1:])
