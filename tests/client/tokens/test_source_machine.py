"""The token source under random orders of events."""

import json
from collections.abc import Callable
from dataclasses import dataclass

import hypothesis.strategies as st
import pytest
from hypothesis import settings
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from gatepass.client.errors import ClientError, Unreachable
from gatepass.client.settings import ClientSettings
from gatepass.client.tokens.drivers import RunInThread, Sign, Step, TokenFlow, Wait
from gatepass.client.tokens.source import TokenSource
from gatepass.client.tokens.token import CachedToken
from gatepass.wire.flow import Request, Response
from gatepass.wire.secret import Secret

pytestmark = pytest.mark.slow

DEADLINE = 20.0
CLOSE = 1e-6  # seconds: sums of floating-point numbers

RESPONSES: dict[str, Response | Unreachable] = {
    "refused": Response(401, {}, b'{"error": "invalid_client"}'),
    "scope": Response(400, {}, b'{"error": "invalid_scope"}'),
    "busy": Response(503, {}, b""),
    "too many": Response(429, {"retry-after": "7"}, b""),
    "a minute": Response(429, {"retry-after": "60"}, b""),
    "html": Response(200, {}, b"<html>"),
    "unreachable": Unreachable("ConnectError: refused"),
}


class Unused:
    """A sender that is never used: the machine performs every step itself."""

    def send(self, request: Request) -> Response:
        raise NotImplementedError

    async def asend(self, request: Request) -> Response:
        raise NotImplementedError


@dataclass(eq=False)
class Caller:
    flow: TokenFlow[CachedToken]
    started_at: float
    step: Step | None = None
    until: float = 0.0  # when its step ends
    sent_at: float = 0.0  # of its request


class Machine(RuleBasedStateMachine):
    """Callers start, wait, get responses, are cancelled; APIs reject tokens; time passes."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 1000.0
        self.callers: list[Caller] = []
        self.expiry: dict[str, float] = {}
        self.last: CachedToken | None = None
        self.source = TokenSource(
            ClientSettings("https://app.example.com/token", "id", [Secret("one"), Secret("two")]),
            Unused(),
            deadline=DEADLINE,
            now=lambda: self.now,
            random=lambda: 0.5,
        )

    @rule()
    def a_caller_needs_a_token(self) -> None:
        caller = Caller(self.source.flow(), self.now)
        self.callers.append(caller)
        self.resume(caller, lambda: next(caller.flow))

    @precondition(lambda self: self.request() is not None)
    @rule(seconds=st.floats(0, 12), lifetime=st.sampled_from([1, 30, 60, 300, 36000]))
    def a_token_arrives(self, seconds: float, lifetime: int) -> None:
        self.pass_time(seconds)
        if (caller := self.request()) is not None:
            name = f"pass-{len(self.expiry)}"
            self.expiry[name] = caller.sent_at + lifetime  # it may be as old as the request
            members = {"access_token": name, "token_type": "Bearer", "expires_in": lifetime}
            self.respond(Response(200, {}, json.dumps(members).encode()))

    @precondition(lambda self: self.request() is not None)
    @rule(seconds=st.floats(0, 12), kind=st.sampled_from(sorted(RESPONSES)))
    def an_error_arrives(self, seconds: float, kind: str) -> None:
        self.pass_time(seconds)
        if self.request() is not None:
            self.respond(RESPONSES[kind])

    @precondition(lambda self: self.callers)
    @rule(data=st.data())
    def a_caller_is_cancelled(self, data: st.DataObject) -> None:
        caller = data.draw(st.sampled_from(self.callers))
        self.callers.remove(caller)
        caller.flow.close()

    @precondition(lambda self: self.finished())
    @rule(data=st.data())
    def a_waiting_caller_sees_the_outcome(self, data: st.DataObject) -> None:
        caller = data.draw(st.sampled_from(self.finished()))
        self.resume(caller, lambda: caller.flow.send(None))

    @precondition(lambda self: self.last is not None)
    @rule()
    def an_api_rejects_the_token(self) -> None:
        assert self.last is not None
        self.source.invalidate(self.last)

    @rule(seconds=st.sampled_from([0.5, 5.0, 11.0, 61.0, 250.0, 30000.0]))
    def time_passes(self, seconds: float) -> None:
        self.pass_time(seconds)

    @invariant()
    def there_is_never_more_than_one_request(self) -> None:
        assert sum(isinstance(caller.step, Request) for caller in self.callers) <= 1

    @invariant()
    def no_caller_waits_without_a_renewal(self) -> None:
        waiting = [caller for caller in self.callers if isinstance(caller.step, Wait)]
        assert len(waiting) == len(self.finished()) or self.request() is not None

    @invariant()
    def no_caller_waits_past_its_deadline(self) -> None:
        assert all(self.now <= caller.started_at + DEADLINE + CLOSE for caller in self.callers)
        assert all(caller.until <= caller.started_at + DEADLINE + CLOSE for caller in self.callers)

    def request(self) -> Caller | None:
        sent = [each for each in self.callers if isinstance(each.step, Request)]
        return sent[0] if sent else None

    def respond(self, response: Response | Unreachable) -> None:
        caller = self.request()
        assert caller is not None
        if isinstance(response, Unreachable):
            self.resume(caller, lambda: caller.flow.throw(response))
        else:
            self.resume(caller, lambda: caller.flow.send(response))

    def resume(self, caller: Caller, resume: Callable[[], Step]) -> None:
        """Run `caller` until it waits for a step, or ends."""
        try:
            step = resume()
            while isinstance(step, RunInThread):
                step = caller.flow.send(step.function())
        except StopIteration as end:
            self.callers.remove(caller)
            self.receive(end.value)
        except ClientError:
            self.callers.remove(caller)
        else:
            assert not isinstance(step, Sign)
            caller.step = step
            caller.until = self.now + (step.timeout or 0.0)
            if isinstance(step, Request):
                caller.until += step.after
                caller.sent_at = self.now + step.after

    def receive(self, token: CachedToken) -> None:
        self.last = token
        assert self.now < self.expiry[token.value], "a token was given out that has expired"

    def finished(self) -> list[Caller]:
        """Return the callers whose renewal has ended but which have not resumed yet."""
        return [
            each
            for each in self.callers
            if isinstance(each.step, Wait) and each.step.renewal.done()
        ]

    def pass_time(self, seconds: float) -> None:
        """Advance by `seconds`; a step that times out meanwhile ends at its time."""
        end = self.now + seconds
        while self.callers and (first := min(self.callers, key=lambda c: c.until)).until <= end:
            self.now = max(self.now, first.until)
            if isinstance(first.step, Request):
                self.respond(Unreachable("no whole answer in time"))
            else:
                self.resume(first, lambda: first.flow.send(None))
        self.now = end


TestTokenSource = Machine.TestCase
TestTokenSource.settings = settings(max_examples=150, stateful_step_count=40, deadline=None)
