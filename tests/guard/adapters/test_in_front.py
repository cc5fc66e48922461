"""The middleware of any ASGI or WSGI application, beyond what all adapters have in common."""

import asyncio
from collections.abc import Iterable, Iterator
from io import BytesIO
from typing import TYPE_CHECKING, Any
from wsgiref.util import setup_testing_defaults
from wsgiref.validate import validator

import pytest

from gatepass.guard import Guard, Requirements, asgi, wsgi
from gatepass.guard.core.rate_limit import RateLimit
from gatepass.guard.testing import FakeIssuer

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

FORM = "application/x-www-form-urlencoded"


@pytest.fixture
def issuer() -> Iterator[FakeIssuer]:
    with FakeIssuer() as made:
        yield made


@pytest.fixture
def guard(issuer: FakeIssuer) -> Guard:
    return issuer.guard()


def hello(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
    start_response("200 OK", [("Content-Type", "text/plain")])
    caller = environ.get("gatepass.principal")
    return [caller.client_id.encode() if caller else b"nobody"]


def called(app: Any, **environ: Any) -> tuple[str, bytes]:  # noqa: ANN401 - any WSGI application
    """Return status and body of an answer, with both sides checked against PEP 3333."""
    setup_testing_defaults(environ)
    environ.setdefault("QUERY_STRING", "")
    statuses: list[str] = []

    def start(status: str, *_more: object) -> Any:  # noqa: ANN401 - a writer that is not used
        statuses.append(status)
        return lambda _data: None

    answer = validator(app)(environ, start)
    try:
        return statuses[0], b"".join(answer)
    finally:
        answer.close()  # type: ignore[attr-defined] # a validator's has it


def test_a_refusal_of_head_has_no_body(guard: Guard) -> None:
    app = wsgi.Protected(hello, guard)

    assert called(app, REQUEST_METHOD="HEAD") == ("401 Unauthorized", b"")
    assert called(app, REQUEST_METHOD="GET")[1] != b""


@pytest.mark.parametrize(
    "joined", ["Bearer {0},Bearer {0}", "Basic eDp5, bearer {0}", "Bearer {0}, Basic eDp5"]
)
def test_headers_that_a_server_has_joined_are_two(
    issuer: FakeIssuer, guard: Guard, joined: str
) -> None:
    app = wsgi.Protected(hello, guard)

    assert called(app, HTTP_AUTHORIZATION=joined.format(issuer.mint()))[0] == "400 Bad Request"


def test_another_scheme_with_commas_is_one_header(guard: Guard) -> None:
    digest = 'Digest username="bearer", realm="x", nonce="y"'

    status, _ = called(wsgi.Protected(hello, guard), HTTP_AUTHORIZATION=digest)

    assert status == "401 Unauthorized"


@pytest.mark.parametrize("length", ["", "-1", "9" * 12, "٣", "70000"])
def test_a_form_of_no_good_length_is_left_alone(
    issuer: FakeIssuer, guard: Guard, length: str
) -> None:
    body = BytesIO(b"access_token=x")
    environ: dict[str, Any] = {"CONTENT_TYPE": FORM, "CONTENT_LENGTH": length, "wsgi.input": body}
    environ["HTTP_AUTHORIZATION"] = f"Bearer {issuer.mint()}"

    answer = wsgi.Protected(hello, guard)(environ, lambda *_: lambda _data: None)

    assert list(answer) == [b"test-application"]
    assert body.tell() == 0


class Gone(BytesIO):
    """What a server reads from where the client has hung up."""

    def read(self, *_size: int | None) -> bytes:
        raise ConnectionResetError


def test_who_hangs_up_in_the_middle_of_a_form_is_refused_as_anybody(guard: Guard) -> None:
    app = wsgi.Protected(hello, guard)

    status, _ = called(
        app,
        REQUEST_METHOD="POST",
        CONTENT_TYPE=FORM,
        CONTENT_LENGTH="50",
        **{"wsgi.input": Gone()},
    )

    assert status == "401 Unauthorized"


def test_the_word_of_somebody_before_is_not_taken_on_exempt_paths(guard: Guard) -> None:
    app = wsgi.Protected(hello, guard, exempt=["/health"])
    environ = {"SCRIPT_NAME": "", "PATH_INFO": "/health", "gatepass.principal": "forged"}

    assert called(app, **environ) == ("200 OK", b"nobody")


def test_one_guard_in_front_twice_counts_one_request(issuer: FakeIssuer) -> None:
    guard = issuer.guard(rate=RateLimit("1/hour"))
    app = wsgi.Protected(
        wsgi.Protected(hello, guard, Requirements.of("write")), guard, Requirements.of("read")
    )
    token = f"Bearer {issuer.mint('read write')}"

    assert called(app, HTTP_AUTHORIZATION=token) == ("200 OK", b"test-application")
    assert called(app, HTTP_AUTHORIZATION=token)[0] == "429 Too Many Requests"


def test_paths_have_no_parameters_in_front_of_an_application(guard: Guard) -> None:
    requirements = Requirements.of("read", organization="org_id")

    for adapter in (asgi.Protected, wsgi.Protected):
        with pytest.raises(ValueError, match="org_id"):
            adapter(hello, guard, requirements)  # type: ignore[arg-type] # one of them


def messages_of(
    app: asgi.App, scope: dict[str, Any], *messages: dict[str, Any]
) -> list[asgi.Message]:
    """Return what an ASGI application sends, which gets `messages` and nothing after them."""
    waiting, sent = list(messages), []

    async def receive() -> asgi.Message:
        return waiting.pop(0)

    async def send(message: asgi.Message) -> None:
        sent.append(message)

    asyncio.run(app(scope, receive, send))  # type: ignore[arg-type] # a coroutine
    return sent


async def hello_asgi(scope: asgi.Scope, receive: asgi.Receive, send: asgi.Send) -> None:
    """Return which parts of a body came, and who sent them."""
    parts: list[asgi.Message] = []
    while not parts or parts[-1].get("more_body"):
        parts.append(await receive())
    caller = scope.get("gatepass.principal")
    name = caller.client_id if caller else "nobody"
    await send({"name": name, "sizes": [len(each.get("body", b"")) for each in parts]})


def http(issuer: FakeIssuer, length: int) -> dict[str, Any]:
    """Return the scope of a form that states `length`."""
    headers = [
        (b"authorization", f"Bearer {issuer.mint()}".encode()),
        (b"content-type", FORM.encode()),
        (b"content-length", str(length).encode()),
    ]
    return {"type": "http", "path": "/", "headers": headers}


def test_the_start_and_end_of_a_server_pass_through(guard: Guard) -> None:
    app = asgi.Protected(hello_asgi, guard)

    [sent] = messages_of(app, {"type": "lifespan"}, {"type": "lifespan.startup"})

    assert sent["name"] == "nobody"


def test_what_is_no_request_that_is_known_of_does_not_pass(guard: Guard) -> None:
    with pytest.raises(KeyError):
        messages_of(asgi.Protected(hello_asgi, guard), {"type": "telepathy"})


def test_a_body_in_parts_arrives_in_parts(issuer: FakeIssuer, guard: Guard) -> None:
    parts: list[dict[str, Any]] = [
        {"type": "http.request", "body": b"a=1", "more_body": True},
        {"type": "http.request", "body": b"&b=2"},
    ]

    [sent] = messages_of(asgi.Protected(hello_asgi, guard), http(issuer, 7), *parts)

    assert sent == {"name": "test-application", "sizes": [3, 4]}


def test_no_more_of_a_body_is_kept_than_a_form_may_have(issuer: FakeIssuer, guard: Guard) -> None:
    """As where a server does not enforce the length that a client states."""
    kept: list[int] = []
    part = {"type": "http.request", "body": b"a" * 50_000, "more_body": True}

    async def counting(_scope: asgi.Scope, receive: asgi.Receive, _send: asgi.Send) -> None:
        kept.append(len(waiting))
        assert (await receive())["body"] == part["body"]

    waiting = [part] * 9

    async def receive() -> asgi.Message:
        return waiting.pop()

    asyncio.run(asgi.Protected(counting, guard)(http(issuer, 7), receive, None))  # type: ignore[arg-type] # sends nothing

    assert kept == [7]


def test_what_stands_in_front_of_the_guard_keeps_its_own_scope(
    issuer: FakeIssuer, guard: Guard
) -> None:
    scope = http(issuer, 0)

    messages_of(asgi.Protected(hello_asgi, guard), scope, {"type": "http.request"})

    assert "gatepass.principal" not in scope
