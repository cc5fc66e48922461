"""A sender that sends nothing, for what needs no network."""

import asyncio
import json
from collections.abc import Callable

from gatepass.wire.flow import Request, Response


class Issuer:
    """Sends nothing: gives `pass-1`, `pass-2` ..., or what `trouble` says instead."""

    def __init__(self) -> None:
        self.issued = 0
        self.asked = 0
        self.trouble: Response | Exception | None = None
        self.expires_in: int | None = 1000
        self.before: Callable[[], object] = lambda: None
        self.abefore: Callable[[], object] | None = None

    def send(self, _: Request) -> Response:
        self.asked += 1
        self.before()
        if isinstance(self.trouble, Exception):
            raise self.trouble
        if self.trouble is not None:
            return self.trouble
        self.issued += 1
        said = {"access_token": f"pass-{self.issued}", "token_type": "Bearer"}
        lifetime = {} if self.expires_in is None else {"expires_in": self.expires_in}
        return Response(200, {}, json.dumps(said | lifetime).encode())

    async def asend(self, request: Request) -> Response:
        if self.abefore is not None:
            await asyncio.to_thread(self.abefore)
        return self.send(request)


REFUSAL = Response(401, {}, b'{"error": "invalid_client"}')
