"""People who log in to the portal: what `write` may not do to them, and `portal_users` may."""

from uuid import UUID

import pytest

from gatepass.server.domain.applications import operations as applications
from gatepass.server.domain.audit import store as audit
from gatepass.server.domain.audit.model import OPERATOR, Entry
from gatepass.server.domain.users import initial_passwords, portal_users
from gatepass.server.domain.users import operations as people
from gatepass.server.domain.users.model import InvalidField, User
from gatepass.server.domain.users.notices import operations as notices
from gatepass.server.domain.users.passwords.hashing import run
from gatepass.wire.scope import Scope
from server.partner_api.partner_client import Partner, join

ALL = "read write portal_users"
HARMS: list[tuple[str, dict[str, object] | None, list[str]]] = [
    ("PATCH", {"role": "user"}, ["role"]),
    ("PATCH", {"email": "eve@example.com"}, ["email"]),
    ("PATCH", {"email": "Nora@Example.com"}, ["email"]),
    ("PATCH", {"email": "eve@example.com", "role": "staff"}, ["email", "role"]),
    ("PATCH", {"first_name": "Eve", "role": "staff"}, ["role"]),
    ("PUT", {"email": "eve@example.com", "role": "admin"}, ["email"]),
    ("PUT", {"email": "nora@example.com", "role": "user"}, ["role"]),
    ("DELETE", None, ["user_id"]),
]


def add(partner: Partner, role: str = "admin", email: str | None = "nora@example.com") -> User:
    """Add somebody who logs in to the portal."""
    made, _ = initial_passwords.add_with_access(
        partner.environment.context,
        OPERATOR,
        partner.created.organization.id,
        username=f"nora-{partner.created.organization.id.hex[:12]}",
        email=email,
        role=role,
        initial=run(initial_passwords.new_password(partner.environment.hasher)),
    )
    return made


def grant(partner: Partner, scope: str = ALL) -> None:
    applications.change(
        partner.environment.context,
        OPERATOR,
        partner.registered.application.id,
        None,
        allowed=partner.environment.catalogue.everything,
        scope=Scope.parse(scope),
    )
    partner.tokens.clear()


def now(partner: Partner, person: User) -> User:
    return people.find(partner.environment.context, person.org_id, person.id)


def trail(partner: Partner) -> list[Entry]:
    with partner.environment.database.read() as connection:
        found = audit.page(connection, partner.created.organization.id)
    return [entry for _, entry in found]


@pytest.mark.spec("RFC 6750", "3.1")
@pytest.mark.spec("RFC 9457", "3")
@pytest.mark.parametrize(("method", "sent", "fields"), HARMS)
def test_write_alone_takes_over_nobody_who_logs_in(
    partner: Partner, method: str, sent: dict[str, object] | None, fields: list[str]
) -> None:
    nora = add(partner)

    response = partner.call(method, f"{partner.users}/{nora.id}", json=sent)

    problem, challenge = response.json(), response.headers["www-authenticate"]
    assert response.status_code == problem["status"] == 403
    assert response.headers["content-type"] == "application/problem+json"
    assert [error["field"] for error in problem["errors"]] == fields
    assert "portal_users" in problem["detail"]
    assert "administrator" in problem["detail"]
    assert 'error="insufficient_scope"' in challenge
    assert 'scope="write portal_users"' in challenge
    assert now(partner, nora) == nora


@pytest.mark.parametrize("state", ["disabled", "never logged in"])
def test_write_alone_changes_nobody_who_could_log_in_later(partner: Partner, state: str) -> None:
    nora = add(partner)
    if state == "disabled":
        people.set_enabled(
            partner.environment.context, OPERATOR, nora.org_id, nora.id, enabled=False
        )

    response = partner.call("PATCH", f"{partner.users}/{nora.id}", json={"role": "user"})

    assert response.status_code == 403


