"""The token source under every order of events that hypothesis can think of."""

import json
from collections.abc import Callable
from dataclasses import dataclass

import hypothesis.strategies as st
import pytest
from hypothesis import settings
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from gatepass.client.errors import ClientError, Unreachable
from gatepass.client.settings import ClientSettings
from gatepass.client.tokens.drivers import RunInThread, Step, Steps, Wait
from gatepass.client.tokens.source import TokenSource
from gatepass.client.tokens.token import CachedToken
from gatepass.wire.flow import Request, Response
from gatepass.wire.secret import Secret

pytestmark = pytest.mark.slow

DEADLINE = 20.0
CLOSE = 1e-6  # seconds: sums of floating-point numbers

ANSWERS: dict[str, Response | Unreachable] = {
    "refused": Response(401, {}, b'{"error": "invalid_client"}'),
    "scope": Response(400, {}, b'{"error": "invalid_scope"}'),
    "busy": Response(503, {}, b""),
    "too many": Response(429, {"retry-after": "7"}, b""),
    "a minute": Response(429, {"retry-after": "60"}, b""),
    "html": Response(200, {}, b"<html>"),
    "away": Unreachable("ConnectError: refused"),
}


class Unused:
    """No sender is used: the machine carries everything itself."""

    def send(self, request: Request) -> Response:
        raise NotImplementedError

    async def asend(self, request: Request) -> Response:
        raise NotImplementedError


@dataclass(eq=False)
class Caller:
    steps: Steps[CachedToken]
    began: float
    waits_for: Step | None = None
    until: float = 0.0  # when what it waits for is over
    sent_at: float = 0.0  # of its request


class Machine(RuleBasedStateMachine):
    """Callers come, wait, are answered, give up; tokens are refused; time goes by."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 1000.0
        self.callers: list[Caller] = []
        self.expiry: dict[str, float] = {}
        self.last: CachedToken | None = None
        self.asked: list[float] = []
        self.source = TokenSource(
            ClientSettings("https://app.example.com/token", "id", [Secret("one"), Secret("two")]),
            Unused(),
            deadline=DEADLINE,
            now=lambda: self.now,
            random=lambda: 0.5,
        )

    @rule()
    def somebody_wants_a_token(self) -> None:
        caller = Caller(self.source.steps(), self.now)
        self.callers.append(caller)
        self.go_on(caller, lambda: next(caller.steps))

    @precondition(lambda self: self.request() is not None)
    @rule(seconds=st.floats(0, 12), lifetime=st.sampled_from([1, 30, 60, 300, 36000]))
    def a_token_comes(self, seconds: float, lifetime: int) -> None:
        self.pass_time(seconds)
        if (asking := self.request()) is not None:
            name = f"pass-{len(self.expiry)}"
            self.expiry[name] = asking.sent_at + lifetime  # it may be as old as the request
            said = {"access_token": name, "token_type": "Bearer", "expires_in": lifetime}
            self.answer(Response(200, {}, json.dumps(said).encode()))

    @precondition(lambda self: self.request() is not None)
    @rule(seconds=st.floats(0, 12), kind=st.sampled_from(sorted(ANSWERS)))
    def something_else_comes(self, seconds: float, kind: str) -> None:
        self.pass_time(seconds)
        if self.request() is not None:
            self.answer(ANSWERS[kind])

    @precondition(lambda self: self.callers)
    @rule(data=st.data())
    def somebody_gives_up(self, data: st.DataObject) -> None:
        caller = data.draw(st.sampled_from(self.callers))
        self.callers.remove(caller)
        caller.steps.close()

    @precondition(lambda self: self.landed())
    @rule(data=st.data())
    def somebody_learns_what_came_of_it(self, data: st.DataObject) -> None:
        caller = data.draw(st.sampled_from(self.landed()))
        self.go_on(caller, lambda: caller.steps.send(None))

    @precondition(lambda self: self.last is not None)
    @rule()
    def an_api_refuses_the_token(self) -> None:
        assert self.last is not None
        self.source.invalidate(self.last)

    @rule(seconds=st.sampled_from([0.5, 5.0, 11.0, 61.0, 250.0, 30000.0]))
    def time_goes_by(self, seconds: float) -> None:
        self.pass_time(seconds)

    @invariant()
    def there_is_never_more_than_one_request(self) -> None:
        assert sum(isinstance(caller.waits_for, Request) for caller in self.callers) <= 1

    @invariant()
    def nobody_waits_for_nothing(self) -> None:
        waiting = [caller for caller in self.callers if isinstance(caller.waits_for, Wait)]
        assert len(waiting) == len(self.landed()) or self.request() is not None

    @invariant()
    def nobody_waits_past_his_deadline(self) -> None:
        assert all(self.now <= caller.began + DEADLINE + CLOSE for caller in self.callers)
        assert all(caller.until <= caller.began + DEADLINE + CLOSE for caller in self.callers)

    def request(self) -> Caller | None:
        sent = [each for each in self.callers if isinstance(each.waits_for, Request)]
        return sent[0] if sent else None

    def answer(self, answer: Response | Unreachable) -> None:
        caller = self.request()
        assert caller is not None
        if isinstance(answer, Unreachable):
            self.go_on(caller, lambda: caller.steps.throw(answer))
        else:
            self.go_on(caller, lambda: caller.steps.send(answer))

    def go_on(self, caller: Caller, step: Callable[[], Step]) -> None:
        """Let `caller` run until it waits for something, or ends."""
        try:
            wanted = step()
            while isinstance(wanted, RunInThread):
                wanted = caller.steps.send(wanted.function())
        except StopIteration as end:
            self.callers.remove(caller)
            self.receive(end.value)
        except ClientError:
            self.callers.remove(caller)
        else:
            caller.waits_for = wanted
            caller.until = self.now + (wanted.timeout or 0.0)
            if isinstance(wanted, Request):
                caller.until += wanted.after
                caller.sent_at = self.now + wanted.after

    def receive(self, token: CachedToken) -> None:
        self.last = token
        assert self.now < self.expiry[token.value], "a token was given out that has expired"

    def landed(self) -> list[Caller]:
        """Give those who wait for what has come already: a thread wakes when it wakes."""
        return [
            each
            for each in self.callers
            if isinstance(each.waits_for, Wait) and each.waits_for.flight.done()
        ]

    def pass_time(self, seconds: float) -> None:
        """Go `seconds` on; who waits too long for something meanwhile is told so at that time."""
        end = self.now + seconds
        while self.callers and (first := min(self.callers, key=lambda c: c.until)).until <= end:
            self.now = max(self.now, first.until)
            if isinstance(first.waits_for, Request):
                self.answer(Unreachable("no whole answer in time"))
            else:
                self.go_on(first, lambda: first.steps.send(None))
        self.now = end


TestTokenSource = Machine.TestCase
TestTokenSource.settings = settings(max_examples=150, stateful_step_count=40, deadline=None)
