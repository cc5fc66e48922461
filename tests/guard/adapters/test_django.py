"""The guard in Django: views, class-based views, the middleware and REST framework alike.

Requests go through Django's own test client (WSGI) and over real HTTP (ASGI).
"""

import subprocess
import sys
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import httpx2
import pytest
from django.core import checks
from django.core.asgi import get_asgi_application
from django.core.exceptions import ImproperlyConfigured
from django.http import HttpRequest, HttpResponse
from django.test import Client, RequestFactory, override_settings

from gatepass.guard.core.rate_limit import RateLimit
from gatepass.guard.django import Guard, GuardMiddleware, configured, requires
from gatepass.guard.testing import FakeIssuer
from gatepass.guard.testing.issuer import ORG_ID
from guard.adapters.site import CHALLENGE, CSRF, FORM, GUARD, bearer, function, who
from guard.http_server import serving

ADAPTERS = ("/function", "/coroutine", "/class", "/async-class", "/rest")
BODY = "name=main&access_token=x"


@pytest.fixture
def issuer() -> Iterator[FakeIssuer]:
    with FakeIssuer() as made, override_settings(GATEPASS_GUARD=made.options()):
        yield made


@pytest.fixture
def api(issuer: FakeIssuer) -> Client:  # noqa: ARG001 - is the site's
    return Client(enforce_csrf_checks=True)


@pytest.mark.parametrize("path", ADAPTERS)
@pytest.mark.parametrize("kind", ["mint", "opaque"])
def test_a_good_token_says_who_calls(api: Client, issuer: FakeIssuer, path: str, kind: str) -> None:
    answer = api.get(path, **bearer(getattr(issuer, kind)("read write", client_id="acme")))

    assert answer.status_code == 200
    assert answer.json()["client_id"] == "acme"


@pytest.mark.parametrize("path", ADAPTERS)
@pytest.mark.spec("RFC 6750", "3.1")
@pytest.mark.spec("RFC 9728", "5.1")
def test_without_a_token_the_challenge_has_no_error(api: Client, path: str) -> None:
    for headers in ({}, {"Authorization": "Basic YTpi"}):
        answer = api.get(path, headers=headers)

        assert (answer.status_code, answer["WWW-Authenticate"]) == (401, CHALLENGE)


@pytest.mark.parametrize("path", ADAPTERS)
@pytest.mark.spec("RFC 6750", "3.1")
def test_a_bad_token_is_invalid(api: Client, issuer: FakeIssuer, path: str) -> None:
    bad = [issuer.expired(), issuer.revoked(), issuer.wrong_audience(), issuer.unsigned()]
    for token in (*bad, issuer.forged(), issuer.of_another_issuer(), "unknown", "a b", ""):
        answer = api.get(path, **bearer(token))

        assert answer.status_code == 401
        assert 'error="invalid_token"' in answer["WWW-Authenticate"]
        assert "resource_metadata=" in answer["WWW-Authenticate"]


@pytest.mark.parametrize("path", ADAPTERS)
@pytest.mark.spec("RFC 6750", "3.1")
def test_a_missing_scope_is_forbidden(api: Client, issuer: FakeIssuer, path: str) -> None:
    answer = api.get(path, **bearer(issuer.mint("write")))

    assert answer.status_code == 403
    assert 'error="insufficient_scope"' in answer["WWW-Authenticate"]
    assert 'scope="read"' in answer["WWW-Authenticate"]


@pytest.mark.parametrize("path", ADAPTERS)
@pytest.mark.spec("RFC 6750", "2")
def test_a_token_anywhere_else_is_a_bad_request(api: Client, issuer: FakeIssuer, path: str) -> None:
    token = issuer.mint()
    answers = [
        api.get(f"{path}?access_token={token}"),
        api.get(f"{path}?access_token={token}", **bearer(token)),
        api.get(path, headers={"Authorization": f"Bearer {token},Bearer {token}"}),
        api.post(path, f"access_token={token}", FORM, **bearer(token)),
    ]

    assert [answer.status_code for answer in answers] == [400] * 4
    assert all('error="invalid_request"' in answer["WWW-Authenticate"] for answer in answers)


