from datetime import datetime
from uuid import UUID

import pytest

from gatepass.server.domain.audit import store as audit
from gatepass.server.domain.audit.model import Entry
from gatepass.server.domain.users import operations as people
from server.partner_api.partner_client import Partner
from server.partner_api.test_portal_users import ALL, grant

_OPTIONAL = {
    "external_user_id": "crm-4711",
    "first_name": "Zoë",
    "last_name": "O'Hara-李",
    "street_and_number": "Hauptstraße 1",
    "street_add_info": "2nd floor",
    "zip_code": "10115",
    "town": "Berlin",
    "country_iso2": "DE",
}
_FIELDS = {"id", "org_id", "email", "pending_email", "role", "created_at", "updated_at", *_OPTIONAL}


def test_the_organization_is_shown(partner: Partner) -> None:
    shown = partner.call("GET", partner.org).json()

    organization = partner.created.organization
    assert (shown["id"], shown["name"]) == (str(organization.id), organization.name)
    assert datetime.fromisoformat(shown["created_at"]).tzinfo is not None


def test_a_created_user_is_as_sent_and_found_at_its_location(partner: Partner) -> None:
    sent = {"email": "zoe@example.com", "role": "staff", **_OPTIONAL}

    response = partner.call("POST", partner.users, json=sent)

    created = response.json()
    assert response.status_code == 201
    assert set(created) == _FIELDS
    assert created | sent == created
    assert created["org_id"] == str(partner.created.organization.id)
    assert created["created_at"] == created["updated_at"]
    assert partner.call("GET", response.headers["location"]).json() == created


def test_a_created_user_has_null_for_what_was_not_sent(partner: Partner) -> None:
    created = partner.add_user()

    assert {created[name] for name in _OPTIONAL} == {None}


def test_a_created_administrator_cannot_log_in_before_access_is_given(partner: Partner) -> None:
    created = partner.add_user(role="admin")

    person = people.find(partner.environment.context, UUID(created["org_id"]), UUID(created["id"]))

    assert (person.username, person.password_hash) == (None, None)


def test_people_with_portal_access_are_users_without_their_username(partner: Partner) -> None:
    shown = partner.call("GET", partner.administrator).json()

    assert set(shown) == _FIELDS
    assert (shown["role"], shown["email"]) == ("admin", None)


def test_put_replaces_and_makes_null_what_is_left_out(partner: Partner) -> None:
    user = partner.add_user(**_OPTIONAL)
    sent = {"email": "new@example.com", "role": "staff", "town": "Bonn"}

    response = partner.call("PUT", f"{partner.users}/{user['id']}", json=sent)

    replaced = response.json()
    assert response.status_code == 200
    assert replaced | sent == replaced
    assert {replaced[name] for name in _OPTIONAL if name != "town"} == {None}
    assert replaced["created_at"] == user["created_at"]
    assert partner.call("GET", f"{partner.users}/{user['id']}").json() == replaced


def test_put_to_an_unknown_id_creates_nothing(partner: Partner) -> None:
    unknown = f"{partner.users}/{partner.created.organization.id}"

    response = partner.call("PUT", unknown, json={"email": "a@example.com", "role": "user"})

    assert response.status_code == 404


@pytest.mark.spec("RFC 7396", "2")
@pytest.mark.parametrize("media_type", ["application/json", "application/merge-patch+json"])
def test_patch_changes_what_is_sent_and_null_removes(partner: Partner, media_type: str) -> None:
    user = partner.add_user(**_OPTIONAL)

    response = partner.call(
        "PATCH",
        f"{partner.users}/{user['id']}",
        content='{"town": "Bonn", "zip_code": null}',
        headers={"Content-Type": media_type},
    )

    changed = {
        **user,
        "town": "Bonn",
        "zip_code": None,
        "updated_at": response.json()["updated_at"],
    }
    assert response.status_code == 200
    assert response.json() == changed


def test_an_empty_patch_changes_nothing(partner: Partner) -> None:
    user = partner.add_user(**_OPTIONAL)

    assert partner.call("PATCH", f"{partner.users}/{user['id']}", json={}).json() == user


@pytest.mark.parametrize("name", ["email", "role"])
def test_patch_cannot_remove_what_is_required(partner: Partner, name: str) -> None:
    user = partner.add_user()

    response = partner.call("PATCH", f"{partner.users}/{user['id']}", json={name: None})

    assert response.status_code == 422
    assert [error["field"] for error in response.json()["errors"]] == [name]


def test_a_deleted_user_is_gone(partner: Partner) -> None:
    address = f"{partner.users}/{partner.add_user()['id']}"

    deleted = partner.call("DELETE", address)

    assert (deleted.status_code, deleted.content) == (204, b"")
    assert partner.call("GET", address).status_code == 404
    assert partner.call("DELETE", address).status_code == 404


