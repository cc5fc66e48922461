"""`gatepass webhook`: endpoints, deliveries and tests, as the operator works with them."""

import json
import os

import pytest

from commands import run_in_process
from gatepass.server.domain.changes.webhooks.events import ONE_CAN_WANT
from server.cli.conftest import Command

URL = "https://partner.example/hook"


def added(gatepass: Command, *more: str) -> dict[str, str]:
    ran = gatepass("webhook", "add", URL, "--json", *more)
    assert ran.status == 0, ran.err
    shown: dict[str, str] = json.loads(ran.out)
    return shown


def test_an_endpoint_is_added_with_its_secret_once_and_then_shown_without(
    gatepass: Command,
) -> None:
    new = added(gatepass, "--description", "Billing", "--event", "secret.leaked")

    shown = gatepass("webhook", "show", new["id"], "--json")
    listed = gatepass("webhook", "list", "--json")

    assert new["secret"].startswith("whsec_")
    assert new["secret"] not in shown.out + listed.out
    assert json.loads(shown.out) | {"created_at": ""} == {
        "id": new["id"],
        "organization": None,
        "url": URL,
        "state": "enabled",
        "events": ["secret.leaked"],
        "description": "Billing",
        "failures": 0,
        "succeeded_at": None,
        "created_at": "",
        "created_by": "operator",
        "failing_since": None,
        "disabled_at": None,
        "disabled_because": None,
        "old_secret_until": None,
    }
    assert new["id"] in [each["id"] for each in json.loads(listed.out)]


def test_an_endpoint_of_an_organization_is_listed_as_its_own(gatepass: Command) -> None:
    created = gatepass("organization", "create", "Acme", "--admin", "anna", "--json")
    org_id = json.loads(created.out)["org_id"]
    new = added(gatepass, "--organization", org_id)

    listed = gatepass("webhook", "list", "--organization", org_id, "--json")

    assert [each["id"] for each in json.loads(listed.out)] == [new["id"]]
    assert json.loads(listed.out)[0]["organization"] == org_id


def test_an_endpoint_is_changed_disabled_enabled_and_removed(gatepass: Command) -> None:
    its = added(gatepass)["id"]

    steps = [
        gatepass("webhook", "change", its, "--event", "key.rotated", "--description", "Keys"),
        gatepass("webhook", "disable", its),
        gatepass("webhook", "enable", its),
        gatepass("webhook", "change", its, "--all-events"),
    ]
    shown = json.loads(gatepass("webhook", "show", its, "--json").out)
    removed = gatepass("webhook", "remove", its, "--yes")

    assert [each.status for each in steps] == [0, 0, 0, 0]
    assert (shown["state"], shown["events"], shown["description"]) == ("enabled", "all", "Keys")
    assert removed.out == "Removed.\n"
    assert gatepass("webhook", "show", its).status == 1


def test_a_new_secret_is_shown_once(gatepass: Command) -> None:
    new = added(gatepass)

    rotated = json.loads(
        gatepass("webhook", "rotate-secret", new["id"], "--overlap", "48", "--json").out
    )
    shown = json.loads(gatepass("webhook", "show", new["id"], "--json").out)

    assert rotated["secret"].startswith("whsec_")
    assert rotated["secret"] != new["secret"]
    assert shown["old_secret_until"]


def test_a_test_without_a_running_server_says_so_and_its_delivery_waits(gatepass: Command) -> None:
    its = added(gatepass)["id"]

    ran = gatepass("webhook", "test", its, "--wait", "0")
    (delivery,) = json.loads(gatepass("webhook", "deliveries", its, "--json").out)
    again = gatepass("webhook", "send-again", its, str(delivery["id"]))

    assert ran.status == 1
    assert "Does the server run?" in ran.err
    assert (delivery["event"], delivery["state"]) == ("webhook.test", "waiting")
    assert again.out == "1 to send. The server sends it now, if it runs.\n"


def test_every_event_is_listed_with_when_it_is_sent() -> None:
    ran = run_in_process("webhook", "events", "--json", variables=os.environ)
    listed = json.loads(ran.out)

    assert [each["event"] for each in listed] == list(ONE_CAN_WANT)
    assert all(each["type"] == f"dev.gatepass.{each['event']}" for each in listed)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("add", "http://partner.example/"), "must begin with https://"),
        (("add", "https://10.0.0.1/"), "10.0.0.1 is not a public address"),
        (("add", URL, "--event", "nothing"), "There is no event nothing here"),
        (("show", "7c9e6679-7425-40de-944b-e07fc1f90ae7"), "was not found"),
        (("send-again", "7c9e6679-7425-40de-944b-e07fc1f90ae7"), "give --all"),
        (("change", "7c9e6679-7425-40de-944b-e07fc1f90ae7"), "Nothing to change"),
    ],
)
def test_a_mistake_is_named(gatepass: Command, arguments: tuple[str, ...], said: str) -> None:
    ran = gatepass("webhook", *arguments)

    assert ran.status in {1, 2}
    assert said in " ".join(ran.err.split())
