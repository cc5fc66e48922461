"""What is REST framework's own: users, permissions, other authentication beside ours."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.test import Client, override_settings
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.test import APIRequestFactory
from rest_framework.views import APIView

from gatepass.guard.rest_framework import GatepassAuthentication, Guard, HasScope
from gatepass.guard.testing import FakeIssuer
from gatepass.guard.testing.issuer import ORG_ID
from guard.adapters.site import CHALLENGE, FORM, Meters, bearer

HANDLER = {"EXCEPTION_HANDLER": "gatepass.guard.rest_framework.exception_handler"}


@pytest.fixture
def issuer() -> Iterator[FakeIssuer]:
    with FakeIssuer() as made, override_settings(GATEPASS_GUARD=made.options()):
        yield made


@pytest.fixture
def api(issuer: FakeIssuer) -> Client:  # noqa: ARG001 - is the site's
    return Client(enforce_csrf_checks=True)


def test_the_application_stands_in_for_a_user(api: Client, issuer: FakeIssuer) -> None:
    answer = api.post("/rest", "name=main", FORM, **bearer(issuer.mint(client_id="acme")))

    assert answer.json() == {
        "client_id": "acme",
        "user": "acme",
        "is_authenticated": True,
        "principal": "acme",
        "sent": "main",
    }


def test_an_application_is_nobody_of_the_staff(api: Client, issuer: FakeIssuer) -> None:
    assert api.get("/rest/staff", **bearer(issuer.mint())).status_code == 403


def test_throttles_count_each_application(api: Client, issuer: FakeIssuer) -> None:
    def status(client_id: str) -> int:
        code: int = api.get(
            "/rest/throttled", **bearer(issuer.mint(client_id=client_id))
        ).status_code
        return code

    assert [status("one") for _ in range(3)] == [200, 200, 429]
    assert status("two") == 200


def test_a_view_says_its_scopes_by_method(api: Client, issuer: FakeIssuer) -> None:
    path = f"/rest/organizations/{ORG_ID}/"
    read, write = bearer(issuer.mint("read")), bearer(issuer.mint("write"))

    assert [api.get(path, **read).status_code, api.get(path, **write).status_code] == [200, 403]
    assert [api.post(path, **read).status_code, api.post(path, **write).status_code] == [403, 200]
    assert api.get("/rest/one-scope/any/", **read).status_code == 200


def test_a_view_that_does_not_say_its_scopes_is_a_mistake(api: Client, issuer: FakeIssuer) -> None:
    with pytest.raises(ImproperlyConfigured, match="required_scopes"):
        api.get("/rest/unsaid", **bearer(issuer.mint()))


def test_a_function_and_the_permissions_of_rest_framework_work(
    api: Client, issuer: FakeIssuer
) -> None:
    assert api.get("/rest/function", **bearer(issuer.mint("any"))).status_code == 200
    assert api.get("/rest/function")["WWW-Authenticate"] == CHALLENGE


def test_who_is_authenticated_otherwise_has_no_scopes(api: Client) -> None:
    answer = api.get("/rest/shared", headers={"Authorization": "Other"})

    assert answer.status_code == 403
    assert "WWW-Authenticate" not in answer


def test_a_scope_that_can_never_be_granted_is_refused() -> None:
    with pytest.raises(ValueError, match="scope"):
        HasScope('a"b')


def test_refusals_are_short_unless_our_handler_is_set(api: Client, issuer: FakeIssuer) -> None:
    answer = api.get("/rest", **bearer(issuer.expired()))

    assert answer.json() == {"detail": "The access token is expired, revoked, or not valid here."}


@pytest.mark.spec("RFC 9457", "3.1")
def test_our_handler_answers_with_whole_problem_documents(issuer: FakeIssuer) -> None:
    with override_settings(REST_FRAMEWORK=HANDLER):
        from rest_framework.settings import api_settings

        class Handled(Meters):
            def get_exception_handler(self) -> object:
                return api_settings.EXCEPTION_HANDLER

        view = Handled.as_view()
        make = APIRequestFactory()
        nothing = view(make.get("/"))
        expired = view(make.get("/", HTTP_AUTHORIZATION=f"Bearer {issuer.expired()}"))
        missing = view(make.get("/", HTTP_AUTHORIZATION=f"Bearer {issuer.mint('x')}"))
        unknown = view(make.delete("/", HTTP_AUTHORIZATION=f"Bearer {issuer.mint()}"))

    answers = (nothing, expired, missing)
    assert [answer.status_code for answer in answers] == [401, 401, 403]
    assert {answer["Content-Type"] for answer in answers} == {"application/problem+json"}
    assert {answer["Cache-Control"] for answer in answers} == {"no-store"}
    assert nothing["WWW-Authenticate"] == CHALLENGE
    assert unknown.status_code == 405


def test_our_handler_leaves_the_refusals_of_others_alone() -> None:
    from rest_framework.exceptions import NotAuthenticated

    from gatepass.guard.rest_framework import exception_handler

    request = Request(APIRequestFactory().get("/"))
    answer = exception_handler(NotAuthenticated(), {"request": request})

    assert answer is not None
    assert answer.status_code == 401
    assert "WWW-Authenticate" not in answer


def test_a_guard_of_its_own_needs_no_setting() -> None:
    with FakeIssuer() as issuer, Guard(**issuer.options()) as its:

        class Authentication(GatepassAuthentication):
            guard = its

        class Own(Meters):
            authentication_classes = (Authentication,)

        view, make = Own.as_view(), APIRequestFactory().get
        good = view(make("/", HTTP_AUTHORIZATION=f"Bearer {issuer.mint()}"))

        assert (good.status_code, view(make("/")).status_code) == (200, 401)


class Nobody(BasePermission):  # type: ignore[misc] # REST framework has no type hints
    def has_permission(self, _request: object, _view: object) -> bool:
        return False


A, B = HasScope("a"), HasScope("b")
COMBINED: dict[str, tuple[Any, dict[str, int]]] = {
    "A | B": (A | B, {"a": 200, "b": 200, "c": 403}),
    "B | A": (B | A, {"a": 200, "b": 200, "c": 403}),
    "A | Nobody": (A | Nobody, {"a": 200, "b": 403}),
    "Nobody | A": (Nobody | A, {"a": 200, "b": 403}),
    "A | Nobody | B": (A | Nobody | B, {"a": 200, "b": 200, "c": 403}),
    "A & B": (A & B, {"a": 403, "b": 403, "a b": 200}),
    "A & Nobody | B": (A & Nobody | B, {"a": 403, "b": 200, "c": 403}),
    "Nobody & A | B": (Nobody & A | B, {"a": 403, "b": 200}),
    "Nobody | B | A": (Nobody | B | A, {"a": 200, "b": 200, "c": 403}),
    "A & (A | B) & B": (A & (A | B) & B, {"a": 403, "a b": 200}),
}


@pytest.mark.parametrize("name", COMBINED)
def test_scopes_combine_with_other_permissions(name: str) -> None:
    combined, expected = COMBINED[name]
    with FakeIssuer() as issuer, Guard(**issuer.options()) as its:

        class Authentication(GatepassAuthentication):
            guard = its

        class Own(APIView):  # type: ignore[misc] # REST framework has no type hints
            authentication_classes = (Authentication,)
            permission_classes = (combined,)

            def get(self, request: Request) -> Response:
                self.check_object_permissions(request, object())
                return Response()

        view, make = Own.as_view(), APIRequestFactory().get
        for scope, status in expected.items():
            answer = view(make("/", HTTP_AUTHORIZATION=f"Bearer {issuer.mint(scope)}"))
            assert answer.status_code == status, scope
        assert view(make("/")).status_code == 401
        refused = view(make("/", HTTP_AUTHORIZATION=f"Bearer {issuer.mint('c')}"))
        if name != "Nobody & A | B":
            assert 'error="insufficient_scope"' in refused["WWW-Authenticate"]
