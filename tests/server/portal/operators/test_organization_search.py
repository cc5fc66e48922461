"""Organizations are found by their names after every operation that adds or changes one."""

import pytest

from gatepass.server.domain import organization_lifecycle
from gatepass.server.domain.audit.model import OPERATOR
from gatepass.server.domain.organizations.search import operations as searches
from gatepass.server.domain.organizations.search.model import State, Wanted
from gatepass.server.domain.organizations.search.names import operations as names
from gatepass.server.domain.users.initial_passwords import InitialPassword
from gatepass.server.environment import maintenance
from gatepass.wire.secret import Secret
from server.portal.fixtures import PortalServer

INITIAL = InitialPassword(Secret("unused"), "unused")


def found(portal: PortalServer, text: str, state: State | None = None) -> list[str]:
    context = portal.environment.context
    wanted = Wanted(text, state)
    with context.database.read() as connection:
        assert names.find(context.database, connection, wanted, None, 1) is not None
    page = searches.page(context, wanted, limit=50, after=None)
    return [each.name for each in page.organizations]


@pytest.mark.parametrize("is_indexed_between", [False, True])
def test_each_operation_is_followed_by_the_index(
    operated: PortalServer, *, is_indexed_between: bool
) -> None:
    context = operated.environment.context
    maintenance.index_names(operated.environment)

    def follow() -> None:
        if is_indexed_between:
            maintenance.index_names(operated.environment)

    made = organization_lifecycle.create_with_password(
        context, INITIAL, OPERATOR, "Zephyr Wind", "zoe"
    ).organization
    organization_lifecycle.create_with_password(context, INITIAL, OPERATOR, "Zephyr Solar", "sol")
    follow()
    assert sorted(found(operated, "zephyr")) == ["Zephyr Solar", "Zephyr Wind"]

    organization_lifecycle.rename(context, OPERATOR, made.id, "Borealis")
    organization_lifecycle.set_suspended(context, OPERATOR, made.id, suspended=True)
    follow()
    assert found(operated, "wind") == []
    assert found(operated, "borea", "suspended") == found(operated, "BOREA") == ["Borealis"]

    organization_lifecycle.set_suspended(context, OPERATOR, made.id, suspended=False)
    follow()
    assert found(operated, "borea", "suspended") == []
    assert found(operated, "borea", "active") == ["Borealis"]


def test_the_operators_own_organization_is_not_found(operated: PortalServer) -> None:
    context = operated.environment.context
    operating = operated.rows(
        "SELECT name FROM organization WHERE id = (SELECT org_id FROM operating_organization)"
    )[0][0]
    assert operating

    for _ in range(2):
        assert operating not in [
            each.name
            for each in searches.page(
                context, Wanted(operating), limit=50, after=None
            ).organizations
        ]
        maintenance.index_names(operated.environment)
    assert operating not in found(operated, operating)
