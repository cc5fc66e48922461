import pytest

from server_process import Server
from stories.partners.portal import Portal

ENVIRONMENTS = [("production", "sandbox"), ("sandbox", "production")]


@pytest.mark.parametrize(("own", "other"), ENVIRONMENTS)
def test_credentials_of_one_environment_are_nothing_in_the_other_and_the_log_says_why(
    fresh_server: Server, own: str, other: str
) -> None:
    organization = fresh_server.create_organization(environment=own)
    client_id, secret, _ = fresh_server.create_application(organization.org_id, environment=own)

    at_home = fresh_server.ask_token(client_id, secret, own)
    abroad = fresh_server.ask_token(client_id, secret, other)
    unknown = fresh_server.ask_token("nobody", "whatever", other)

    assert at_home.status == 200
    assert (abroad.status, abroad.body) == (unknown.status, unknown.body)
    assert (abroad.status, abroad.body["error"]) == (401, "invalid_client")
    reasons = [event["reason"] for event in fresh_server.events() if "reason" in event]
    assert f"{own} client id on {other}" in reasons
    assert own not in abroad.text


@pytest.mark.parametrize(("own", "other"), ENVIRONMENTS)
def test_a_token_of_one_environment_is_refused_with_401_by_the_other(
    server: Server, own: str, other: str
) -> None:
    admin = f"token-of-{own}"
    organization = server.create_organization(admin=admin, environment=own)
    client_id, secret, _ = server.create_application(organization.org_id, environment=own)
    token = server.ask_token(client_id, secret, own).body["access_token"]
    path = f"/api/partners/v2.0/org/{organization.org_id}"
    bearer = {"Authorization": f"Bearer {token}"}

    at_home = server.ask("GET", path, own, headers=bearer)
    abroad = server.ask("GET", path, other, headers=bearer)

    assert (at_home.status, abroad.status) == (200, 401)
    assert 'error="invalid_token"' in abroad.headers["www-authenticate"]


@pytest.mark.parametrize(("own", "other"), ENVIRONMENTS)
def test_a_person_and_a_session_of_one_environment_are_nothing_in_the_other(
    server: Server, own: str, other: str
) -> None:
    organization = server.create_organization(admin=f"person-of-{own}", environment=own)
    with Portal(server, own) as at_home, Portal(server, other) as abroad:
        at_home.begin(organization)
        stranger = abroad.log_in(organization.username, organization.initial_password)
        cookies = "; ".join(f"{name}={value}" for name, value in at_home.http.cookies.items())
        moved = abroad.http.get("/account/", headers={"Cookie": cookies})
        own_account = at_home.http.get("/account/")

    assert own_account.status_code == 200
    assert stranger.status_code != 303
    assert (moved.status_code, moved.headers["location"].split("?")[0]) == (
        303,
        "/accounts/login/",
    )
