import json
from typing import Any

import pytest

from server.cli.conftest import Command

PARTNER_API = "http://localhost:8000/api/partners/v2.0"
METERS = "https://meters.example.com"


@pytest.fixture(scope="module", autouse=True)
def _meters(gatepass: Command) -> None:
    gatepass("resource", "add", METERS, "--name", "Meters", "--tokens", "jwt")
    gatepass("scope", "add", "meters.read", "--description", "Read meters", "--resource", METERS)


def _listed(gatepass: Command, what: str) -> dict[str, dict[str, Any]]:
    rows = json.loads(gatepass(what, "list", "--json").out)
    return {row["name" if what == "scope" else "uri"]: row for row in rows}


def test_the_catalogue_begins_with_the_partner_api_and_its_scopes(gatepass: Command) -> None:
    assert _listed(gatepass, "resource")[PARTNER_API] == {
        "uri": PARTNER_API,
        "name": "Partner API",
        "tokens": "default",
        "algorithm": "default",
        "form": "opaque",
    }
    scopes = _listed(gatepass, "scope")
    open_server = {name: (scopes[name]["default"], scopes[name]["restricted"]) for name in scopes}
    assert open_server["read"] == open_server["write"] == (True, False)
    assert open_server["introspection"] == (False, True)
    assert open_server["portal_users"] == (False, False)


def test_a_scope_is_of_the_partner_api_unless_a_resource_is_named(gatepass: Command) -> None:
    added = gatepass("scope", "add", "bills", "--description", "See bills", "--default")

    assert added.status == 0
    assert _listed(gatepass, "scope")["bills"] == {
        "name": "bills",
        "resource": PARTNER_API,
        "default": True,
        "restricted": False,
        "description": "See bills",
    }
    assert _listed(gatepass, "scope")["meters.read"]["resource"] == METERS


def test_a_scope_is_changed_in_what_is_given_and_removed(gatepass: Command) -> None:
    gatepass("scope", "add", "old", "--description", "Old", "--restricted")

    gatepass("scope", "set", "old", "--description", "New", "--unrestricted", "--default")
    changed = _listed(gatepass, "scope")["old"]
    removed = gatepass("scope", "remove", "old")

    assert (changed["description"], changed["default"], changed["restricted"]) == (
        "New",
        True,
        False,
    )
    assert removed.status == 0
    assert "old" not in _listed(gatepass, "scope")


def test_a_resource_goes_back_to_the_defaults_of_its_environment(gatepass: Command) -> None:
    gatepass("resource", "set", PARTNER_API, "--tokens", "jwt", "--algorithm", "EdDSA")
    signed = _listed(gatepass, "resource")[PARTNER_API]
    gatepass("resource", "set", PARTNER_API, "--tokens", "default", "--algorithm", "default")

    assert (signed["tokens"], signed["algorithm"], signed["form"]) == ("jwt", "EdDSA", "EdDSA")
    assert _listed(gatepass, "resource")[PARTNER_API]["form"] == "opaque"


def test_a_resource_of_another_form_gets_the_key_that_it_needs(gatepass: Command) -> None:
    gatepass("resource", "add", "urn:example:a", "--name", "A", "--tokens", "jwt")
    gatepass("resource", "set", "urn:example:a", "--algorithm", "PS256", "--name", "B")

    purposes = {key["purpose"] for key in json.loads(gatepass("keys", "list", "--json").out)}
    assert "PS256" in purposes
    assert _listed(gatepass, "resource")["urn:example:a"]["name"] == "B"
    assert gatepass("resource", "remove", "urn:example:a").status == 0


@pytest.mark.parametrize(
    "arguments",
    [
        pytest.param("scope add|a b|--description|x", id="a space in a scope"),
        pytest.param("scope add|read|--description|x", id="a scope that is there"),
        pytest.param("scope add|new|--description| ", id="no words"),
        pytest.param("scope add|new|--description|x|--resource|urn:none", id="unknown resource"),
        pytest.param("scope add|new|--description|x|--default|--restricted", id="both"),
        pytest.param("scope set|read|--restricted", id="a default made restricted"),
        pytest.param("scope set|introspection|--unrestricted", id="introspection for all"),
        pytest.param("scope set|nothing|--default", id="no such scope"),
        pytest.param("scope set|bills|--description|two\nlines", id="two lines"),
        pytest.param("scope remove|read", id="a scope that the server needs"),
        pytest.param("scope remove|nothing", id="nothing to remove"),
        pytest.param("resource add|meters|--name|M", id="no absolute URI"),
        pytest.param("resource add|https://a.example/#x|--name|M", id="a fragment"),
        pytest.param(f"resource add|{METERS}|--name|M", id="a resource that is there"),
        pytest.param("resource set|urn:none|--name|M", id="no such resource"),
        pytest.param(f"resource set|{METERS}|--name|", id="an empty name"),
        pytest.param(f"resource remove|{METERS}", id="a resource with scopes"),
        pytest.param(f"resource remove|{PARTNER_API}", id="the Partner API"),
    ],
)
def test_what_breaks_a_rule_is_refused_in_one_line_and_changes_nothing(
    gatepass: Command, arguments: str
) -> None:
    name, *rest = arguments.split("|")
    before = _listed(gatepass, "scope"), _listed(gatepass, "resource")

    ran = gatepass(*name.split(), *rest)

    assert (ran.status, ran.out, ran.err.count("\n")) == (1, "", 1)
    assert (_listed(gatepass, "scope"), _listed(gatepass, "resource")) == before


@pytest.mark.parametrize("name", ["scope set read", f"resource set {METERS}"])
def test_to_change_nothing_is_a_mistake_that_is_told(gatepass: Command, name: str) -> None:
    ran = gatepass(*name.split())

    assert ran.status == 2
    assert "Nothing to change" in ran.err


def test_a_scope_that_an_application_has_is_not_removed(gatepass: Command) -> None:
    organization = json.loads(
        gatepass("organization", "create", "Acme", "--admin", "anna", "--json").out
    )
    made = gatepass(
        "application",
        "create",
        "--organization",
        organization["org_id"],
        "--name",
        "B",
        "--scope",
        "meters.read",
    )

    refused = gatepass("scope", "remove", "meters.read")

    assert made.status == 0
    assert refused.status == 1
    assert "meters.read" in _listed(gatepass, "scope")


def test_a_new_algorithm_is_told_to_be_published_first(gatepass: Command) -> None:
    told = (
        "Its tokens are signed with ES256 for the next 10 minutes, "
        "until verifiers have the key for RS256."
    )
    changed = gatepass("resource", "set", PARTNER_API, "--tokens", "jwt", "--algorithm", "RS256")
    uri = "https://readings.example.com"
    added = gatepass(
        *("resource", "add", uri, "--name", "Meters", "--tokens", "jwt", "--algorithm", "RS256")
    )
    default = gatepass("resource", "set", uri, "--algorithm", "ES256")

    assert [told in each.out for each in (changed, added, default)] == [True, True, False]
