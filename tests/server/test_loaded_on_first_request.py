"""An application that is imported for its first request does not hold up the others."""

import asyncio
import threading

from gatepass.server.app import LoadedOnFirstRequest
from gatepass.server.http import App, Message, Receive, Scope, Send


def test_an_application_is_made_for_its_first_request_while_others_are_answered() -> None:
    made: list[bool] = []
    answered: list[str] = []
    may_end = threading.Event()

    async def application(scope: Scope, _receive: Receive, _send: Send) -> None:
        answered.append(scope["path"])

    def make() -> App:
        made.append(may_end.wait(30))
        return application

    async def requests() -> None:
        loaded = LoadedOnFirstRequest(make)
        assert made == []
        first = asyncio.create_task(loaded({"path": "/first"}, _receive, _send))
        await asyncio.sleep(0)  # now it is being made
        may_end.set()  # by the event loop, which is free
        await first
        await loaded({"path": "/second"}, _receive, _send)

    asyncio.run(requests())
    assert made == [True]
    assert answered == ["/first", "/second"]


async def _receive() -> Message:
    raise AssertionError


async def _send(_message: Message) -> None:
    raise AssertionError
