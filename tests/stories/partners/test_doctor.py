"""The doctor before the real server: what is well, and credentials of the other environment."""

import json

import pytest

from commands import Ran, run
from server_process import Credentials, Server


def check(credentials: Credentials, token_url: str, *words: str) -> Ran:
    variables = {
        "GATEPASS_TOKEN_URL": token_url,
        "GATEPASS_CLIENT_ID": credentials.client_id,
        "GATEPASS_CLIENT_SECRET": credentials.client_secret,
        "GATEPASS_SCOPE": "read",
    }
    ran = run("check", *words, variables=variables)
    assert credentials.client_secret not in ran.out + ran.err
    return ran


@pytest.mark.parametrize(("own", "other"), [("production", "sandbox"), ("sandbox", "production")])
def test_the_doctor_finds_nothing_at_home_and_a_mix_up_of_the_environments_abroad(
    server: Server, own: str, other: str
) -> None:
    organization = server.create_organization(admin=f"doctor-of-{own}", environment=own)
    credentials = server.create_application(organization.org_id, environment=own)

    at_home = check(credentials, credentials.token_url, "--json")
    abroad = check(credentials, server.url(other) + "/oauth2/token/")

    outcomes = {line["check"]: line["outcome"] for line in json.loads(at_home.out)}
    assert (at_home.status, at_home.err) == (0, "")
    assert outcomes.pop("tls") == "skipped"
    assert set(outcomes.values()) == {"ok"}
    assert abroad.status == 1
    named = {"production": "production", "sandbox": "the sandbox"}
    said = (
        f"\u2717 environment: the credentials are for {named[own]} and localhost is {named[other]}"
    )
    assert said in abroad.out
    assert "\u2717 token: the token endpoint refused with invalid_client" in abroad.out
