from dataclasses import replace
from uuid import UUID

import pytest

from gatepass.server.domain.applications import operations as applications
from gatepass.server.domain.audit import store as audit
from gatepass.server.domain.audit.model import OPERATOR
from gatepass.server.domain.organizations import operations as organizations
from gatepass.server.domain.organizations.policies import store as policies
from gatepass.server.domain.organizations.policies.model import OPERATOR as EVERYBODY
from gatepass.server.domain.organizations.policies.model import StatedPolicy
from gatepass.wire.secret import Secret
from server.domain.imports.samples import ACME, MADE, OTHER, READ, bring, brought, found
from server.fixtures import TEST, InProcessServer

BOLT = replace(ACME, key="8", name="Bolt")
PLAIN = Secret("hmx9vQ4PwvNg8SKJ2BqT7z")


def names(server: InProcessServer) -> list[str]:
    return [each.name for each in organizations.list_all(server.environment().context)]


def actions(server: InProcessServer, org_id: UUID) -> list[str]:
    with server.environment().database.read() as connection:
        return [entry.action for _, entry in audit.page(connection, org_id)]


def test_an_application_is_imported_with_what_it_had(fresh_server: InProcessServer) -> None:
    (outcome,) = bring(fresh_server, found(redirect_uris="https://a.example/cb"))
    kept = brought(fresh_server)

    assert (outcome.state, outcome.organization, outcome.way) == (
        "imported",
        "Acme Energy",
        "scrypt",
    )
    assert kept.org_id == outcome.org_id
    assert (kept.client_id, kept.name, kept.scope) == ("acme", "Billing", READ)
    assert kept.redirect_uris == ("https://a.example/cb",)
    assert (kept.created_at, kept.created_by) == (MADE, "operator")
    assert kept.imported_from == "django-oauth-toolkit"
    assert kept.is_imported_secret(kept.secrets[0])


def test_each_owner_gets_one_organization_and_those_without_go_to_one_more(
    fresh_server: InProcessServer,
) -> None:
    bring(
        fresh_server,
        found(client_id="1"),
        found(client_id="2", owner=BOLT),
        found(client_id="3"),
        found(client_id="4", owner=None),
        found(client_id="5", owner=None),
    )

    assert sorted(names(fresh_server)) == ["Acme Energy", "Bolt", "Imported"]
    assert brought(fresh_server, "1").org_id == brought(fresh_server, "3").org_id
    assert brought(fresh_server, "4").org_id == brought(fresh_server, "5").org_id


def test_by_none_all_go_to_one_organization(fresh_server: InProcessServer) -> None:
    bring(
        fresh_server, found(client_id="1"), found(client_id="2", owner=BOLT), organization_by="none"
    )

    assert names(fresh_server) == ["Imported"]


def test_two_owners_of_one_name_stay_apart(fresh_server: InProcessServer) -> None:
    twin = replace(ACME, key="9")
    bring(fresh_server, found(client_id="1"), found(client_id="2", owner=twin))

    assert brought(fresh_server, "1").org_id != brought(fresh_server, "2").org_id


def test_an_import_is_told_in_the_audit_trail_without_the_secret(
    fresh_server: InProcessServer,
) -> None:
    (outcome,) = bring(fresh_server, found(kept=PLAIN, was_hashed=False))

    assert outcome.org_id
    assert actions(fresh_server, outcome.org_id) == ["application.imported", "organization.created"]
    assert PLAIN.value not in fresh_server.environment().database.engine.url.render_as_string()
    for file in fresh_server.data.iterdir():
        assert PLAIN.value.encode() not in file.read_bytes()


def test_doing_it_again_changes_nothing(fresh_server: InProcessServer) -> None:
    there = [found(client_id="1"), found(client_id="2", owner=None)]
    first = bring(fresh_server, *there)
    before = [brought(fresh_server, each.client_id) for each in there]
    second = bring(fresh_server, *there)

    assert {each.state for each in first} == {"imported"}
    assert {each.state for each in second} == {"already there"}
    assert [brought(fresh_server, each.client_id) for each in there] == before
    assert sorted(names(fresh_server)) == ["Acme Energy", "Imported"]


def test_what_is_new_there_goes_to_its_owners_organization(fresh_server: InProcessServer) -> None:
    bring(fresh_server, found(client_id="1"))
    outcomes = bring(fresh_server, found(client_id="1"), found(client_id="2"))

    assert [each.state for each in outcomes] == ["already there", "imported"]
    assert brought(fresh_server, "1").org_id == brought(fresh_server, "2").org_id


def test_what_was_changed_here_stays(fresh_server: InProcessServer) -> None:
    bring(fresh_server, found())
    here = brought(fresh_server)
    applications.change(
        fresh_server.environment().context, OPERATOR, here.id, None, name="Invoices"
    )
    (outcome,) = bring(fresh_server, found())

    assert brought(fresh_server).name == "Invoices"
    assert outcome.notes == ()


def test_a_secret_that_was_changed_there_is_told_and_not_taken(
    fresh_server: InProcessServer,
) -> None:
    bring(fresh_server, found())
    before = brought(fresh_server).secrets
    (outcome,) = bring(fresh_server, found(kept=Secret(OTHER["encoded"])))

    assert outcome.state == "already there"
    assert "changed there" in outcome.notes[0]
    assert brought(fresh_server).secrets == before


