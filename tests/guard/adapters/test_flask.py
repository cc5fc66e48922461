"""The guard in Flask, beyond what all adapters have in common."""

from collections.abc import Callable, Iterator

import httpx2
import pytest
from flask import Blueprint, Flask, Response, request
from flask.views import MethodView
from werkzeug.middleware.dispatcher import DispatcherMiddleware

from gatepass.guard.core.rate_limit import RateLimit
from gatepass.guard.flask import Denied, Guard, principal
from gatepass.guard.testing import FakeIssuer
from guard.adapters.apis import WsgiServing


@pytest.fixture
def issuer() -> Iterator[FakeIssuer]:
    with FakeIssuer() as made:
        yield made


@pytest.fixture
def guard(issuer: FakeIssuer) -> Iterator[Guard]:
    with Guard(**issuer.options()) as made:
        yield made


@pytest.fixture
def app() -> Flask:
    return Flask("meters")


def bearer(issuer: FakeIssuer, scope: str = "read") -> dict[str, str]:
    return {"Authorization": f"Bearer {issuer.mint(scope)}"}


def by_form() -> None:
    _ = request.form["sent"]


def by_data() -> None:
    assert request.get_data()


def by_opening_the_stream() -> None:
    assert request.stream.readable()


@pytest.mark.spec("RFC 6750", "2")
@pytest.mark.parametrize("read", [by_form, by_data, by_opening_the_stream])
def test_a_body_that_was_read_before_is_not_waited_for(
    issuer: FakeIssuer, guard: Guard, app: Flask, read: Callable[[], None]
) -> None:
    app.before_request(read)

    @app.post("/")
    @guard.requires("read")
    def sent() -> str:
        return request.form["sent"]

    with WsgiServing(app) as address:
        good = httpx2.post(address, data={"sent": "7"}, headers=bearer(issuer))
        twice = httpx2.post(
            address, data={"sent": "7", "access_token": "x"}, headers=bearer(issuer)
        )

    assert (good.status_code, good.text) == (200, "7")
    assert twice.status_code == 400


def test_a_body_that_is_no_form_is_left_to_who_has_begun_to_read_it(
    issuer: FakeIssuer, guard: Guard, app: Flask
) -> None:
    app.before_request(by_opening_the_stream)

    @app.post("/")
    @guard.requires("read")
    def sent() -> bytes:
        return request.stream.read()

    client = app.test_client()

    assert client.post("/", data=b"bytes", headers=bearer(issuer)).data == b"bytes"


def test_a_view_can_still_read_a_form_as_a_stream(
    issuer: FakeIssuer, guard: Guard, app: Flask
) -> None:
    @app.post("/")
    @guard.requires("read")
    def sent() -> bytes:
        return request.stream.read()

    answer = app.test_client().post("/", data={"a": "1"}, headers=bearer(issuer))

    assert answer.data == b"a=1"


def test_classes_of_views_and_async_views_work(
    issuer: FakeIssuer, guard: Guard, app: Flask
) -> None:
    class Meters(MethodView):
        decorators = [guard.requires({"GET": "read", "*": "write"})]  # noqa: RUF012 - Flask's own way

        def get(self) -> str:
            return principal.client_id

        def post(self) -> str:
            raise NotImplementedError

    @app.get("/async")
    @guard.requires("read")
    async def in_a_loop() -> str:
        return principal.client_id

    app.add_url_rule("/class", view_func=Meters.as_view("meters"))
    client = app.test_client()

    assert client.get("/class", headers=bearer(issuer)).text == "test-application"
    assert client.post("/class", headers=bearer(issuer)).status_code == 403
    assert client.get("/async", headers=bearer(issuer)).text == "test-application"
    assert client.get("/async").status_code == 401


def test_a_blueprint_is_protected_and_the_rest_is_not(
    issuer: FakeIssuer, guard: Guard, app: Flask
) -> None:
    inside = Blueprint("inside", __name__, url_prefix="/inside")
    guard.protect(inside, "read", exempt=["/inside/health"])
    inside.add_url_rule("/", "who", lambda: principal.client_id)
    inside.add_url_rule("/health", "health", lambda: "well")
    app.register_blueprint(inside)
    app.add_url_rule("/", "open", lambda: "open")
    client = app.test_client()

    assert client.get("/inside/", headers=bearer(issuer)).text == "test-application"
    assert [client.get(path).status_code for path in ("/inside/", "/inside/health", "/")] == [
        401,
        200,
        200,
    ]