@pytest.mark.parametrize("path", ADAPTERS)
def test_it_fails_closed_while_the_issuer_is_away(
    api: Client, issuer: FakeIssuer, path: str
) -> None:
    issuer.is_away = True
    for token in (issuer.opaque(), issuer.mint()):
        answer = api.get(path, **bearer(token))

        assert answer.status_code == 503
        assert "WWW-Authenticate" not in answer
        assert int(answer["Retry-After"]) > 0


@pytest.mark.parametrize("path", ["/organizations/{}/", "/rest/organizations/{}/"])
def test_another_organization_is_not_there(api: Client, issuer: FakeIssuer, path: str) -> None:
    token = issuer.mint("read")
    assert api.get(path.format(ORG_ID), **bearer(token)).json() == {"org_id": ORG_ID}
    answer = api.get(path.format("another"), **bearer(token))

    assert answer.status_code == 404
    assert "WWW-Authenticate" not in answer


@pytest.mark.parametrize("path", ADAPTERS)
def test_over_the_rate_limit_is_told_when_to_come_again(issuer: FakeIssuer, path: str) -> None:
    with override_settings(GATEPASS_GUARD=issuer.options(rate=RateLimit("1/minute"))):
        api = Client()
        first, second = (api.get(path, **bearer(issuer.mint())) for _ in range(2))

    assert (first.status_code, second.status_code) == (200, 429)
    assert 1 <= int(second["Retry-After"]) <= 60


@pytest.mark.spec("RFC 9457", "3.1")
def test_a_refusal_is_a_problem_document_that_nobody_keeps(api: Client) -> None:
    answer = api.get("/function")

    assert answer["Content-Type"] == "application/problem+json"
    assert answer["Cache-Control"] == "no-store"
    assert answer.json()["status"] == 401


def test_an_answer_to_one_caller_is_not_kept_for_another(api: Client, issuer: FakeIssuer) -> None:
    assert "Authorization" in api.get("/function", **bearer(issuer.mint()))["Vary"]


def test_each_method_has_its_scope_and_a_form_needs_no_csrf_token(
    api: Client, issuer: FakeIssuer
) -> None:
    def post(scope: str) -> Any:  # noqa: ANN401 - Django's response
        return api.post("/by-method", "name=main", FORM, **bearer(issuer.mint(scope)))

    assert post("read").status_code == 403
    assert [post(scope).json() for scope in ("write", "admin")] == [{"sent": "main"}] * 2
    assert api.get("/by-method", **bearer(issuer.mint("read"))).status_code == 200


@pytest.mark.parametrize("path", ["/class", "/async-class"])
def test_a_class_of_views_needs_no_csrf_token(api: Client, issuer: FakeIssuer, path: str) -> None:
    assert api.post(path, BODY[:9], FORM, **bearer(issuer.mint())).status_code == 200


def test_everything_works_over_http_in_an_event_loop(issuer: FakeIssuer) -> None:
    token = issuer.mint()
    header = {"Authorization": f"Bearer {token}"}
    repeated = [("Authorization", "Bearer a"), ("Authorization", "Basic b")]
    with serving(get_asgi_application()) as address, httpx2.Client(base_url=address) as api:
        for path in ADAPTERS:
            assert api.get(path, headers=header).status_code == 200
            assert api.get(path).headers["WWW-Authenticate"] == CHALLENGE
            assert api.get(path, headers=repeated).status_code == 400
            answer = api.post(
                path, headers={"Authorization": f"Bearer {token}"}, data={"access_token": token}
            )
            assert answer.status_code == 400


def test_networks_are_those_of_the_connection(issuer: FakeIssuer) -> None:
    token = issuer.opaque(allowed_networks=["192.0.2.0/24"])
    inside, outside = Client(REMOTE_ADDR="192.0.2.7"), Client(REMOTE_ADDR="")

    assert inside.get("/function", **bearer(token)).status_code == 200
    assert outside.get("/function", **bearer(token)).status_code == 401