def test_what_was_deleted_here_does_not_come_back(fresh_server: InProcessServer) -> None:
    bring(fresh_server, found())
    applications.delete(
        fresh_server.environment().context, OPERATOR, brought(fresh_server).id, None
    )
    (outcome,) = bring(fresh_server, found())

    assert outcome.state == "already there"
    assert "deleted here" in outcome.notes[0]
    assert fresh_server.environment().applications.load("acme") is None


def test_a_client_id_that_another_application_has_is_left_out(
    fresh_server: InProcessServer,
) -> None:
    bring(fresh_server, found())
    with fresh_server.environment().database.write() as connection:
        connection.exec_driver_sql("UPDATE imported SET source = 'elsewhere'")
    (outcome,) = bring(fresh_server, found())

    assert (outcome.state, outcome.notes) == (
        "left out",
        ("another application here has this client id",),
    )


def test_what_is_left_out_makes_no_organization(fresh_server: InProcessServer) -> None:
    (outcome,) = bring(fresh_server, found(is_confidential=False))

    assert outcome.state == "left out"
    assert names(fresh_server) == []


def test_a_dry_run_tells_the_same_and_writes_nothing(fresh_server: InProcessServer) -> None:
    there = [found(client_id="1"), found(client_id="2", is_confidential=False)]
    planned = bring(fresh_server, *there, dry_run=True)
    assert names(fresh_server) == []
    assert fresh_server.environment().applications.load("1") is None
    assert not fresh_server.environment().state.has_imported

    done = bring(fresh_server, *there)
    assert [replace(each, org_id=None) for each in done] == planned


def test_an_organization_that_fails_leaves_nothing_of_itself(fresh_server: InProcessServer) -> None:
    with fresh_server.environment().database.write() as connection:
        connection.exec_driver_sql(
            "CREATE TRIGGER refuse BEFORE INSERT ON application WHEN new.client_id = '3'"
            " BEGIN SELECT RAISE(ABORT, 'refused'); END"
        )
    first, second = found(client_id="1"), found(client_id="2", owner=BOLT)

    with pytest.raises(Exception, match="refused"):
        bring(fresh_server, first, second, found(client_id="3", owner=BOLT))
    assert names(fresh_server) == ["Acme Energy"]
    assert fresh_server.environment().applications.load("2") is None


def test_the_other_environment_knows_nothing_of_it(fresh_server: InProcessServer) -> None:
    bring(fresh_server, found())

    assert fresh_server.environment(TEST).applications.load("acme") is None
    assert not fresh_server.environment(TEST).state.has_imported


def test_a_client_id_that_is_there_twice_comes_in_once(fresh_server: InProcessServer) -> None:
    first, second = bring(fresh_server, found(), found(kept=Secret(OTHER["encoded"])))

    assert (first.state, second.state) == ("imported", "already there")
    assert "changed there" in second.notes[0]


def test_of_an_owner_with_many_applications_all_come_in_or_none(
    fresh_server: InProcessServer,
) -> None:
    many = [found(client_id=str(number)) for number in range(10_050)]
    with fresh_server.environment().database.write() as connection:
        connection.exec_driver_sql(
            "CREATE TRIGGER refuse BEFORE INSERT ON application WHEN new.client_id = '10049'"
            " BEGIN SELECT RAISE(ABORT, 'refused'); END"
        )
    with pytest.raises(Exception, match="refused"):
        bring(fresh_server, *many)
    assert names(fresh_server) == []
    with fresh_server.environment().database.write() as connection:
        connection.exec_driver_sql("DROP TRIGGER refuse")
    outcomes = bring(fresh_server, found(client_id="x", owner=BOLT), *many)

    assert {each.state for each in outcomes} == {"imported"}
    assert len({each.client_id for each in outcomes}) == 10_051
    assert sorted(names(fresh_server)) == ["Acme Energy", "Bolt"]


@pytest.mark.parametrize("dry_run", [False, True])
def test_where_new_applications_have_keys_none_comes_in_with_a_secret(
    fresh_server: InProcessServer, *, dry_run: bool
) -> None:
    bring(fresh_server, found(client_id="before"))
    with fresh_server.environment().database.write() as connection:
        policies.put(connection, EVERYBODY, StatedPolicy(new_applications="keys"))

    outcomes = bring(
        fresh_server, found(client_id="1"), found(client_id="2", owner=BOLT), dry_run=dry_run
    )

    assert [each.state for each in outcomes] == ["left out", "left out"]
    assert all("by the policy" in note for each in outcomes for note in each.notes)
    assert names(fresh_server) == ["Acme Energy"]


def test_an_organization_that_demands_keys_gets_no_secret_by_an_import(
    fresh_server: InProcessServer,
) -> None:
    (first,) = bring(fresh_server, found(client_id="before"))
    assert first.org_id
    with fresh_server.environment().database.write() as connection:
        policies.put(connection, first.org_id, StatedPolicy(new_applications="keys"))

    outcomes = bring(fresh_server, found(client_id="1"), found(client_id="2", owner=BOLT))

    assert [each.state for each in outcomes] == ["left out", "imported"]