def test_write_alone_changes_everything_else_of_them(partner: Partner) -> None:
    nora = add(partner)
    one = f"{partner.users}/{nora.id}"
    rest = {"first_name": "Nora", "town": "Bonn", "external_user_id": "crm-1"}

    put = partner.call("PUT", one, json={"email": nora.email, "role": nora.role, **rest})
    patched = partner.call("PATCH", one, json={"email": nora.email, "last_name": "Ek"})

    assert (put.status_code, patched.status_code) == (200, 200)
    assert patched.json() == {
        **put.json(),
        **rest,
        "last_name": "Ek",
        "updated_at": patched.json()["updated_at"],
    }
    assert now(partner, nora).pending_email is None


@pytest.mark.parametrize("scope", ["read", "portal_users", "read portal_users"])
def test_portal_users_without_write_changes_nothing(partner: Partner, scope: str) -> None:
    nora = add(partner)
    grant(partner)

    response = partner.call("PATCH", f"{partner.users}/{nora.id}", scope, json={"role": "user"})

    assert response.status_code == 403
    assert 'scope="write"' in response.headers["www-authenticate"]
    assert now(partner, nora) == nora


@pytest.mark.parametrize("name", ["username", "password_hash", "password", "pending_email"])
def test_no_field_of_the_api_gives_access_to_the_portal(partner: Partner, name: str) -> None:
    grant(partner)
    sent = {"email": "eve@example.com", "role": "admin", name: "eve"}

    responses = [
        partner.call("POST", partner.users, ALL, json=sent),
        partner.call("PUT", partner.administrator, ALL, json=sent),
        partner.call("PATCH", partner.administrator, ALL, json={name: "eve"}),
    ]

    assert {response.status_code for response in responses} == {422}


def test_who_has_no_access_is_still_changed_and_deleted_with_write(partner: Partner) -> None:
    one = f"{partner.users}/{partner.add_user()['id']}"

    changed = partner.call("PATCH", one, json={"role": "admin", "email": "new@example.com"})

    assert (changed.json()["role"], changed.json()["email"]) == ("admin", "new@example.com")
    assert changed.json()["pending_email"] is None
    assert partner.call("DELETE", one).status_code == 204


def test_a_role_changed_with_the_scope_counts_at_once_and_its_person_is_told(
    partner: Partner,
) -> None:
    nora = add(partner)
    grant(partner)

    response = partner.call("PATCH", f"{partner.users}/{nora.id}", ALL, json={"role": "staff"})

    assert (response.status_code, response.json()["role"]) == (200, "staff")
    [told] = notices.of_user(partner.environment.context, nora.id)
    assert (told.kind, told.detail) == ("role_changed", "staff")
    assert told.by == 'the application "billing"'


@pytest.mark.parametrize("method", ["PUT", "PATCH"])
def test_a_new_address_with_the_scope_is_pending_and_its_person_is_told(
    partner: Partner, method: str
) -> None:
    nora = add(partner)
    grant(partner)
    sent = {"email": "new@example.com", "role": "admin"}

    response = partner.call(method, f"{partner.users}/{nora.id}", ALL, json=sent)

    shown = response.json()
    assert (shown["email"], shown["pending_email"]) == ("nora@example.com", "new@example.com")
    assert partner.call("GET", f"{partner.users}/{nora.id}").json() == shown
    by_new = partner.call("GET", partner.users, params={"email": "new@example.com"}).json()
    assert by_new["items"] == []
    [told] = notices.of_user(partner.environment.context, nora.id)
    assert (told.kind, told.detail) == ("email_requested", "new@example.com")
    requested = next(entry for entry in trail(partner) if entry.action == "person.email_requested")
    assert (requested.actor, requested.subject) == ("billing", nora.username)
    assert requested.detail == {"email": "new@example.com"}


def test_to_send_the_address_in_force_leaves_the_pending_one(partner: Partner) -> None:
    nora = add(partner)
    grant(partner)
    one = f"{partner.users}/{nora.id}"
    partner.call("PATCH", one, ALL, json={"email": "new@example.com"})

    again = partner.call("PUT", one, "read write", json={"email": nora.email, "role": "admin"})

    assert (again.status_code, again.json()["pending_email"]) == (200, "new@example.com")


