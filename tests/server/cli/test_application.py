import json
from datetime import UTC, datetime, timedelta

import pytest

from gatepass.wire.credential import Kind, Mode, read
from server.cli.conftest import Command


@pytest.fixture(scope="module")
def org_id(gatepass: Command) -> str:
    return _organization(gatepass, "Acme Energy")


@pytest.fixture(scope="module")
def organization(gatepass: Command) -> str:
    return _organization(gatepass, "Beta Power")


def _organization(gatepass: Command, name: str) -> str:
    ran = gatepass("organization", "create", name, "--admin", f"anna.{name.lower()[:4]}", "--json")
    created: dict[str, str] = json.loads(ran.out)
    return created["org_id"]


def _create(gatepass: Command, org_id: str, *more: str) -> dict[str, str]:
    ran = gatepass(
        "application", "create", "--organization", org_id, "--name", "B", *more, "--json"
    )
    created: dict[str, str] = json.loads(ran.out)
    return created


def test_an_application_gets_credentials_that_say_what_they_are(
    gatepass: Command, org_id: str
) -> None:
    created = _create(gatepass, org_id)

    assert set(created) == {"client_id", "client_secret", "token_url"}
    kinds = [read(created[name]) for name in ("client_id", "client_secret")]
    assert [(each.kind, each.mode) for each in kinds if each] == [
        (Kind.CLIENT_ID, Mode.LIVE),
        (Kind.CLIENT_SECRET, Mode.LIVE),
    ]
    assert created["token_url"] == "http://localhost:8000/oauth2/token/"


def test_the_secret_is_shown_once_and_later_only_its_end(gatepass: Command, org_id: str) -> None:
    created = _create(gatepass, org_id)

    shown = gatepass("application", "show", created["client_id"], "--json")

    assert created["client_secret"] not in shown.out
    [secret] = json.loads(shown.out)["secrets"]
    assert created["client_secret"].endswith(secret["ends_with"])
    assert len(secret["ends_with"]) == 4


def test_a_secret_ends_as_asked_and_otherwise_as_late_as_the_policy_allows(
    gatepass: Command,
) -> None:
    org_id = _organization(gatepass, "Ends")
    dated = _create(gatepass, org_id, "--secret-end", "2031-01-31")
    gatepass("policy", "set", "secret-lifetime", "90d", "--organization", org_id)

    limited = _create(gatepass, org_id)

    assert dated["secret_expires_at"] == "2031-02-01T00:00:00+00:00"
    left = datetime.fromisoformat(limited["secret_expires_at"]) - datetime.now(UTC)
    assert timedelta(days=89) < left <= timedelta(days=90)


@pytest.mark.parametrize("end", ["", "0", "yesterday", "2020-01-01", "-5", "99999", "2027-02-30"])
def test_an_end_that_is_none_makes_no_application(
    gatepass: Command, organization: str, end: str
) -> None:
    before = gatepass("application", "list", "--json").out
    ran = gatepass(
        *("application", "create", "--organization", organization, "--name", "B"),
        "--secret-end",
        end,
    )

    assert ran.status == 1
    assert "secret" not in ran.out
    assert gatepass("application", "list", "--json").out == before


def test_scope_and_lifetime_are_as_asked_and_the_operator_may_grant_introspection(
    gatepass: Command, org_id: str
) -> None:
    created = _create(gatepass, org_id, "--scope", "read introspection", "--lifetime", "600")

    shown = json.loads(gatepass("application", "show", created["client_id"], "--json").out)

    assert (shown["scope"], shown["token_lifetime"]) == ("read introspection", 600)


def test_an_application_has_portal_users_only_where_the_operator_says_so(
    gatepass: Command, org_id: str
) -> None:
    client_id = _create(gatepass, org_id)["client_id"]
    scopes = []
    for more in ((), ("--scope", "read write portal_users"), ("--scope", "read write")):
        if more:
            assert gatepass("application", "set", client_id, *more).status == 0
        shown = json.loads(gatepass("application", "show", client_id, "--json").out)
        scopes.append(shown["scope"])

    assert scopes == ["read write", "read write portal_users", "read write"]
    assert shown["tokens_revoked_before"]


def test_an_application_is_disabled_and_enabled_by_client_id_or_id(
    gatepass: Command, org_id: str
) -> None:
    client_id = _create(gatepass, org_id)["client_id"]
    app_id = json.loads(gatepass("application", "show", client_id, "--json").out)["id"]

    states = []
    for action, name in (("disable", client_id), ("enable", app_id)):
        ran = gatepass("application", action, name)
        assert ran.status == 0
        assert "revoked" in ran.out
        states.append(json.loads(gatepass("application", "show", app_id, "--json").out)["state"])

    assert states == ["disabled", "active"]