@pytest.mark.parametrize("again", ["dup@example.com", "DUP@Example.com"])
def test_an_address_belongs_to_one_user_of_an_organization(partner: Partner, again: str) -> None:
    partner.add_user(email="dup@example.com")
    user = partner.add_user()
    sent = {"email": again, "role": "user"}
    one = f"{partner.users}/{user['id']}"

    responses = [
        partner.call("POST", partner.users, json=sent),
        partner.call("PUT", one, json=sent),
        partner.call("PATCH", one, json={"email": again}),
    ]

    assert {response.status_code for response in responses} == {409}
    assert {response.json()["errors"][0]["field"] for response in responses} == {"email"}
    assert partner.call("GET", one).json() == user


def test_a_user_keeps_their_own_address(partner: Partner) -> None:
    user = partner.add_user(email="same@example.com")

    response = partner.call(
        "PATCH", f"{partner.users}/{user['id']}", json={"email": "Same@example.com"}
    )

    assert response.json()["email"] == "Same@example.com"


def test_two_organizations_may_have_the_same_address(partner: Partner, other: Partner) -> None:
    partner.add_user(email="both@example.com")

    assert other.add_user(email="both@example.com")["email"] == "both@example.com"


@pytest.mark.parametrize(
    ("method", "sent"),
    [
        ("PATCH", {"role": "user"}),
        ("PUT", {"email": "anna@example.com", "role": "staff"}),
        ("DELETE", None),
    ],
)
def test_the_last_administrator_stays_one(
    partner: Partner, method: str, sent: dict[str, str] | None
) -> None:
    partner.add_user(role="admin")  # who has no portal access, so cannot administer
    grant(partner)

    response = partner.call(method, partner.administrator, ALL, json=sent)

    assert response.status_code == 409
    assert response.json()["errors"][0]["field"] == "role"
    assert partner.call("GET", partner.administrator).json()["role"] == "admin"


def test_the_last_administrator_can_be_given_an_address(partner: Partner) -> None:
    grant(partner)

    response = partner.call("PATCH", partner.administrator, ALL, json={"email": "anna@example.com"})

    assert (response.status_code, response.json()["role"]) == (200, "admin")
    assert (response.json()["email"], response.json()["pending_email"]) == (
        None,
        "anna@example.com",
    )


def test_every_change_is_in_the_audit_trail_with_who_and_from_where(partner: Partner) -> None:
    user = partner.add_user(email="told@example.com")
    address = f"{partner.users}/{user['id']}"
    partner.call("PATCH", address, json={"role": "staff", "town": "Bonn"})
    partner.call("DELETE", address)

    told = [entry for entry in _trail(partner) if entry.subject == "told@example.com"]

    assert [entry.action for entry in told] == [
        "person.deleted",
        "person.role_changed",
        "person.added",
    ]
    assert {(entry.actor, entry.source) for entry in told} == {("billing", "testclient")}
    assert told[1].detail == {"role": "staff", "fields": "town"}


def test_what_is_refused_changes_nothing_and_is_not_told_as_done(partner: Partner) -> None:
    before = _trail(partner)

    partner.call("DELETE", partner.administrator)
    partner.call("POST", partner.users, json={"email": "x", "role": "user"})

    # within one millisecond the order is not told
    (denied,) = (entry for entry in _trail(partner) if entry not in before)
    assert (denied.action, denied.result) == ("access.denied", "refused")
    assert all(entry in _trail(partner) for entry in before)


def _trail(partner: Partner) -> list[Entry]:
    with partner.environment.database.read() as connection:
        return [entry for _, entry in audit.page(connection, partner.created.organization.id)]


@pytest.mark.parametrize(
    "again",
    ["ZOE.O@stra\u00dfe.example", "\uff5aoe.o@strasse.example", "zo\uff45.o@STRASSE.example"],
)
def test_another_spelling_of_an_address_is_the_same_address(partner: Partner, again: str) -> None:
    partner.add_user(email="zoe.o@strasse.example")

    response = partner.call("POST", partner.users, json={"email": again, "role": "user"})
    found = partner.call("GET", partner.users, params={"email": again}).json()["items"]

    assert response.status_code == 409
    assert response.json()["errors"][0]["field"] == "email"
    assert [user["email"] for user in found] == ["zoe.o@strasse.example"]


def test_a_user_whose_address_another_spells_differently_since_before_is_changed_and_deleted(
    partner: Partner,
) -> None:
    """As migration 0009 leaves them: with the key of the version before."""
    partner.add_user(email="old@example.com")
    second = partner.add_user(email="second@example.com")
    with partner.environment.database.write() as connection:
        connection.exec_driver_sql(
            "UPDATE person SET email = '\uff4fld@example.com', email_key = '\uff4fld@example.com'"
            " WHERE email = 'second@example.com'"
        )
    path = f"{partner.users}/{second['id']}"
    shown = partner.call("GET", path).json()

    assert partner.call("PATCH", path, json={"town": "Bonn"}).status_code == 200
    same = {"email": shown["email"], "role": "user"}
    assert partner.call("PUT", path, json=same).status_code == 200
    assert partner.call("DELETE", path).status_code == 204