def test_asking_twice_tells_once_and_another_address_takes_the_place(partner: Partner) -> None:
    nora = add(partner)
    grant(partner)
    for email in ("new@example.com", "new@example.com", "newer@example.com"):
        partner.call("PATCH", f"{partner.users}/{nora.id}", ALL, json={"email": email})

    [told] = notices.of_user(partner.environment.context, nora.id)
    assert told.detail == now(partner, nora).pending_email == "newer@example.com"
    actions = [entry.action for entry in trail(partner)]
    assert actions.count("person.email_requested") == 2


def test_a_pending_address_that_somebody_has_by_now_cannot_be_confirmed(partner: Partner) -> None:
    nora = add(partner)
    grant(partner)
    partner.call("PATCH", f"{partner.users}/{nora.id}", ALL, json={"email": "new@example.com"})
    partner.add_user(email="New@Example.com")

    with pytest.raises(InvalidField) as refused:
        portal_users.confirm_email(
            partner.environment.context, OPERATOR, nora.org_id, nora.id, "new@example.com"
        )

    assert (refused.value.status, refused.value.field) == (409, "email")
    assert now(partner, nora).email == "nora@example.com"


def test_an_address_that_somebody_has_cannot_be_asked_for(partner: Partner) -> None:
    nora = add(partner)
    grant(partner)
    taken = partner.add_user()["email"]

    response = partner.call("PATCH", f"{partner.users}/{nora.id}", ALL, json={"email": taken})

    assert response.status_code == 409
    assert now(partner, nora).pending_email is None


def test_the_scope_deletes_a_person_with_their_sessions_and_notices(partner: Partner) -> None:
    nora = add(partner)
    grant(partner)
    one = f"{partner.users}/{nora.id}"
    partner.call("PATCH", one, ALL, json={"role": "staff"})

    assert partner.call("DELETE", one, ALL).status_code == 204
    assert partner.call("GET", one).status_code == 404
    assert notices.of_user(partner.environment.context, nora.id) == []


def test_a_token_without_a_scope_asked_for_has_it_only_by_a_grant(partner: Partner) -> None:
    def scope() -> list[str]:
        application = partner.registered.application
        response = partner.http.post(
            "/oauth2/token/",
            data={"grant_type": "client_credentials"},
            auth=(application.client_id, partner.registered.secret.value),
        )
        return sorted(response.json()["scope"].split())

    before = scope()
    grant(partner)

    assert before == ["read", "write"]
    assert scope() == ["portal_users", "read", "write"]


def test_to_take_the_scope_away_ends_it_at_once_and_for_good(partner: Partner) -> None:
    nora = add(partner)
    grant(partner)
    old = partner.token(ALL)
    grant(partner, "read write")
    partner.tokens[ALL] = old

    refused = partner.call("PATCH", f"{partner.users}/{nora.id}", ALL, json={"role": "user"})
    grant(partner)
    partner.tokens[ALL] = old
    still = partner.call("PATCH", f"{partner.users}/{nora.id}", ALL, json={"role": "user"})

    assert (refused.status_code, still.status_code) == (401, 401)
    assert now(partner, nora).role == "admin"


def test_another_organizations_people_stay_not_found(partner: Partner, other: Partner) -> None:
    nora = add(other)
    grant(partner)

    response = partner.call("DELETE", f"{partner.users}/{nora.id}", ALL)

    assert response.status_code == 404


def test_the_document_names_the_scope_and_the_pending_address(partner: Partner) -> None:
    document = partner.http.get("/api/partners/v2.0/openapi.json").json()

    assert "portal_users" in document["info"]["description"]
    user = document["components"]["schemas"]["User"]["properties"]
    assert "confirm" in user["pending_email"]["description"]
    for method in ("put", "patch", "delete"):
        call = document["paths"]["/org/{org_id}/users/{user_id}"][method]
        assert "portal_users" in call["description"]


def test_an_application_in_the_sandbox_has_it_no_more_than_elsewhere(sandboxed: Partner) -> None:
    again = join(sandboxed.http, sandboxed.environment)

    for each in (sandboxed, again):
        assert "portal_users" not in each.registered.application.scope
        nora = add(each)
        response = each.call("DELETE", f"{each.users}/{UUID(str(nora.id))}")
        assert response.status_code == 403