@pytest.mark.parametrize(
    ("content", "headers", "expected"),
    [
        ("access_token=x", {"CONTENT_TYPE": "text/plain"}, 200),
        ("access_token=x", {"CONTENT_LENGTH": ""}, 200),
        ("access_token=x", {"CONTENT_LENGTH": "9999999999"}, 200),
        ("access_token=x", {}, 400),
    ],
)
def test_a_form_is_looked_at_where_it_is_short(
    issuer: FakeIssuer, content: str, headers: dict[str, str], expected: int
) -> None:
    made = RequestFactory().generic(
        "POST", "/function", content, FORM, HTTP_AUTHORIZATION=f"Bearer {issuer.mint()}"
    )
    made.META |= headers
    made.content_type = headers.get("CONTENT_TYPE", FORM)

    assert function(made).status_code == expected


def test_a_form_that_was_read_already_is_looked_at_where_it_is_known(
    issuer: FakeIssuer,
) -> None:
    def posted() -> HttpRequest:
        header = f"Bearer {issuer.mint()}"
        return RequestFactory().post("/function", BODY, FORM, HTTP_AUTHORIZATION=header)

    streamed, multipart = posted(), posted()
    streamed.read(1)
    multipart.read(1)
    multipart._post = {"access_token": "x"}  # noqa: SLF001 - as other middleware leaves it

    assert function(streamed).status_code == 200
    assert function(multipart).status_code == 400


class Gone(BytesIO):
    """What a server reads from where the client has hung up."""

    def read(self, *_size: int | None) -> bytes:
        raise ConnectionResetError


@pytest.mark.usefixtures("api")
def test_who_hangs_up_in_the_middle_of_a_form_is_refused_as_anybody() -> None:
    made = RequestFactory().generic("POST", "/function", BODY, FORM, **{"wsgi.input": Gone()})

    assert function(made).status_code == 401


def test_a_guard_of_its_own_needs_no_setting() -> None:
    with FakeIssuer() as issuer, Guard(**issuer.options()) as guard:
        view = guard.requires("read")(who)
        good = view(RequestFactory().get("/", HTTP_AUTHORIZATION=f"Bearer {issuer.mint()}"))

        assert (good.status_code, view(RequestFactory().get("/")).status_code) == (200, 401)
        assert guard.status().is_healthy


def test_a_second_guard_does_not_believe_the_first(issuer: FakeIssuer) -> None:
    with FakeIssuer() as stranger, Guard(**stranger.options()) as guard:
        made = RequestFactory().get("/", HTTP_AUTHORIZATION=f"Bearer {issuer.mint()}")
        assert function(made).status_code == 200

        assert guard.requires("read")(who)(made).status_code == 401


def test_a_view_that_gives_something_else_is_left_alone(issuer: FakeIssuer) -> None:
    made = RequestFactory().get("/", HTTP_AUTHORIZATION=f"Bearer {issuer.mint()}")

    assert requires("read")(lambda _request: "no response")(made) == "no response"


# The middleware.


@pytest.fixture
def site(issuer: FakeIssuer) -> Iterator[Client]:
    options = issuer.options(exempt=["/open", "/open/docs/*"])
    with override_settings(GATEPASS_GUARD=options, MIDDLEWARE=[GUARD, CSRF]):
        yield Client(enforce_csrf_checks=True)


def test_the_middleware_has_every_view_need_a_token(site: Client, issuer: FakeIssuer) -> None:
    assert site.get("/plain")["WWW-Authenticate"] == CHALLENGE
    assert site.get("/plain", **bearer(issuer.expired())).status_code == 401
    answer = site.get("/plain", **bearer(issuer.mint(client_id="acme")))
    assert answer.json() == {"client_id": "acme"}


def test_paths_that_are_exempt_need_none(site: Client) -> None:
    assert site.get("/open").json() == {"client_id": None}
    assert site.get("/open/docs/page").json() == {"client_id": None}


def test_a_view_behind_the_middleware_needs_no_csrf_token(site: Client, issuer: FakeIssuer) -> None:
    assert site.post("/plain", "a=b", FORM, **bearer(issuer.mint())).status_code == 200
    assert site.post("/open", "a=b", FORM, **bearer(issuer.mint())).status_code == 403


