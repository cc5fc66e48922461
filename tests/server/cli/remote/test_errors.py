"""What a command says where another server refuses what it asks for, or does not answer."""

from collections import deque
from dataclasses import replace

import click
import pytest

from admin.fake_api import FakeApi, answered, problem
from gatepass.admin import Admin
from gatepass.client.errors import Unreachable
from gatepass.server.admin.operations import examples
from gatepass.server.cli.operations.remote import RemoteOperations
from gatepass.server.storage.errors import NotFoundError
from gatepass.wire.errors import OAuthError
from gatepass.wire.flow import Response

_ID = examples.ORGANIZATION_ID


@pytest.fixture
def api() -> FakeApi:
    return FakeApi()


@pytest.fixture
def operations(api: FakeApi) -> RemoteOperations:
    return RemoteOperations(Admin.over(api.connection()), "production")


@pytest.mark.parametrize(
    ("name", "arguments", "missing"),
    [
        ("organization.show", {"org_id": _ID}, _ID),
        ("application.revoke_secret", {"client_id": "gpc_live_x", "secret_id": "7"}, "7"),
        ("resource.remove", {"uri": "https://meters.example"}, "https://meters.example"),
        ("scope.show", {"name": "meters:read"}, "meters:read"),
        ("application.show", {"client_id": ".."}, ".."),
        ("mail.show", {"mail_id": 7}, "Message 7"),
        ("webhook.send_again", {"endpoint_id": _ID, "ids": [7, 8]}, "Delivery 7, 8"),
        ("webhook.send_again", {"endpoint_id": _ID, "ids": None}, f"Delivery {_ID}"),
        ("key.list", {}, "key.list"),
    ],
)
def test_what_is_not_there_is_named(
    name: str,
    arguments: dict[str, object],
    missing: str,
    api: FakeApi,
    operations: RemoteOperations,
) -> None:
    api.answers.append(problem(404))
    with pytest.raises(NotFoundError) as refused:
        operations.perform(name, arguments)
    assert str(refused.value) == missing


def test_a_refusal_has_the_sentence_of_the_server(
    api: FakeApi, operations: RemoteOperations
) -> None:
    sentence = "A username has 3 letters."
    errors = [{"field": "username", "detail": sentence}]
    api.answers.append(problem(422, sentence, errors=errors))
    with pytest.raises(OAuthError) as refused:
        operations.perform("organization.create", {"name": "A", "username": "b"})
    assert refused.value.description == sentence


def test_arguments_of_another_form_are_named(api: FakeApi, operations: RemoteOperations) -> None:
    errors = [{"field": "role", "detail": "No."}, {"field": "email", "detail": "No."}]
    api.answers.append(problem(422, "Not accepted: role, email.", errors=errors))
    with pytest.raises(OAuthError) as refused:
        operations.perform("person.add", {"org_id": _ID, "username": "b"})
    assert refused.value.description == "role: No.; email: No."


@pytest.mark.parametrize(
    ("answers", "words"),
    [
        ([Unreachable("ConnectError")] * 8, "cannot be reached.* may have been done"),
        ([Response(302, {}, b"")], "redirects are not followed"),
        ([Response(200, {}, b"<html>")], "not from the Admin API.* may have been done"),
    ],
)
def test_a_server_that_cannot_be_used_is_an_error_of_one_line(
    answers: list[Response | Exception], words: str
) -> None:
    api = FakeApi(deque(answers))
    without_pauses = replace(api.connection(), random=lambda: 0.0)
    operations = RemoteOperations(Admin.over(without_pauses), "production")
    with pytest.raises(click.ClickException, match=words) as refused:
        operations.perform("organization.create", {"name": "A", "username": "anna"})
    assert "\n" not in refused.value.message


def test_the_operators_own_organization_is_not_in_reach(operations: RemoteOperations) -> None:
    with pytest.raises(click.ClickException, match="server's own machine"):
        operations.operating_organization()


def test_an_effect_is_that_of_the_server(api: FakeApi, operations: RemoteOperations) -> None:
    effect = {"reversible": False, "sentences": ["1 stops."], "counts": {"applications": 1}}
    api.answers.append(answered({"dry_run": True, "effect": effect, "result": {"name": "A"}}))
    done = operations.perform("organization.suspend", {"org_id": _ID}, dry_run=True)

    assert done.result == {"name": "A"}
    assert done.effect is not None
    assert (done.effect.is_reversible, [*done.effect.sentences]) == (False, ["1 stops."])