def test_deleting_needs_yes_where_nobody_can_be_asked(gatepass: Command, org_id: str) -> None:
    client_id = _create(gatepass, org_id)["client_id"]

    asked = gatepass("application", "delete", client_id)
    still_there = gatepass("application", "show", client_id)
    deleted = gatepass("application", "delete", client_id, "--yes")
    gone = gatepass("application", "show", client_id)

    assert (asked.status, asked.err.count("\n"), still_there.status) == (1, 1, 0)
    assert (deleted.status, gone.status) == (0, 1)


def test_a_limit_of_tokens_is_set_and_what_is_not_named_stays(
    gatepass: Command, org_id: str
) -> None:
    client_id = _create(gatepass, org_id)["client_id"]

    def limit() -> tuple[str, int | None]:
        shown = json.loads(gatepass("application", "show", client_id, "--json").out)
        return shown["rate_limit_mode"], shown["rate_limit"]

    assert limit() == ("off", None)
    both = gatepass(
        "application", "set", client_id, "--rate-limit", "90", "--rate-limit-mode", "warn"
    )
    assert (both.status, limit()) == (0, ("warn", 90))
    assert gatepass("application", "set", client_id, "--rate-limit-mode", "enforce").status == 0
    assert limit() == ("enforce", 90)
    refused = gatepass("application", "set", client_id, "--rate-limit", "0")
    assert (refused.status, refused.err.count("\n")) == (1, 1)
    assert limit() == ("enforce", 90)


def test_a_list_holds_the_applications_of_one_organization_or_of_all(
    gatepass: Command, org_id: str
) -> None:
    other = json.loads(gatepass("organization", "create", "Beta", "--admin", "ben", "--json").out)
    mine, theirs = _create(gatepass, org_id), _create(gatepass, other["org_id"])

    one = gatepass("application", "list", "--organization", other["org_id"], "--json")
    everything = gatepass("application", "list", "--json")

    assert [row["client_id"] for row in json.loads(one.out)] == [theirs["client_id"]]
    ids = {row["client_id"] for row in json.loads(everything.out)}
    assert {mine["client_id"], theirs["client_id"]} <= ids


@pytest.mark.parametrize(
    "arguments",
    [
        pytest.param(("--name", ""), id="an empty name"),
        pytest.param(("--name", "B", "--scope", "admin"), id="an unknown scope"),
        pytest.param(("--name", "B", "--scope", ""), id="no scope"),
        pytest.param(("--name", "B", "--scope", "read  write"), id="a malformed scope"),
        pytest.param(("--name", "B", "--lifetime", "59"), id="too short a lifetime"),
        pytest.param(("--name", "B", "--lifetime", "-1"), id="a negative lifetime"),
    ],
)
def test_a_registration_that_breaks_a_rule_is_refused_in_one_line(
    gatepass: Command, org_id: str, arguments: tuple[str, ...]
) -> None:
    ran = gatepass("application", "create", "--organization", org_id, *arguments)

    assert (ran.status, ran.out, ran.err.count("\n")) == (1, "", 1)


def test_an_application_needs_an_organization_that_exists(gatepass: Command, org_id: str) -> None:
    missing = org_id[:-4] + ("0000" if org_id[-4:] != "0000" else "1111")

    ran = gatepass("application", "create", "--organization", missing, "--name", "B")

    assert (ran.status, ran.out, ran.err.count("\n")) == (1, "", 1)


def test_a_program_of_the_operator_gets_scopes_of_the_admin_api_and_none_of_a_partner_does(
    gatepass: Command, org_id: str
) -> None:
    wanted = ("--name", "Back office", "--scope", "production:organizations:read", "--json")
    create = ("application", "create", "--organization")
    before = gatepass(*create, "operator", *wanted)
    assert before.status == 1
    assert "operator add" in before.err

    gatepass("operator", "add", "olga", "--role", "owner")
    created = json.loads(gatepass(*create, "operator", *wanted).out)
    partners = gatepass(*create, org_id, *wanted)
    assert (partners.status, "operating organization" in partners.err) == (1, True)
    mixed = ("application", "set", created["client_id"], "--scope")
    refused = gatepass(*mixed, "production:organizations:read read")
    assert "no other scopes" in refused.err

    own = json.loads(gatepass("application", "list", "--organization", "operator", "--json").out)
    assert [each["client_id"] for each in own] == [created["client_id"]]
    every = json.loads(gatepass("application", "list", "--json").out)
    assert created["client_id"] not in {each["client_id"] for each in every}