@pytest.mark.parametrize("path", ADAPTERS)
def test_a_token_is_looked_at_once_and_what_the_view_needs_is_asked_too(
    issuer: FakeIssuer, path: str
) -> None:
    options = issuer.options(rate=RateLimit("1/minute"))
    with override_settings(GATEPASS_GUARD=options, MIDDLEWARE=[GUARD]):
        answer = Client().get(path, **bearer(issuer.mint("read", client_id="one")))
        refused = Client().get(path, **bearer(issuer.mint("write", client_id="two")))

    assert (answer.status_code, refused.status_code) == (200, 403)
    assert 'scope="read"' in refused["WWW-Authenticate"]


@pytest.mark.usefixtures("site")
def test_the_middleware_works_in_an_event_loop(issuer: FakeIssuer) -> None:
    header = {"Authorization": f"Bearer {issuer.mint()}"}
    with serving(get_asgi_application()) as address, httpx2.Client(base_url=address) as api:
        for path in ("/plain", *ADAPTERS):
            assert api.get(path, headers=header).status_code == 200
            assert api.get(path).status_code == 401
        assert api.get("/open").status_code == 200


def test_the_middleware_can_have_a_guard_of_its_own() -> None:
    with FakeIssuer() as issuer, Guard(**issuer.options()) as its:

        class Middleware(GuardMiddleware):
            guard = its
            exempt = ("/open",)

        middleware = Middleware(lambda _request: HttpResponse())
        refused, passed = RequestFactory().get("/plain"), RequestFactory().get("/open")

        assert middleware.process_view(refused, who, (), {}).status_code == 401
        assert middleware.process_view(passed, who, (), {}) is None


# The setting.


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        (None, "set GATEPASS_GUARD"),
        ("https://login.example.com", "set GATEPASS_GUARD"),
        ({}, "give the guard either an issuer or expect"),
        ({"issuer": "http://login.example.com", "resource": "a"}, "https://"),
        ({"issuer": "https://login.example.com", "resource": "a", "resorce": 1}, "resorce"),
    ],
)
def test_a_setting_that_cannot_work_is_refused(setting: object, message: str) -> None:
    with (
        override_settings(GATEPASS_GUARD=setting),
        pytest.raises(ImproperlyConfigured, match=message),
    ):
        configured()


@pytest.mark.parametrize("exempt", ["/open", ["open"], ["/o*"], ["/*/open"], ["*"]])
def test_paths_that_cannot_be_meant_are_refused(issuer: FakeIssuer, exempt: object) -> None:
    with (
        override_settings(GATEPASS_GUARD=issuer.options(exempt=exempt)),
        pytest.raises(ImproperlyConfigured, match="exempt"),
    ):
        GuardMiddleware(lambda _request: None)


def test_the_check_command_knows_the_guard_by_its_app(tmp_path: Path) -> None:
    (tmp_path / "wrong.py").write_text(
        'INSTALLED_APPS = ["gatepass.guard.django.GuardConfig"]\n'
        'GATEPASS_GUARD = {"issuer": "https://app.example.com", "resorce": "meters"}\n'
    )
    command = [sys.executable, "-m", "django", "check", "--settings", "wrong"]

    ran = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)

    assert ran.returncode == 1
    assert "(gatepass.E001)" in ran.stderr
    assert "resorce" in ran.stderr


@pytest.mark.usefixtures("issuer")
def test_the_check_command_tells_of_a_setting_that_cannot_work() -> None:
    assert checks.run_checks(tags=["security"]) == []
    with override_settings(GATEPASS_GUARD=None):
        assert checks.run_checks(tags=["security"]) == []
    with override_settings(GATEPASS_GUARD={"isuer": "x"}):
        [error] = checks.run_checks(tags=["security"])

    assert (error.id, "isuer" in error.msg) == ("gatepass.E001", True)


def test_a_setting_that_is_changed_makes_another_guard(issuer: FakeIssuer) -> None:
    first = configured()
    with override_settings(USE_TZ=False):
        assert configured() is first
    with override_settings(GATEPASS_GUARD=issuer.options()):
        assert configured() is not first
