"""The client and a server over a real connection, which misbehaves."""

import json
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest
import trio

from gatepass.admin import Admin, AsyncAdmin, UnexpectedAnswer
from gatepass.loopback import LoopbackServer, Request, Response
from gatepass.server.admin.operations import examples

_ID = examples.ORGANIZATION_ID
_TYPE = {"Content-Type": "application/json"}
_FOUND = Response(200, json.dumps(examples.ORGANIZATION).encode(), _TYPE | {"ETag": '"a"'})
_CUT = Response(200, b'{"id": ', _TYPE | {"Content-Length": "4096"}, hangs_up=True)
_NOTHING = Response(0)


@dataclass
class Api:
    """Sends `answers`, to whom has a token."""

    answers: deque[Response] = field(default_factory=deque)
    received: list[Request] = field(default_factory=list)
    url: str = ""

    def respond(self, request: Request) -> Response:
        if request.path == "/oauth2/token/":
            token = {"access_token": "pass-1", "token_type": "Bearer", "expires_in": 900}
            return Response(200, json.dumps(token).encode(), _TYPE)
        self.received.append(request)
        assert request.headers["authorization"] == "Bearer pass-1"
        return self.answers.popleft()


@pytest.fixture
def api() -> Iterator[Api]:
    state = Api()
    with LoopbackServer(state.respond) as server:
        state.url = server.url
        yield state


@pytest.fixture
def admin(api: Api) -> Admin:
    return Admin(api.url, client_id="me", client_secret="a secret of mine")


@pytest.mark.parametrize("broken", [_NOTHING, _CUT], ids=["hangs up", "cut"])
def test_an_answer_that_does_not_arrive_whole_is_asked_for_again(
    broken: Response, api: Api, admin: Admin
) -> None:
    api.answers.extend([broken, _FOUND])
    assert admin.organizations.show(org_id=_ID).name == "Acme Energy"
    assert len(api.received) == 2


def test_a_creation_whose_answer_is_cut_is_sent_with_the_same_key(api: Api, admin: Admin) -> None:
    created = Response(201, json.dumps({"name": "Acme"}).encode(), _TYPE)
    api.answers.extend([_CUT, created])
    admin.perform("organization.create", {"name": "Acme", "username": "anna"})

    first, second = api.received
    assert first.headers["idempotency-key"] == second.headers["idempotency-key"]
    assert first.body == second.body


def test_an_endless_answer_is_not_read_to_its_end(api: Api, admin: Admin) -> None:
    api.answers.append(Response(200, b"[" * 20_000_000, _TYPE))
    with pytest.raises(UnexpectedAnswer, match="longer than"):
        admin.organizations.show(org_id=_ID)


def test_a_redirect_is_not_followed(api: Api, admin: Admin) -> None:
    api.answers.append(Response(307, b"", {"Location": f"{api.url}/elsewhere"}))
    with pytest.raises(UnexpectedAnswer, match="redirects are not followed"):
        admin.organizations.rename(org_id=_ID, name="B")
    assert len(api.received) == 1


def test_it_works_in_a_task_of_trio(api: Api) -> None:
    api.answers.extend([_NOTHING, _FOUND])

    async def name() -> str:
        admin = AsyncAdmin(api.url, client_id="me", client_secret="a secret of mine")
        return (await admin.organizations.show(org_id=_ID)).name

    assert trio.run(name) == "Acme Energy"
