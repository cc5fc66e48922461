"""A token endpoint and an Admin API without a network, a clock that moves only by pauses."""

import json
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from gatepass.admin.connection import Connection
from gatepass.admin.records import Performed
from gatepass.admin.requests import Conditions
from gatepass.client.settings import ClientSettings
from gatepass.client.tokens.drivers import RunInThread, Step
from gatepass.client.tokens.source import TokenSource
from gatepass.wire import flow
from gatepass.wire.flow import Request, Response

URL = "https://auth.example.com"
TOKEN_URL = f"{URL}/oauth2/token/"
JSON = {"content-type": "application/json"}
PROBLEM = {"content-type": "application/problem+json"}


def answered(members: object, status: int = 200, **headers: str) -> Response:
    return Response(status, JSON | headers, json.dumps(members).encode())


def problem(status: int, detail: str = "No.", **more: object) -> Response:
    members = {"type": "about:blank", "title": "Refused", "status": status, "detail": detail}
    return Response(status, PROBLEM, json.dumps(members | more).encode())


@dataclass
class FakeApi:
    """Sends `answers` in their order; the token endpoint issues `pass-1`, `pass-2` ..."""

    answers: deque[Response | Exception] = field(default_factory=deque)
    requests: list[Request] = field(default_factory=list)
    issued: int = 0
    now: float = 1000.0
    seconds_each: float = 0.0

    def send(self, request: Request) -> Response:
        if request.url == TOKEN_URL:
            self.issued += 1
            members = {"access_token": f"pass-{self.issued}", "token_type": "Bearer"}
            return answered(members | {"expires_in": 900})
        self.requests.append(request)
        self.now += request.after + self.seconds_each
        answer = self.answers.popleft()
        if isinstance(answer, Exception):
            raise answer
        return answer

    async def asend(self, request: Request) -> Response:
        return self.send(request)

    def connection(self, environment: str = "production", seconds: float = 60.0) -> Connection:
        settings = ClientSettings(TOKEN_URL, "me", "a secret of mine", "", f"{URL}/api/admin/v1")
        tokens = TokenSource(settings, self, now=lambda: self.now)
        return Connection(
            URL, environment, tokens, self, seconds, now=lambda: self.now, random=lambda: 1.0
        )

    def perform(
        self,
        name: str,
        arguments: Mapping[str, object],
        wanted: Conditions | None = None,
        connection: Connection | None = None,
    ) -> Performed:
        """Perform an operation without waiting for its pauses."""
        steps = (connection or self.connection()).flow(name, arguments, wanted or Conditions())
        return flow.run(steps, self._step)

    def _step(self, step: Step) -> Any:  # noqa: ANN401 - as a driver
        if isinstance(step, RunInThread):
            return step.function()
        assert isinstance(step, Request)
        return self.send(step)
