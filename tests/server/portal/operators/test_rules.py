"""What operators may do to each other, by the operations that console and Admin API call."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest

from gatepass.server.domain.audit import store as audit
from gatepass.server.domain.organizations.search import operations as searches
from gatepass.server.domain.organizations.search.model import Wanted
from gatepass.server.domain.users.initial_passwords import InitialPassword
from gatepass.server.domain.users.model import InvalidField
from gatepass.server.domain.users.operators import operations
from gatepass.server.domain.users.operators.model import Operator, Roles, check_roles
from gatepass.wire.credential import Mode
from gatepass.wire.errors import OAuthError
from gatepass.wire.secret import Secret
from server.portal.fixtures import PortalServer
from server.portal.operators.people import add_operator

INITIAL = InitialPassword(Secret("unused"), "unused")
NOTHING: Roles = dict.fromkeys(Mode, frozenset())
OWNER = check_roles(["owner"], Mode)


def operator(portal: PortalServer, username: str) -> Operator:
    return operations.find_by_username(portal.environment.context, username)


def add(portal: PortalServer, granter: Operator, roles: Roles) -> None:
    operations.add(
        portal.environment.context,
        granter.actor("203.0.113.7"),
        granter,
        username="newcomer",
        email=None,
        roles=roles,
        initial=INITIAL,
        organization="",
    )


@pytest.mark.parametrize("granter", ["mara", "stan", "nico"])
def test_only_an_owner_adds_changes_disables_resets_and_removes_operators(
    operated: PortalServer, granter: str
) -> None:
    context, by = operated.environment.context, operator(operated, granter)
    actor, other = by.actor(), operator(operated, "stan" if granter == "mara" else "mara").user.id
    acts = (
        lambda: add(operated, by, check_roles(["account_manager"], Mode)),
        lambda: operations.set_roles(context, actor, by, by.user.id, OWNER),
        lambda: operations.set_roles(context, actor, by, other, NOTHING),
        lambda: operations.set_enabled(context, actor, by, other, enabled=False),
        lambda: operations.reset(context, actor, by, other, initial=INITIAL),
        lambda: operations.remove(context, actor, by, other),
    )
    before = operated.rows("SELECT * FROM person"), operated.rows("SELECT * FROM operator_role")

    for act in acts:
        with pytest.raises(OAuthError, match="owner") as refused:
            act()
        assert refused.value.status == 403

    after = operated.rows("SELECT * FROM person"), operated.rows("SELECT * FROM operator_role")
    assert after == before


def test_an_owner_of_the_sandbox_gives_no_role_in_production(operated: PortalServer) -> None:
    context, olga = operated.environment.context, operator(operated, "olga")
    of_sandbox: Roles = {Mode.LIVE: frozenset(), Mode.TEST: frozenset({"owner"})}
    stan = operations.set_roles(
        context, olga.actor(), olga, operator(operated, "stan").user.id, of_sandbox
    )

    with pytest.raises(OAuthError, match="production"):
        add(operated, stan, check_roles(["security"], Mode))
    with pytest.raises(OAuthError, match="production"):
        operations.reset(context, stan.actor(), stan, olga.user.id, initial=INITIAL)
    add(operated, stan, check_roles(["security"], [Mode.TEST]))

    assert operator(operated, "newcomer").roles == {Mode.TEST: {"security"}}


def test_a_role_that_was_taken_away_meanwhile_gives_nothing(operated: PortalServer) -> None:
    context, olga = operated.environment.context, operator(operated, "olga")
    ben = add_operator(operated, "ben", OWNER)
    operations.set_roles(context, olga.actor(), olga, ben.user.id, NOTHING)

    with pytest.raises(OAuthError, match="owner"):
        add(operated, ben, OWNER)


def test_an_owner_who_was_disabled_or_removed_meanwhile_gives_nothing(
    operated: PortalServer,
) -> None:
    context, olga = operated.environment.context, operator(operated, "olga")
    ben, cleo = add_operator(operated, "ben", OWNER), add_operator(operated, "cleo", OWNER)
    operations.set_enabled(context, olga.actor(), olga, ben.user.id, enabled=False)
    operations.remove(context, olga.actor(), olga, cleo.user.id)

    for gone in (ben, cleo):
        with pytest.raises(OAuthError, match="no operator any more"):
            add(operated, gone, OWNER)


def test_two_owners_who_remove_each_other_at_once_leave_one(operated: PortalServer) -> None:
    context = operated.environment.context
    olga, ben = operator(operated, "olga"), add_operator(operated, "ben", OWNER)
    together = Barrier(2)

    def remove(by: Operator, whose: Operator) -> str:
        together.wait()
        try:
            operations.remove(context, by.actor(), by, whose.user.id)
        except OAuthError:
            return "refused"
        return "removed"

    with ThreadPoolExecutor(2) as threads:
        done = [threads.submit(remove, *pair) for pair in ((olga, ben), (ben, olga))]
        outcomes = sorted(each.result() for each in done)

    assert outcomes == ["refused", "removed"]
    assert len([each for each in operations.list_all(context) if each.is_owner()]) == 1


def test_the_last_owner_cannot_be_removed_even_by_themselves(operated: PortalServer) -> None:
    context, olga = operated.environment.context, operator(operated, "olga")

    with pytest.raises(InvalidField, match="last owner"):
        operations.remove(context, olga.actor(), olga, olga.user.id)
    with pytest.raises(InvalidField, match="last owner"):
        operations.set_roles(context, olga.actor(), olga, olga.user.id, NOTHING)


def test_the_operators_trail_names_the_person_and_that_of_a_partner_does_not(
    operated: PortalServer,
) -> None:
    context, olga = operated.environment.context, operator(operated, "olga")
    add(operated, olga, check_roles(["security"], Mode))

    with context.database.read() as connection:
        [(_, entry), *_] = audit.every(connection, limit=1)
        [(_, as_organization), *_] = audit.page(connection, olga.user.org_id, limit=1)

    assert (entry.actor, entry.detail["operator"]) == ("operator", "olga")
    assert (entry.subject, entry.source) == ("newcomer", "203.0.113.7")
    assert "operator" not in as_organization.detail


def test_somebody_without_a_role_and_partners_people_are_no_operators(
    operated: PortalServer,
) -> None:
    context = operated.environment.context

    assert operations.find(context, operated.person("nico").id) is None
    assert operations.find(context, operated.person("anna").id) is None
    found = operations.find(context, operated.person("mara").id)
    assert found
    assert found.may(Mode.LIVE, "account_manager")
    assert not found.may(Mode.LIVE, "security", "owner")


def test_an_owner_may_do_what_the_other_roles_may_in_their_environment_alone(
    operated: PortalServer,
) -> None:
    of_sandbox = Operator(operated.person("olga"), {Mode.TEST: frozenset({"owner"})})

    assert of_sandbox.may(Mode.TEST, "account_manager")
    assert of_sandbox.may(Mode.TEST, "security")
    assert not of_sandbox.may(Mode.LIVE, "account_manager")
    assert of_sandbox.modes == (Mode.TEST,)


def test_a_search_of_organizations_does_not_find_the_operating_one(operated: PortalServer) -> None:
    context = operated.environment.context

    page = searches.page(context, Wanted(), limit=10, after=None)
    by_name = searches.page(context, Wanted("The Operator"), limit=10, after=None)

    assert {each.name for each in page.organizations} == {"Acme Energy", "Bolt Power"}
    assert by_name.organizations == []
