import json
from typing import Any

import pytest

from gatepass.server.admin.operations.applications.model import ApplicationSettings
from gatepass.server.domain.applications.fields import table
from server.cli.conftest import Command


@pytest.fixture(scope="module")
def org_id(gatepass: Command) -> str:
    ran = gatepass("organization", "create", "Acme Energy", "--admin", "anna", "--json")
    created: dict[str, str] = json.loads(ran.out)
    return created["org_id"]


@pytest.fixture(scope="module")
def client_id(gatepass: Command, org_id: str) -> str:
    return _create(gatepass, org_id, "--network", "192.0.2.0/24")


def _create(gatepass: Command, org_id: str, *more: str) -> str:
    ran = gatepass(
        "application", "create", "--organization", org_id, "--name", "B", *more, "--json"
    )
    created: dict[str, str] = json.loads(ran.out)
    return created["client_id"]


def _shown(gatepass: Command, client_id: str) -> dict[str, Any]:
    shown: dict[str, Any] = json.loads(gatepass("application", "show", client_id, "--json").out)
    return shown


def test_an_application_is_made_with_a_contact_and_networks(gatepass: Command, org_id: str) -> None:
    client_id = _create(
        gatepass,
        org_id,
        "--contact",
        "ops@acme.example",
        "--network",
        "203.0.113.0/24",
        "--network",
        "2001:db8::1",
    )

    shown = _shown(gatepass, client_id)

    assert shown["contact"] == "ops@acme.example"
    assert shown["networks"] == ["203.0.113.0/24", "2001:db8::1/128"]


def test_everything_is_changed_in_one_go(gatepass: Command, org_id: str) -> None:
    client_id = _create(gatepass, org_id)

    ran = gatepass(
        *("application", "set", client_id, "--name", "New", "--lifetime", "600"),
        *("--scope", "read introspection", "--contact", "Ops", "--network", "10.0.0.0/8"),
    )

    assert ran.status == 0
    shown = _shown(gatepass, client_id)
    names = ("name", "token_lifetime", "scope", "contact", "networks")
    assert [shown[name] for name in names] == [
        "New",
        600,
        "read introspection",
        "Ops",
        ["10.0.0.0/8"],
    ]


def test_networks_and_contact_are_taken_away_again(gatepass: Command, org_id: str) -> None:
    client_id = _create(gatepass, org_id, "--contact", "Ops", "--network", "10.0.0.0/8")

    gatepass("application", "set", client_id, "--any-network", "--contact", "")

    shown = _shown(gatepass, client_id)
    assert (shown["networks"], shown["contact"]) == ([], "")


@pytest.mark.parametrize(
    "wrong",
    [
        pytest.param(("--network", ""), id="an empty network"),
        pytest.param(("--network", "10.0.0.0/8", "--network", " "), id="an empty one among good"),
        pytest.param(("--network", "10.0.0.1/8"), id="host bits"),
        pytest.param(("--network", "example.com"), id="a name"),
        pytest.param(("--scope", "admin"), id="an unknown scope"),
        pytest.param(("--scope", ""), id="no scope"),
        pytest.param(("--lifetime", "59"), id="too short a lifetime"),
        pytest.param(("--lifetime", "2592001"), id="too long a lifetime"),
        pytest.param(("--contact", "two\nlines"), id="two lines"),
        pytest.param(("--name", " "), id="no name"),
        pytest.param(("--rate-limit", "0"), id="a limit of nothing"),
        pytest.param(("--rate-limit-mode", "enforce"), id="a limit without a number"),
    ],
)
def test_where_one_thing_is_wrong_nothing_is_changed(
    gatepass: Command, client_id: str, wrong: tuple[str, ...]
) -> None:
    before = _shown(gatepass, client_id)
    good = {"--name": "X", "--lifetime": "700", "--scope": "read", "--contact": "X"}
    rest = [text for name in good if name not in wrong for text in (name, good[name])]

    ran = gatepass("application", "set", client_id, *rest, *wrong)

    assert (ran.status, ran.out, ran.err.count("\n")) == (1, "", 1)
    assert _shown(gatepass, client_id) == before


def test_an_empty_network_makes_no_application_that_may_come_from_anywhere(
    gatepass: Command, org_id: str
) -> None:
    ran = gatepass(
        "application", "create", "--organization", org_id, "--name", "B", "--network", ""
    )

    assert (ran.status, ran.out, ran.err.count("\n")) == (1, "", 1)


@pytest.mark.parametrize(
    "arguments", [(), ("--any-network", "--network", "10.0.0.0/8")], ids=["nothing", "both"]
)
def test_to_say_nothing_or_two_things_at_once_is_a_mistake(
    gatepass: Command, client_id: str, arguments: tuple[str, ...]
) -> None:
    assert gatepass("application", "set", client_id, *arguments).status == 2


def test_an_application_that_is_not_there_cannot_be_changed(gatepass: Command) -> None:
    assert gatepass("application", "set", "nobody", "--name", "X").status == 1


def test_automatic_rotation_is_turned_on_and_off_and_keeps_what_is_not_given(
    gatepass: Command, org_id: str
) -> None:
    client_id = _create(gatepass, org_id)
    names = ("automatic_rotation", "rotation_days", "rotation_overlap", "last_rotation")

    def rotation() -> list[object]:
        shown = _shown(gatepass, client_id)
        return [shown[name] for name in names]

    assert rotation() == [False, 30, "24 hours", None]
    on = gatepass(
        *("application", "automatic-rotation", client_id, "--on"),
        *("--days", "7", "--overlap", "1-hour"),
    )
    assert on.out == f"Automatic rotation of {client_id} is on.\n"
    assert rotation() == [True, 7, "1 hour", None]
    gatepass("application", "automatic-rotation", client_id, "--off")

    assert rotation() == [False, 7, "1 hour", None]


@pytest.mark.parametrize(
    "wrong", [(), ("--on", "--days", "0"), ("--on", "--days", "366"), ("--overlap", "none")]
)
def test_a_wrong_setting_of_automatic_rotation_changes_nothing(
    gatepass: Command, org_id: str, wrong: tuple[str, ...]
) -> None:
    client_id = _create(gatepass, org_id)

    ran = gatepass("application", "automatic-rotation", client_id, *wrong)

    assert ran.status != 0
    assert not _shown(gatepass, client_id)["automatic_rotation"]


def test_each_field_of_an_application_is_an_argument_of_the_operation() -> None:
    names = {field.name for group in table.GROUPS for field in group.fields}

    assert names | {"client_id"} == set(ApplicationSettings.model_fields)


def test_bound_tokens_are_required_and_optional_again(gatepass: Command, client_id: str) -> None:
    before = _shown(gatepass, client_id)["dpop_bound_access_tokens"]
    gatepass("application", "set", client_id, "--dpop-bound", "required")
    required = _shown(gatepass, client_id)["dpop_bound_access_tokens"]
    gatepass("application", "set", client_id, "--dpop-bound", "optional")

    after = _shown(gatepass, client_id)["dpop_bound_access_tokens"]
    assert (before, required, after) == (False, True, False)
