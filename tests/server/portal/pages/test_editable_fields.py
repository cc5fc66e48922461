"""The table of editable fields: one entry is read by operations, portal and command line."""

from datetime import UTC, datetime

import pytest
from click.testing import CliRunner

from gatepass.server.cli.application.settings import set_command
from gatepass.server.domain.applications import operations
from gatepass.server.domain.applications.fields import table
from gatepass.server.domain.applications.fields.model import Field, FieldGroup
from gatepass.server.domain.audit.model import OPERATOR, Actor, Entry
from gatepass.server.domain.names import tidy
from gatepass.server.portal.pages import activity
from gatepass.server.portal.routes import ROUTES
from gatepass.wire.errors import OAuthError
from gatepass.wire.scope import Scope
from server.portal.fixtures import PortalServer

COST_CENTER = FieldGroup(
    path="cost-center/",
    action="application.cost_center",
    activity="Set the cost center to {cost_center}",
    done="The cost center is changed.",
    fields=(
        Field(
            name="created_by",  # a column that exists, in place of a new one
            label="Cost center",
            option="--cost-center",
            detail="cost_center",
            help="Where its costs are booked.",
            check=tidy,
        ),
    ),
)


@pytest.fixture
def extended(monkeypatch: pytest.MonkeyPatch) -> tuple[FieldGroup, ...]:
    """Add a field to the table."""
    groups = (*table.GROUPS, COST_CENTER)
    monkeypatch.setattr(table, "GROUPS", groups)
    return groups


def test_a_new_field_is_an_option_of_application_set(extended: tuple[FieldGroup, ...]) -> None:
    shown = CliRunner().invoke(set_command(extended), ["--help"])

    assert "--cost-center TEXT" in shown.output
    assert "Where its costs are booked." in shown.output


@pytest.mark.usefixtures("extended")
def test_a_new_field_is_a_form_and_a_fact_of_the_portal(portal: PortalServer) -> None:
    browser = portal.as_("anna")
    path = browser.register()

    page = browser.get(path + "settings/").text

    assert f'action="{path}cost-center/"' in page
    assert '<label for="created_by">Cost center <span class="optional">optional</span>' in page
    assert "Where its costs are booked." in page
    assert "<dt>Cost center</dt>" in browser.get(path).text


@pytest.mark.usefixtures("extended")
def test_a_new_field_is_checked_stored_and_recorded(portal: PortalServer) -> None:
    portal.as_("anna").register()
    app_id = operations.of_organization(portal.environment.context, portal.person("anna").org_id)[
        0
    ].id

    operations.change(
        portal.environment.context, OPERATOR, app_id, None, created_by="  4711 ", name="Billing"
    )

    found = operations.find(portal.environment.context, app_id, None)
    assert (found.created_by, found.name) == ("4711", "Billing")
    assert portal.actions()[-2:] == ["application.renamed", "application.cost_center"]


def test_where_one_value_is_invalid_none_is_stored(portal: PortalServer) -> None:
    portal.as_("anna").register()
    before = operations.of_organization(portal.environment.context, portal.person("anna").org_id)[0]

    wrongs = ({"token_lifetime": 1}, {"rate_limit_mode": "warn"}, {"scope": Scope(("admin",))})
    for wrong in wrongs:
        with pytest.raises(OAuthError):
            operations.change(
                portal.environment.context, OPERATOR, before.id, None, name="New", **wrong
            )

    assert operations.find(portal.environment.context, before.id, None) == before


def test_only_the_operator_sets_the_scope_by_this_operation(portal: PortalServer) -> None:
    portal.as_("anna").register()
    anna = portal.person("anna")
    found = operations.of_organization(portal.environment.context, anna.org_id)[0]

    with pytest.raises(OAuthError) as caught:
        operations.change(
            portal.environment.context, Actor("anna"), found.id, anna.org_id, scope=Scope(("read",))
        )

    assert caught.value.status == 403
    assert operations.find(portal.environment.context, found.id, None) == found


def test_a_field_that_is_not_in_the_table_is_a_bug(portal: PortalServer) -> None:
    portal.as_("anna").register()
    found = operations.of_organization(portal.environment.context, portal.person("anna").org_id)[0]

    with pytest.raises(TypeError):
        operations.change(portal.environment.context, OPERATOR, found.id, None, client_id="x")


@pytest.mark.parametrize("group", table.GROUPS, ids=lambda group: group.action)
def test_every_group_has_a_page_function_and_words_on_the_activity_page(group: FieldGroup) -> None:
    paths = {route.path for route in ROUTES if route.method == "POST"}

    assert f"/oauth2/applications/{{app_id:uuid}}/{group.path}" in paths
    details = {field.detail or field.name: "1" for field in group.fields}
    entry = Entry(datetime(2026, 1, 1, tzinfo=UTC), None, "anna", group.action, detail=details)
    assert activity.in_words(entry) == group.activity.format_map(details)
