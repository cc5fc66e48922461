"""A sender without a network."""

import asyncio
import json
from collections.abc import Callable

from gatepass.wire.flow import Request, Response


class FakeSender:
    """Responds with `pass-1`, `pass-2` ..., or with `error` where it is set."""

    def __init__(self) -> None:
        self.issued = 0
        self.requests = 0
        self.error: Response | Exception | None = None
        self.expires_in: int | None = 1000
        self.headers: dict[str, str] = {}
        self.before: Callable[[], object] = lambda: None
        self.abefore: Callable[[], object] | None = None

    def send(self, _: Request) -> Response:
        self.requests += 1
        self.before()
        if isinstance(self.error, Exception):
            raise self.error
        if self.error is not None:
            return self.error
        self.issued += 1
        members = {"access_token": f"pass-{self.issued}", "token_type": "Bearer"}
        lifetime = {} if self.expires_in is None else {"expires_in": self.expires_in}
        return Response(200, self.headers, json.dumps(members | lifetime).encode())

    async def asend(self, request: Request) -> Response:
        if self.abefore is not None:
            await asyncio.to_thread(self.abefore)
        return self.send(request)


REFUSAL = Response(401, {}, b'{"error": "invalid_client"}')