def test_a_refusal_can_be_answered_in_another_way(guard: Guard, app: Flask) -> None:
    guard.protect(app)

    @app.errorhandler(Denied)
    def refuse(denied: Denied) -> Response:
        answer: Response = denied.get_response()
        answer.set_data("no")
        return answer

    answer = app.test_client().get("/")

    assert (answer.status_code, answer.text) == (401, "no")
    assert answer.headers["WWW-Authenticate"].startswith("Bearer ")


def test_the_application_as_a_whole_and_a_view_count_as_one_request(
    issuer: FakeIssuer, app: Flask
) -> None:
    with Guard(**issuer.options(rate=RateLimit("1/hour"))) as guard:
        guard.protect(app, "read")
        app.add_url_rule("/", "who", guard.requires("write")(lambda: principal.client_id))
        client = app.test_client()

        assert client.get("/", headers=bearer(issuer, "read write")).text == "test-application"
        assert client.get("/", headers=bearer(issuer, "read write")).status_code == 429


def test_who_called_before_is_not_taken_for_who_calls_now(
    issuer: FakeIssuer, guard: Guard, app: Flask
) -> None:
    app.add_url_rule("/", "who", guard.requires()(lambda: principal.client_id))
    app.add_url_rule("/open", "open", lambda: principal.client_id)
    app.testing = True
    client = app.test_client()

    with app.app_context():  # which requests within it share, and their `g`
        assert client.get("/", headers=bearer(issuer)).text == "test-application"
        with pytest.raises(RuntimeError, match="requires"):
            client.get("/open")


def test_a_guard_tells_how_it_is(guard: Guard) -> None:
    assert guard.status().cached_introspections == 0


@pytest.fixture
def cors_app(app: Flask, guard: Guard) -> Flask:
    cors = pytest.importorskip("flask_cors", reason="Flask-CORS is missing: see tests/setup.sh")
    cors.CORS(app, origins=["https://pages.example.com"])
    guard.protect(app, "read", exempt=["/health"])
    app.add_url_rule("/meters", view_func=lambda: "meters", endpoint="m", methods=["GET", "PUT"])

    @app.route("/own", methods=["OPTIONS"])
    def own() -> str:
        return "a secret"

    return app


PREFLIGHT = {
    "Origin": "https://pages.example.com",
    "Access-Control-Request-Method": "PUT",
    "Access-Control-Request-Headers": "authorization",
}


@pytest.mark.parametrize("wrap", [False, True])
def test_a_cors_preflight_passes_a_guarded_application(
    issuer: FakeIssuer, cors_app: Flask, *, wrap: bool
) -> None:
    served = DispatcherMiddleware(Flask("outer"), {"/api": cors_app}) if wrap else cors_app
    with WsgiServing(served) as address:
        meters = address + ("/api/meters" if wrap else "/meters")
        asked = httpx2.options(meters, headers=PREFLIGHT)
        called = httpx2.put(meters, headers=bearer(issuer) | PREFLIGHT)
        refused = httpx2.put(meters, headers=PREFLIGHT)

    assert asked.status_code == 200
    assert asked.headers["access-control-allow-origin"] == PREFLIGHT["Origin"]
    assert asked.headers["access-control-allow-headers"] == "authorization"
    assert (called.status_code, refused.status_code) == (200, 401)
    assert refused.headers["access-control-allow-origin"] == PREFLIGHT["Origin"]


@pytest.mark.parametrize(
    ("path", "left_out"),
    [
        ("/own", ""),
        ("/nowhere", ""),
        ("/meters", "Origin"),
        ("/meters", "Access-Control-Request-Method"),
    ],
)
def test_any_other_request_for_the_options_needs_a_token(
    cors_app: Flask, path: str, left_out: str
) -> None:
    headers = {name: value for name, value in PREFLIGHT.items() if name != left_out}
    with WsgiServing(cors_app) as address:
        answer = httpx2.options(address + path, headers=headers)

    assert answer.status_code == 401
    assert "secret" not in answer.text
